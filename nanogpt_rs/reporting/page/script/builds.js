// In how many builds something compiled was measured, how far builds differ, and what ranks claim.
// Python has read both from the records: `overBuilds` and `rank` of each cell.

/** Formats a range of times, with one unit where both ends have the same. */
function durationRange([shortest, longest]) {
  const [first, last] = [duration(shortest), duration(longest)];
  const [number, unit] = first.split(" ");
  return `${last.endsWith(` ${unit}`) ? number : first} to ${last}`;
}

const numberOfBuilds = (number) => (number === 1 ? "one build" : `${count(number)} builds`);

/** Words the fastest and the slowest build of a cell, or that it has one; empty for Python. */
function fastestToSlowest({ overBuilds }) {
  if (!overBuilds) return "";
  const { number, seconds } = overBuilds;
  return seconds ? durationRange(seconds) : numberOfBuilds(number);
}

/** Words the same with the number of builds. */
function buildsWords(cell) {
  const words = fastestToSlowest(cell);
  const { number, seconds } = cell.overBuilds || {};
  return seconds ? `${words} in ${numberOfBuilds(number)}` : words;
}

/** Adds the builds of a cell to a sentence about it. */
const andBuilds = (cell) => (cell.overBuilds ? `; ${buildsWords(cell)}` : "");

/** Shows the fastest and the slowest build in a line of its own below a number. */
const buildsLine = (cell) =>
  cell.overBuilds
    ? h("span", { class: "builds", title: buildsWords(cell) }, fastestToSlowest(cell))
    : null;

/** Shows the time of one call and, below it, the builds. */
const callTime = (cell) => [duration(cell.seconds), buildsLine(cell)];

/**
 * Computes which speed-ups the slowest and the fastest build had, by their times.
 * @returns {?Array} Null where there is no valid speed-up, or one build.
 */
function spreadOf(cell, result) {
  const range = cell.overBuilds?.seconds;
  if (!range || !result?.ratio || result.verdict === "invalid") return null;
  const [fast, slow] = range.map((seconds) => (result.ratio * cell.seconds) / seconds);
  return [slow, fast];
}

/** Explains what a build is and what one or several of them allow to say; null without Rust. */
function aboutBuilds(cells) {
  const compiled = timed(cells).filter((cell) => cell.overBuilds);
  if (!compiled.length) return null;
  const single = compiled.filter((cell) => cell.overBuilds.number === 1);
  const why =
    "A build is the Rust module, compiled and linked once. Where it puts code and data in memory " +
    "can change a time by half, so what one build shows need not hold after a rebuild. ";
  if (single.length === compiled.length) {
    return note(why, "Here one build was measured: ranks and verdicts hold for that build alone.");
  }
  const below = "Below each Rust time stand its fastest and its slowest build";
  if (!single.length) return explained(why, `${below}; intervals cover how far builds differ.`);
  return note(
    why,
    `${below}, and intervals cover how far builds differ. The ranks and verdicts of a row that `,
    "says “one build” hold for that build alone.",
  );
}

// --- ranks ---

/** Words a rank, such as 2 or 1–3; empty for a limit. */
const rankWords = ({ rank }) => (rank ? unique(rank).join("–") : "");

/** Explains a rank that is a range of places. */
const rankReason = ({ rank }) =>
  rank && rank[0] < rank[1]
    ? `This run cannot tell which of the places ${rank[0]} to ${rank[1]} it has`
    : null;

/** Says how many others are not told apart from an implementation; nothing where all are. */
function mayBeAsFast({ rank }) {
  const others = rank ? rank[1] - rank[0] : 0;
  return others ? `${plural(others, "other", "others")} may be as fast` : null;
}
