import { documentText, getDocument } from "./api.js";
import { announce, byId, element } from "./dom.js";
import { asProblem } from "./http.js";
import { offerPlace, withdrawPlace } from "./place.js";
import { count, describeSpan, exactRange, utf16Range } from "./spans.js";

/**
 * What the source pane can show.
 * @typedef {object} Target
 * @property {"answer" | "passage" | "document" | "link"} kind
 * @property {{id: string, title?: string, source?: string, sha256?: string, characters?: number}} document
 * @property {{start: number, end: number}} [span] code points, half-open
 * @property {string} [text] what the document must say at the span; a link does not say
 * @property {string} [sha256] how the document's fingerprint began when it was linked to
 * @property {{start: number, end: number} | null} [passage]
 * @property {number | null} [page]
 * @property {string | null} [heading]
 * @property {object} [record] the question that led here
 */

const title = byId("source-title");
const facts = byId("source-facts");
const status = byId("source-status");
const body = byId("source-text");

let latest = 0;

/** Show a target; the newest call wins when several are under way. */
export async function showSource(target) {
  latest += 1;
  const turn = latest;
  describe(target, target.document);
  tell("plain", "Fetching the text…");
  body.replaceChildren();
  withdrawPlace();
  body.setAttribute("aria-busy", "true");
  try {
    const document = await completed(target.document);
    const stored = await documentText(document.id, document.sha256);
    if (turn === latest) render(target, document, stored);
  } catch (error) {
    if (turn === latest) refuse(asProblem(error));
  } finally {
    if (turn === latest) body.removeAttribute("aria-busy");
  }
}

/** Whether the pane shows this document now. */
export function showsDocument(id) {
  return body.dataset.document === id;
}

// A place beyond the passages that were read names its document by id alone.
async function completed(document) {
  return document.sha256 === undefined ? getDocument(document.id) : document;
}

function describe(target, document) {
  body.dataset.document = document.id;
  title.textContent = document.title ?? "Document";
  const range = target.span ? describeSpan(target.span) : null;
  const length = !target.span && document.characters ? count(document.characters, "character") : null;
  const page = target.page != null ? `page ${target.page}` : null;
  const heading = target.heading === document.title ? null : target.heading;
  const parts = [document.source, page, heading, range, length].filter(Boolean);
  facts.replaceChildren(...parts.map((part) => element("span", { dir: "auto" }, part)));
  if (document.sha256) facts.append(fingerprint(document.sha256));
}

function fingerprint(sha256) {
  const code = element("code", { title: sha256 }, sha256.slice(0, 12));
  return element("span", {}, "sha256 ", code);
}

function render(target, document, stored) {
  describe(target, document);
  const range = target.kind === "document" ? null : rangeOf(target, stored.text);
  const text = range && stored.text.slice(range.from, range.to);
  const { span, page, heading, record } = target;
  const highlighted = range && { text, span, page, heading };
  body.replaceChildren(...(range ? pieces(stored.text, range, target) : blocks(stored.text)));
  // a passage may be taller than the pane: its middle is no place to look for the quote
  const shown = body.querySelector("mark") ?? body.querySelector(".passage");
  if (range) shown?.scrollIntoView({ block: "center", inline: "nearest" });
  else body.scrollTop = 0;
  tell(...verdictOn(target, range, hasChanged(target, document, stored)));
  // what the page quotes and links to is the text that is shown, whatever it was when it was found
  const here = { ...document, sha256: stored.sha256 || document.sha256 };
  offerPlace({ document: here, text: stored.text, highlighted, record });
}

function rangeOf({ kind, span, text }, stored) {
  const range = kind === "link" ? utf16Range(stored, span) : exactRange(stored, span, text);
  return range && range.from < range.to ? range : null;
}

function hasChanged(target, document, stored) {
  if (target.kind === "link") return !stored.sha256.startsWith(target.sha256);
  return Boolean(document.sha256 && stored.sha256 && stored.sha256 !== document.sha256);
}

function verdictOn({ kind }, range, changed) {
  if (kind === "document") return ["plain", ""];
  if (range === null) return ["bad", mismatch(changed)];
  if (kind === "link") return changed ? ["bad", CHANGED_SINCE_LINKED] : ["good", "The linked characters are highlighted."];
  return changed ? ["bad", CHANGED_BUT_SAME_WORDS] : ["good", "Matches the stored text, character for character."];
}

const CHANGED_SINCE_LINKED = "This document has changed since it was linked to: other words may stand here now.";
const CHANGED_BUT_SAME_WORDS =
  "This document has changed since it was quoted. The same words still stand at this place.";

function mismatch(changed) {
  const why = changed
    ? "This document has changed since it was quoted"
    : "The document does not have the quoted words at this place";
  return `${why}, so nothing is highlighted. Ask the question again.`;
}

/** The text as nodes: the passage tinted, the quote marked inside it, every character kept. */
function pieces(text, quote, target) {
  const passage = target.passage ? utf16Range(text, target.passage) : null;
  const outer = passage && passage.from <= quote.from && quote.to <= passage.to ? passage : quote;
  const cut = (from, to) => text.slice(from, to);
  const tinted =
    target.kind === "passage"
      ? [cut(outer.from, outer.to)]
      : [cut(outer.from, quote.from), element("mark", {}, cut(quote.from, quote.to)), cut(quote.to, outer.to)];
  const lineStart = outer.from === 0 ? 0 : text.lastIndexOf("\n", outer.from - 1) + 1;
  const lineEnd = outer.to + restOfLine(text, outer.to);
  return [
    ...blocks(cut(0, lineStart)),
    element(
      "div",
      {},
      cut(lineStart, outer.from),
      element("span", { class: "passage" }, ...tinted),
      cut(outer.to, lineEnd),
    ),
    ...blocks(cut(lineEnd, text.length)),
  ];
}

const BLOCK_LENGTH = 20_000;

function restOfLine(text, index) {
  const end = text.indexOf("\n", index);
  return (end < 0 ? text.length : end + 1) - index;
}

/** A text as blocks of whole lines: a browser lays out only the blocks in view, so a book opens at once. */
function blocks(text) {
  const nodes = [];
  for (let from = 0; from < text.length; ) {
    const goal = Math.min(from + BLOCK_LENGTH, text.length);
    const to = goal + restOfLine(text, goal);
    nodes.push(element("div", { class: "block" }, text.slice(from, to)));
    from = to;
  }
  return nodes;
}

function refuse(problem) {
  const gone = problem.status === 404;
  const message = gone ? "This document is no longer here: it was deleted." : problem.sentence;
  tell("bad", message);
  announce(message);
}

function tell(kind, message) {
  status.textContent = message;
  status.dataset.kind = kind;
}
