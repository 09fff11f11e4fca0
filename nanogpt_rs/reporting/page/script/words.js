// Numbers as words: times, ratios, rates and sizes, each with as many digits as a reader can use.

const PREFIXES = [
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
];

const count = (number) => number.toLocaleString("en-US");
const plural = (number, singular, several) =>
  `${count(number)} ${number === 1 ? singular : several}`;

/** Formats a number with so many significant digits and without an exponent. */
function digits(number, significant) {
  if (number === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(number)));
  const places = Math.max(0, significant - 1 - magnitude);
  return places > 12 ? number.toPrecision(significant) : number.toFixed(Math.min(places, 12));
}

/** Formats a time in seconds with the unit that suits it. */
function duration(seconds) {
  const units = [
    ["s", 1],
    ["ms", 1e-3],
    ["µs", 1e-6],
  ];
  for (const [unit, scale] of units) {
    if (Math.abs(seconds) >= scale) return `${digits(seconds / scale, 3)} ${unit}`;
  }
  return `${digits(seconds / 1e-9, 3)} ns`;
}

/** Formats a time that may be negative, with a real minus sign. */
const signedDuration = (seconds) => (seconds < 0 ? `−${duration(-seconds)}` : duration(seconds));

/** Formats a ratio of two times. */
function times(ratio) {
  if (ratio >= 100) return ratio.toFixed(0);
  if (ratio >= 10) return ratio.toFixed(1);
  return ratio >= 0.1 ? ratio.toFixed(2) : digits(ratio, 2);
}

/** Formats an interval of ratios; nothing where none was measured. */
const bracket = (interval) => (interval ? `[${times(interval[0])}, ${times(interval[1])}]` : "");

const percent = (part) => `${digits(part * 100, 2)}\u00a0%`;
const signedPercent = (part) => (part < 0 ? `−${percent(-part)}` : percent(part));

/** Formats a throughput in characters per second. */
function rate(perSecond) {
  for (const [prefix, scale] of PREFIXES) {
    if (perSecond >= scale) return `${digits(perSecond / scale, 3)} ${prefix}chars/s`;
  }
  return `${digits(perSecond, 3)} chars/s`;
}

/** Formats a number of characters, short enough for an axis. */
function size(characters) {
  for (const [prefix, scale] of PREFIXES) {
    const scaled = characters / scale;
    if (scaled >= 1) return `${digits(scaled, scaled >= 100 ? 3 : 2)} ${prefix}`;
  }
  return String(characters);
}

const bytes = (number) =>
  number >= 1e6 ? `${digits(number / 1e6, 3)} MB` : `${digits(number / 1e3, 3)} kB`;

/** Formats a value beside an axis, with no more digits than it needs. */
const plainNumber = (value) =>
  value >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(2)));

/** Computes the median. */
function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Formats a commit, and says when there were changes that no commit holds. */
const commitWords = (commit, dirty) =>
  `commit ${String(commit).slice(0, 8)}${dirty ? " with uncommitted changes" : ""}`;
