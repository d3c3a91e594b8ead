import { documentBlocks, documentText, getDocument, original } from "../server/api.js";
import { showBlocks } from "./blocks.js";
import { pageOf } from "../talk/citation.js";
import { announce, byId, element } from "../frame/dom.js";
import { asProblem } from "../server/http.js";
import { t } from "../words/language.js";
import { showPages } from "./pages.js";
import { offerPlace, withdrawPlace } from "./place.js";
import { showPlain } from "./plain.js";
import { paintSteps } from "./steps.js";
import { check } from "./verdict.js";

/**
 * What the source pane can show.
 * @typedef {object} Target
 * @property {"answer" | "passage" | "document" | "link"} kind
 * @property {{id: string, title?: string, source?: string, sha256?: string}} document
 * @property {{start: number, end: number}} [span] code points, half-open
 * @property {string} [text] what the document must say at the span; a link does not say
 * @property {string} [sha256] how the document's fingerprint began when it was linked to
 * @property {{start: number, end: number} | null} [passage]
 * @property {number | string | null} [page]
 * @property {string | null} [heading]
 * @property {object} [record] the question that led here
 */

const VIEWS = { pages: showPages, blocks: showBlocks, plain: showPlain };
const PDF = "application/pdf";
const title = byId("source-title");
const facts = byId("source-facts");
const status = byId("source-status");
const legend = byId("source-legend");
const views = byId("source-views");
const download = byId("source-download");
const details = byId("source-details");
const notes = byId("source-notes");
const body = byId("source-text");

let latest = 0;
let chosen = null; // the view that the reader wanted last
let shown = null; // the document

/** Show a target; the newest call wins when several are under way. */
export async function showSource(target) {
  latest += 1;
  const turn = latest;
  const current = () => turn === latest;
  clear(target);
  try {
    const stored = documentText(target.document.id);
    stored.catch(() => undefined); // whoever waits for it is told
    const document = await getDocument(target.document.id);
    if (!current()) return;
    let asked = null;
    const outline = () => (asked ??= documentBlocks(document.id));
    await render({ target, document, outline, current, checked: stored.then((one) => check(target, one)) });
  } catch (error) {
    if (current()) refuse(asProblem(error));
  } finally {
    if (current()) body.removeAttribute("aria-busy");
  }
}

/** Whether the pane shows this document now. */
export function showsDocument(id) {
  return body.dataset.document === id;
}

export function startSource() {
  views.addEventListener("click", ({ target: { dataset } }) => {
    if (!dataset.view || shown === null) return;
    chosen = dataset.view;
    showSource(shown.target);
  });
  download.addEventListener("click", save);
}

async function render(source) {
  const { target, document, checked, current } = source;
  shown = source;
  describe(target, document);
  const possible = await viewsOf(source);
  if (!current()) return;
  const view = possible.includes(chosen) ? chosen : possible[0];
  paintViews(possible, view);
  body.dataset.view = view;
  const note = (await VIEWS[view](body, source)) ?? "";
  const { text, sha256, quote, passage, verdict } = await checked;
  if (!current()) return;
  tell(verdict[0], verdict[0] === "bad" ? verdict[1] : `${verdict[1]} ${note}`.trim());
  paintLegend(target, view, note === "" && (quote ?? passage) !== null);
  // what the page quotes and links to is the text that is shown, whatever it was when it was found
  const { span, sentence, page, page_label, heading, record } = target;
  const highlighted = quote && { text: text.slice(quote.from, quote.to), sentence, span, page, page_label, heading };
  offerPlace({ document: { ...document, sha256 }, text, highlighted, record, selectable: view !== "pages" });
}

/** The ways to show a document, the best first; plain text has no blocks. */
async function viewsOf({ document, outline }) {
  if (document.original?.media_type === PDF) return ["pages", "blocks", "plain"];
  const { blocks } = await outline();
  return blocks.length > 0 ? ["blocks", "plain"] : ["plain"];
}

function paintViews(possible, view) {
  const button = (name) => {
    const pressed = String(name === view);
    return element("button", { type: "button", class: "quiet", "data-view": name, "aria-pressed": pressed }, t(`view_${name}`));
  };
  views.replaceChildren(...(possible.length > 1 ? possible.map(button) : []));
}

/** What is highlighted, and why. */
function paintLegend({ kind }, view, highlights) {
  const shades = { mark: kind === "passage" ? null : `legend_${kind}`, span: kind === "link" || view === "pages" ? null : "legend_passage" };
  const parts = Object.entries(shades).filter(([, words]) => highlights && words !== null);
  legend.replaceChildren(...parts.map(([tag, words]) => element(tag, { class: tag === "span" ? "passage" : null }, t(words))));
}

function clear(target) {
  shown = null;
  body.replaceChildren();
  body.setAttribute("aria-busy", "true");
  describe(target, target.document);
  views.replaceChildren();
  legend.replaceChildren();
  paintSteps(target);
  tell("plain", t("fetching"));
  withdrawPlace();
}

function describe(target, document) {
  body.dataset.document = document.id;
  title.textContent = document.title ?? t("document");
  const number = pageOf(target);
  const heading = target.heading === document.title ? null : target.heading;
  fill(facts, "span", [document.source, number == null ? null : t("page", number), heading]);
  const { span } = target;
  fill(details, "li", [
    span ? t("characters", span.start, span.end) : null,
    document.characters ? t("charactersIn", document.characters) : null,
  ]);
  if (document.sha256) {
    const fingerprint = element("code", { title: document.sha256 }, document.sha256.slice(0, 12));
    details.append(element("li", {}, "sha256 ", fingerprint));
  }
  fill(notes, "li", (document.notes ?? []).map((note) => t("serverSays", note)));
  byId("source-more").textContent = t("details", document.notes?.length ?? 0);
  download.hidden = !document.original;
}

function fill(node, tag, texts) {
  node.replaceChildren(...texts.filter(Boolean).map((text) => element(tag, { dir: "auto" }, text)));
}

async function save() {
  const { document } = shown;
  try {
    const url = URL.createObjectURL(await original(document.id));
    Object.assign(window.document.createElement("a"), { href: url, download: document.original.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    tell("bad", asProblem(error).sentence);
  }
}

function refuse(problem) {
  const message = problem.status === 404 ? t("gone") : problem.sentence;
  body.replaceChildren();
  tell("bad", message);
  announce(message);
}

function tell(kind, message) {
  status.textContent = message;
  status.dataset.kind = kind;
}
