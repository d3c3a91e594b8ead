import { t } from "../words/language.js";
import { exactRange, utf16Range } from "./spans.js";

/**
 * Hold a target against the text as the server has it now: {text, sha256, quote, passage, verdict}. The ranges are in
 * UTF-16 units, null where nothing is to be highlighted; the verdict is a kind and words.
 */
export function check(target, { text, sha256 }) {
  const range = target.kind === "document" ? null : rangeOf(target, text);
  const verdict = verdictOn(target, range, hasChanged(target, sha256));
  const outer = target.passage ? utf16Range(text, target.passage) : null;
  const holds = outer !== null && range !== null && outer.from <= range.from && range.to <= outer.to;
  const isPassage = target.kind === "passage";
  const passage = isPassage ? range : holds ? outer : null;
  return { text, sha256, range, quote: isPassage ? null : range, passage, verdict };
}

function rangeOf({ kind, span, text }, stored) {
  const range = kind === "link" ? utf16Range(stored, span) : exactRange(stored, span, text);
  return range && range.from < range.to ? range : null;
}

function hasChanged({ kind, sha256, document }, now) {
  if (kind === "link") return !now.startsWith(sha256);
  return Boolean(document.sha256 && now && now !== document.sha256);
}

function verdictOn({ kind }, range, changed) {
  if (kind === "document") return ["plain", ""];
  if (range === null) return ["bad", t(changed ? "changedNothingShown" : "mismatch")];
  if (kind === "link") return changed ? ["bad", t("changedSinceLinked")] : ["good", t("linkedHighlighted")];
  return changed ? ["bad", t("changedSameWords")] : ["good", t("matches")];
}
