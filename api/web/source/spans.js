import { t } from "../words/language.js";

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

/** A function that gives the UTF-16 index of offsets, fast as long as they grow; past the end it gives the end. */
export function cursor(text) {
  let last = { offset: 0, index: 0 };
  return (offset) => {
    const from = offset < last.offset ? { offset: 0, index: 0 } : last;
    const index = advance(text, offset - from.offset, from.index);
    if (index < 0) return text.length;
    last = { offset, index };
    return index;
  };
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
function relativeTo(span, outer) {
  return { start: span.start - outer.start, end: span.end - outer.start };
}

/** The sentence of an answer as [before, answer, after]; the answer alone where it does not lie within one. */
export function inSentence({ text, span, sentence }) {
  const range = sentence ? exactRange(sentence.text, relativeTo(span, sentence), text) : null;
  return range === null ? ["", text, ""] : [sentence.text.slice(0, range.from), text, sentence.text.slice(range.to)];
}

const BANDS = [
  { from: 0.9, words: "veryLikely", level: 4 },
  { from: 0.7, words: "likely", level: 3 },
  { from: 0.5, words: "plausible", level: 2 },
  { from: -Infinity, words: "unlikely", level: 1 },
];

/** A confidence as people read it: words, a level from 1 to 4, and a percentage. */
export function describeConfidence(confidence) {
  const { words, level } = BANDS.find((band) => confidence >= band.from) ?? BANDS.at(-1);
  return { words: t(words), level, percent: percentage(confidence) };
}

// Rounding must not promise certainty: 0.997 is not "100%".
function percentage(confidence) {
  if (confidence > 0.99 && confidence < 1) return t("overPercent", 99);
  if (confidence < 0.01 && confidence > 0) return t("underPercent", 1);
  return t("percent", Math.round(confidence * 100));
}
