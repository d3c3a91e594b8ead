import { citation, copyFrom } from "./citation.js";
import { byId } from "./dom.js";
import { teach } from "./feedback.js";
import { records } from "./history.js";
import { spanLink } from "./links.js";
import { codePointSpan } from "./spans.js";

/*
 * The place in the source that can be quoted, linked to, or named as the answer: what is selected in the text, else
 * what is highlighted.
 */

const MOST_CHARACTERS = 10_000;
const body = byId("source-text");
const bar = byId("place");
let shown = null;

/** Offer what can be done with what the pane shows: {document, text, highlighted, record}. */
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
    const { document, span } = current();
    copyFrom(event.currentTarget, spanLink(document, span));
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

/** The part of the selection that lies in the text, or null. */
function selectedRange() {
  const selection = getSelection();
  if (selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0).cloneRange();
  if (!range.intersectsNode(body)) return null;
  if (!body.contains(range.startContainer)) range.setStart(body, 0);
  if (!body.contains(range.endContainer)) range.setEnd(body, body.childNodes.length);
  return range.toString().trim() === "" ? null : range;
}

function current() {
  const range = selectedRange();
  const { document, highlighted } = shown;
  if (range === null) return { document, ...highlighted };
  const { from, to } = trimmed(range);
  return { document, text: shown.text.slice(from, to), span: codePointSpan(shown.text, { from, to }) };
}

function trimmed(range) {
  const before = document.createRange();
  before.selectNodeContents(body);
  before.setEnd(range.startContainer, range.startOffset);
  const words = range.toString();
  const from = before.toString().length + words.length - words.trimStart().length;
  return { from, to: from + words.trim().length };
}

/** The record whose answer is looked for: that which the pane was opened from, else the newest. */
function question() {
  return shown.record ?? records().at(-1) ?? null;
}

function paint() {
  const range = shown === null ? null : selectedRange();
  const words = range?.toString().trim() ?? shown?.highlighted?.text ?? "";
  const usable = words !== "" && words.length <= MOST_CHARACTERS;
  const asked = usable ? question() : null;
  byId("place-words").textContent = hint(words, usable, range !== null);
  byId("place-copy").hidden = byId("place-link").hidden = !usable;
  byId("place-teach").hidden = asked === null;
  byId("place-teach").title = asked === null ? "" : `The answer to “${asked.question}” is here`;
  bar.hidden = shown === null;
}

function hint(words, usable, selected) {
  if (words === "") return "Select text to quote it or link to it.";
  if (!usable) return "That is too much to quote at once.";
  const short = words.length > 60 ? `${Array.from(words).slice(0, 60).join("")}…` : words;
  return `${selected ? "Selected" : "Highlighted"}: “${short.replace(/\s+/g, " ")}”`;
}
