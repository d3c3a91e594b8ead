/*
 * The API counts Unicode code points, JavaScript strings count UTF-16 units: after one emoji the two
 * disagree. Every offset of the API must pass through here before it touches a string.
 */

/** The UTF-16 index that lies `count` code points after `from`, or -1 past the end of the text. */
function advance(text, count, from) {
  let index = from;
  for (let left = count; left > 0; left -= 1) {
    if (index >= text.length) return -1;
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/** The UTF-16 range of a half-open code point span, or null when the text is too short for it. */
export function utf16Range(text, { start, end }) {
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end)) return null;
  const from = advance(text, start, 0);
  const to = from < 0 ? -1 : advance(text, end - start, from);
  return to < 0 ? null : { from, to };
}

/** The UTF-16 range of a span whose text is exactly `expected`; null means: do not highlight. */
export function exactRange(text, span, expected) {
  const range = utf16Range(text, span);
  return range !== null && text.slice(range.from, range.to) === expected ? range : null;
}

/** The half-open code point span of a UTF-16 range; half a character counts as the whole one. */
export function codePointSpan(text, { from, to }) {
  const low = splitsPair(text, from) ? from - 1 : from;
  const high = splitsPair(text, to) ? to + 1 : to;
  const start = codePoints(text, 0, low);
  return { start, end: start + codePoints(text, low, high) };
}

function codePoints(text, from, to) {
  let count = 0;
  for (let index = from; index < to; count += 1) index += text.codePointAt(index) > 0xffff ? 2 : 1;
  return count;
}

function splitsPair(text, index) {
  return index > 0 && index < text.length && text.codePointAt(index - 1) > 0xffff;
}

/** A span counted from the start of another one. */
export function relativeTo(span, outer) {
  return { start: span.start - outer.start, end: span.end - outer.start };
}

const BANDS = [
  { from: 0.9, words: "Very likely", level: 4 },
  { from: 0.7, words: "Likely", level: 3 },
  { from: 0.5, words: "Plausible", level: 2 },
  { from: -Infinity, words: "Unsure", level: 1 },
];

/** A confidence as people read it: words, a level from 1 to 4, and a percentage. */
export function describeConfidence(confidence) {
  const { words, level } = BANDS.find((band) => confidence >= band.from) ?? BANDS.at(-1);
  return { words, level, percent: percentage(confidence) };
}

// Rounding must not promise certainty: 0.997 is not "100%".
function percentage(confidence) {
  if (confidence > 0.99 && confidence < 1) return "over 99%";
  if (confidence < 0.01 && confidence > 0) return "under 1%";
  return `${Math.round(confidence * 100)}%`;
}

const numbers = new Intl.NumberFormat("en-GB");

/** "1 passage", "6,980 characters" */
export function count(number, noun) {
  return `${numbers.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** "characters 1,521–1,528" */
export function describeSpan({ start, end }) {
  return `characters ${numbers.format(start)}–${numbers.format(end)}`;
}
