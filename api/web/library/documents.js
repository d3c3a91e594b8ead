import { deleteDocument, listDocuments } from "../server/api.js";
import { confirmed } from "../frame/confirm.js";
import { byId, element } from "../frame/dom.js";
import { asProblem } from "../server/http.js";
import { t } from "../words/language.js";
import { showPanel } from "../frame/pane.js";
import { showsDocument } from "../source/source.js";


const list = byId("document-list");
const message = byId("documents-message");
const more = byId("more-documents");
let shown = [];

/** Fill the panel; gives a way to fill it anew. `show` opens a Target. */
export function startDocuments(show) {
  more.addEventListener("click", () => load(shown.length, show));
  load(0, show);
  return () => load(0, show);
}

async function load(offset, show) {
  try {
    const { documents, total } = await listDocuments(offset);
    shown = offset === 0 ? documents : [...shown, ...documents];
    render(total, show);
  } catch (error) {
    tell("bad", t("notListed", asProblem(error).sentence));
  }
}

function render(total, show) {
  list.replaceChildren(...shown.map((document) => row(document, show)));
  byId("documents-count").textContent = t("everyAnswer", total);
  more.hidden = shown.length >= total;
}

function row(document, show) {
  const facts = [document.source, t("charactersIn", document.characters), t("passages", document.passages)];
  const open = element("button", { type: "button", class: "document-open" });
  open.append(
    element("span", { class: "document-title", dir: "auto" }, document.title),
    element("span", { class: "document-facts" }, facts.filter(Boolean).join(" · ")),
  );
  open.addEventListener("click", () => show({ kind: "document", document }, open));
  const label = t("deleteNamed", document.title);
  const remove = element("button", { type: "button", class: "quiet delete writes", "aria-label": label }, t("delete"));
  remove.addEventListener("click", () => confirmDelete(document, show));
  return element("li", { class: "document" }, open, remove);
}

async function confirmDelete(document, show) {
  const sure = await confirmed({
    heading: t("deleteDocument"),
    detail: t("deleteDocumentDetail", document.title, document.passages),
    keep: t("keepIt"),
    act: t("delete"),
  });
  if (sure) await remove(document, show);
}

async function remove(document, show) {
  try {
    await deleteDocument(document.id);
  } catch (error) {
    tell("bad", t("notDeleted", document.title, asProblem(error).sentence));
    return;
  }
  if (showsDocument(document.id)) showPanel("documents");
  await load(0, show);
  tell("good", t("deleted", document.title));
  byId("documents-heading").focus();
}

function tell(kind, words) {
  message.textContent = words;
  message.dataset.kind = kind;
}
