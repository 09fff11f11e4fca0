// Numbers as words: times, ratios, rates and sizes, each with as many digits as a reader can use.

const PREFIXES = [
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
];

const count = (number) => number.toLocaleString("en-US");
const plural = (number, singular, several) =>
  `${count(number)} ${number === 1 ? singular : several}`;

/** Rounds a number to so many significant digits. */
const rounded = (number, most) => Number(number.toPrecision(most));

/** Formats a number with so many decimal places, and never as a minus zero. */
function fixed(number, places) {
  const words = Math.abs(number).toFixed(Math.min(places, 100));
  const [whole, part] = words.split(".");
  const sign = number < 0 && Number(words) ? "-" : "";
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
}

/** Counts the decimal places that give a number so many significant digits. */
function significantPlaces(number, most) {
  if (number === 0) return 0;
  return Math.max(0, most - 1 - Number(number.toExponential(most - 1).split("e")[1]));
}

/** Formats a number with so many significant digits and without an exponent. */
const digits = (number, most) => fixed(rounded(number, most), significantPlaces(number, most));

/** Finds the first of these units that a number reaches, or the last. */
function unitOf(number, units) {
  const reached = Math.abs(rounded(number, 3));
  return units.find(([, scale]) => reached >= scale) ?? units.at(-1);
}

/** Formats a number and its interval, if it has one, in one unit and with the same places. */
function withInterval(number, interval, units, most = 3) {
  if (!interval) {
    const [unit, scale] = unitOf(number, units);
    return `${digits(number / scale, most)} ${unit}`;
  }
  const reach = Math.max(Math.abs(number), ...interval.map((bound) => Math.abs(bound) / 1000));
  const [unit, scale] = unitOf(reach, units);
  const places = significantPlaces(reach / scale, most);
  const bounds = interval.map((bound) => fixed(bound / scale, places)).join(", ");
  return `${fixed(number / scale, places)} ${unit} [${bounds}]`;
}

const DURATIONS = [
  ["s", 1],
  ["ms", 1e-3],
  ["µs", 1e-6],
  ["ns", 1e-9],
];

/** Formats a time in seconds with the unit that suits it, and its interval in the same unit. */
const duration = (seconds, interval) => withInterval(seconds, interval, DURATIONS);

const realMinus = (words) => words.replaceAll("-", "−");

/** Formats a time that may be negative, with a real minus sign. */
const signedDuration = (seconds, interval) => realMinus(duration(seconds, interval));

/** Counts the decimal places of a ratio: three from 0.1 up to 2, otherwise three digits. */
function ratioPlaces(ratio) {
  const reached = Math.abs(rounded(ratio, 3));
  if (reached === 0 || (reached >= 0.1 && reached < 2)) return 3;
  return significantPlaces(reached, 3);
}

/** Formats a ratio of two times. */
const times = (ratio) => fixed(ratio, ratioPlaces(ratio));

/** Formats the bounds of a ratio with its decimal places. */
const boundWords = ({ ratio, interval }) =>
  interval.map((bound) => fixed(bound, ratioPlaces(ratio)));

/** Formats the interval of a ratio; nothing where none was measured. */
const bracket = (result) => (result.interval ? `[${boundWords(result).join(", ")}]` : "");

/** Formats a share to two digits, and its interval with the same decimal places. */
const percent = (part, interval) =>
  withInterval(part, interval, [["%", 0.01]], 2).replace(" %", "\u00a0%");
const signedPercent = (part, interval) => realMinus(percent(part, interval));

/** Formats a throughput in characters per second. */
const rate = (perSecond) =>
  `${withInterval(perSecond, null, [...PREFIXES, ["", 1]]).trim()} chars/s`.replace(
    /(?<=[GMk]) /,
    "",
  );

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
