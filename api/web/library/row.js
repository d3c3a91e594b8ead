import { changeDocument, deleteDocument, replaceDocument } from "../server/api.js";
import { asProblem } from "../server/http.js";
import { confirmed } from "../frame/confirm.js";
import { byId, element } from "../frame/dom.js";
import { icon } from "../frame/icons.js";
import { showPanel } from "../frame/pane.js";
import { showsDocument } from "../source/source.js";
import { language, t } from "../words/language.js";
import { choose, isChosen } from "./chosen.js";

const locale = language === "en" ? "en-GB" : language;
const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const sizes = ["byte", "kilobyte", "megabyte"].map((unit) => {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 });
});

/** A document in the list, with all that can be done with it; `list` is {show, reload, tell}. */
export function row(document, list) {
  const box = element("input", { type: "checkbox", "aria-label": t("choose", document.title) });
  box.checked = isChosen(document.id);
  box.addEventListener("change", () => choose(document, box.checked));
  const open = element(
    "button",
    { type: "button", class: "document-open" },
    element("span", { class: "document-title", dir: "auto" }, document.title),
    element("span", { class: "document-facts" }, facts(document)),
  );
  open.addEventListener("click", () => list.show({ kind: "document", document }, open));
  return element("li", { class: "document", "data-id": document.id }, box, open, menu(document, list));
}

function facts({ title, source, sources, collections, original, characters, changed_at: changed }) {
  const others = sources.length > 1 ? ` ${t("andOthers", sources.length - 1)}` : "";
  const size = original ? bytes(original.size) : t("charactersIn", characters);
  const from = source === title ? "" : `${source}${others}`;
  return [from, size, dates.format(new Date(changed)), collections.join(", ")].filter(Boolean).join(" · ");
}

function bytes(size) {
  const power = size < 1000 ? 0 : size < 1_000_000 ? 1 : 2;
  return sizes[power].format(size / 1000 ** power);
}

function menu(document, list) {
  const { title } = document;
  const field = (label, value) => element("label", {}, label, element("input", { type: "text", value, maxlength: "500" }));
  const [name, shelves] = [field(t("title"), title), field(t("collectionsOf"), document.collections.join(", "))];
  const form = element("form", { class: "document-form" }, name, shelves, element("button", { class: "quiet" }, t("save")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change(document, name.lastChild.value.trim(), shelves.lastChild.value, list);
  });
  const picker = element("input", { type: "file", accept: byId("file").accept, hidden: true });
  picker.addEventListener("change", () => replace(document, picker.files[0], list));
  const button = (words, label, click) => element("button", { type: "button", class: "quiet", "aria-label": label, click }, words);
  const actions = [
    button(t("replace"), t("replaceNamed", title), () => picker.click()),
    button(t("delete"), t("deleteNamed", title), () => removeAll([document], list)),
  ];
  const summary = element("summary", { "aria-label": t("moreAbout", title), title: t("more") }, icon("more"));
  const shown = ({ target }) => target.open && target.closest("li").scrollIntoView({ block: "nearest" });
  return element("details", { class: "document-more writes", toggle: shown }, summary, form, picker, ...actions);
}

async function change(document, title, shelves, list) {
  const collections = shelves.split(",").map((name) => name.trim()).filter(Boolean);
  const renamed = title !== document.title ? { title } : {};
  await done(list, document, t("changed", title), () => changeDocument(document.id, { ...renamed, collections }));
}

async function replace(document, file, list) {
  if (!file) return;
  list.tell("plain", t("sending"));
  await done(list, document, t("replaced", document.title), () => replaceDocument(document.id, file));
}

async function done(list, document, words, work) {
  try {
    await work();
    await list.reload();
    list.tell("good", words);
    dispatchEvent(new Event("documents-changed"));
  } catch (error) {
    list.tell("bad", t("notChanged", document.title, asProblem(error).sentence));
  }
}

/** Delete documents, once the reader is sure; says which could not be. */
export async function removeAll(documents, { reload, tell }) {
  const [first] = documents;
  const passages = documents.reduce((sum, document) => sum + document.passages, 0);
  const one = documents.length === 1;
  const sure = await confirmed({
    heading: t("deleteDocuments", documents.length),
    detail: one ? t("deleteDocumentDetail", first.title, passages) : t("deleteDocumentsDetail", documents.length, passages),
    keep: t(one ? "keepIt" : "keepThem"),
    act: t("delete"),
  });
  if (!sure) return;
  const faults = [];
  for (const document of documents) {
    try {
      await deleteDocument(document.id);
      choose(document, false);
      if (showsDocument(document.id)) showPanel("documents");
    } catch (error) {
      faults.push(t("notDeleted", document.title, asProblem(error).sentence));
    }
  }
  await reload();
  dispatchEvent(new Event("documents-changed"));
  const deleted = documents.length - faults.length;
  if (faults.length > 0) tell("bad", faults.join(" "));
  else tell("good", one ? t("deleted", first.title) : t("deletedMany", deleted));
  byId("documents-heading").focus();
}
