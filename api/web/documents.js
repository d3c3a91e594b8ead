import { deleteDocument, forgetText, listDocuments } from "./api.js";
import { confirmed } from "./confirm.js";
import { byId, element } from "./dom.js";
import { asProblem } from "./http.js";
import { showPanel } from "./pane.js";
import { showsDocument } from "./source.js";
import { count } from "./spans.js";

const BUNDLED_SOURCE = "article.md";
const EXAMPLES = [
  "In which town is the detention centre?",
  "Who is the head of MI6?",
  "Why did Sergey Bokov quit the army?",
  "Who leads the Wagner group?",
];

const list = byId("document-list");
const message = byId("documents-message");
const more = byId("more-documents");
let shown = [];

/** Fill the panel; gives a way to fill it anew. `show` opens a Target, `ask` asks an example question. */
export function startDocuments(show, ask) {
  more.addEventListener("click", () => load(shown.length, show));
  byId("example-list").append(...EXAMPLES.map((question) => element("li", {}, exampleButton(question, ask))));
  load(0, show);
  return () => load(0, show);
}

function exampleButton(question, ask) {
  return element("button", { type: "button", class: "example", click: () => ask(question) }, question);
}

async function load(offset, show) {
  try {
    const { documents, total } = await listDocuments(offset);
    shown = offset === 0 ? documents : [...shown, ...documents];
    render(total, show);
  } catch (error) {
    tell("bad", `The documents can’t be listed. ${asProblem(error).sentence}`);
  }
}

function render(total, show) {
  list.replaceChildren(...shown.map((document) => row(document, show)));
  byId("documents-count").textContent = describeTotal(total);
  more.hidden = shown.length >= total;
  byId("examples").hidden = !shown.some((document) => document.source === BUNDLED_SOURCE);
}

function describeTotal(total) {
  if (total === 0) return "None yet. Add one to begin.";
  return total === 1 ? "Every answer comes from this one." : `Every answer comes from one of these ${total}.`;
}

function row(document, show) {
  const facts = [document.source, count(document.characters, "character"), count(document.passages, "passage")];
  const open = element("button", { type: "button", class: "document-open" });
  open.append(
    element("span", { class: "document-title", dir: "auto" }, document.title),
    element("span", { class: "document-facts" }, facts.filter(Boolean).join(" · ")),
  );
  open.addEventListener("click", () => show({ kind: "document", document }, open));
  const label = `Delete ${document.title}`;
  const remove = element("button", { type: "button", class: "quiet delete", "aria-label": label }, "Delete");
  remove.addEventListener("click", () => confirmDelete(document, show));
  return element("li", { class: "document" }, open, remove);
}

async function confirmDelete(document, show) {
  const passages = count(document.passages, "passage");
  const sure = await confirmed({
    heading: "Delete this document?",
    detail: `“${document.title}” and its ${passages} will no longer be read for answers. This can’t be undone.`,
    keep: "Keep it",
    act: "Delete",
  });
  if (sure) await remove(document, show);
}

async function remove(document, show) {
  try {
    await deleteDocument(document.id);
  } catch (error) {
    tell("bad", `“${document.title}” was not deleted. ${asProblem(error).sentence}`);
    return;
  }
  forgetText(document.sha256);
  if (showsDocument(document.id)) showPanel("documents");
  await load(0, show);
  tell("good", `Deleted “${document.title}”.`);
  byId("documents-heading").focus();
}

function tell(kind, words) {
  message.textContent = words;
  message.dataset.kind = kind;
}
