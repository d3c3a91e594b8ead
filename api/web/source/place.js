import { citation, copyFrom } from "../talk/citation.js";
import { byId } from "../frame/dom.js";
import { teach } from "../talk/feedback.js";
import { records } from "../talk/conversations.js";
import { t } from "../words/language.js";
import { spanLink } from "../frame/links.js";
import { codePointSpan } from "./spans.js";

/*
 * The place in the source that can be quoted, linked to, or named as the answer: what is selected in the text, else
 * what is highlighted.
 */

const MOST_CHARACTERS = 10_000;
const body = byId("source-text");
const bar = byId("place");
let shown = null;

/** Offer what can be done with what the pane shows: {document, text, highlighted, record, selectable}. */
export function offerPlace(place) {
  shown = place;
  paint();
}

/** Nothing is shown. */
export function withdrawPlace() {
  shown = null;
  paint();
}

export function startPlace() {
  document.addEventListener("selectionchange", paint);
  body.addEventListener("keydown", extendFromHighlight);
  // pressing a button must not take the selection away
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  byId("place-copy").addEventListener("click", (event) => copyFrom(event.currentTarget, citation(current())));
  byId("place-link").addEventListener("click", (event) => {
    copyFrom(event.currentTarget, spanLink(current()));
  });
  byId("place-teach").addEventListener("click", async () => {
    byId("place-words").textContent = await teach(question(), current());
  });
}

// With Shift and an arrow key, what is highlighted becomes a selection that goes on growing or shrinking.
function extendFromHighlight(event) {
  if (!event.shiftKey || !event.key.startsWith("Arrow") || selectedRange() !== null) return;
  const highlight = body.querySelector("mark") ?? body.querySelector(".passage");
  if (highlight) getSelection().selectAllChildren(highlight);
}

/** The selected part of the stored text, as a range in UTF-16 units without blanks at its ends; null for none. */
function selectedRange() {
  const selection = getSelection();
  if (!shown?.selectable || selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(body)) return null;
  // what stands between these is not a part of the text
  const parts = [...body.querySelectorAll("[data-from]")].filter((part) => range.intersectsNode(part));
  if (parts.length === 0) return null;
  const from = indexIn(parts[0], range.startContainer, range.startOffset, 0);
  const last = parts.at(-1);
  const to = indexIn(last, range.endContainer, range.endOffset, last.textContent.length);
  const words = shown.text.slice(from, to);
  if (words.trim() === "") return null;
  const start = from + words.length - words.trimStart().length;
  return { from: start, to: start + words.trim().length };
}

/** Where a boundary of a selection lies in the text; one outside of the part is at `otherwise` in it. */
function indexIn(part, node, offset, otherwise) {
  const from = Number(part.dataset.from);
  if (!part.contains(node)) return from + otherwise;
  const before = document.createRange();
  before.selectNodeContents(part);
  before.setEnd(node, offset);
  return from + before.toString().length;
}

function current() {
  const range = selectedRange();
  const { document, highlighted, text } = shown;
  if (range === null) return { document, ...highlighted };
  return { document, text: text.slice(range.from, range.to), span: codePointSpan(text, range) };
}

/** The record whose answer is looked for: that which the pane was opened from, else the newest. */
function question() {
  return shown.record ?? records().at(-1) ?? null;
}

function paint() {
  const range = selectedRange();
  const words = range ? shown.text.slice(range.from, range.to) : (shown?.highlighted?.text ?? "");
  const usable = words !== "" && words.length <= MOST_CHARACTERS;
  const asked = usable ? question() : null;
  byId("place-words").textContent = hint(words, usable, range !== null);
  byId("place-copy").hidden = byId("place-link").hidden = !usable;
  byId("place-teach").hidden = asked === null;
  byId("place-teach").title = asked === null ? "" : t("answerTo", asked.question);
  bar.hidden = shown === null;
}

function hint(words, usable, selected) {
  if (words === "") return t(shown?.selectable ? "selectText" : "selectElsewhere");
  if (!usable) return t("tooMuch");
  const short = words.length > 60 ? `${Array.from(words).slice(0, 60).join("")}…` : words;
  return t(selected ? "selected" : "highlighted", short.replace(/\s+/g, " "));
}
