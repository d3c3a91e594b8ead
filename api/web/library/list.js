import { listCollections, listDocuments } from "../server/api.js";
import { asProblem } from "../server/http.js";
import { byId, element } from "../frame/dom.js";
import { paintChosen } from "./chosen.js";
import { row } from "./row.js";
import { t } from "../words/language.js";

/* The documents as far as they were asked for, by words, type and collection, in an order. */

const AT_ONCE = 50;
const MOST_AT_ONCE = 200;
const list = byId("document-list");
const message = byId("documents-message");
const more = byId("more-documents");
const moreRow = byId("more-row");
const search = byId("document-search");
const fields = { sort: byId("document-sort"), type: byId("document-type"), collection: byId("document-collection") };

let shown = [];
let total = 0;
let latest = 0;
let show = null;

/** Fill the panel; `open` opens a Target. */
export function startList(open) {
  show = open;
  let typing = null;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(reload, 150);
  });
  for (const field of Object.values(fields)) field.addEventListener("change", reload);
  more.addEventListener("click", () => load(shown.length));
  // whoever scrolls to the end wants more
  new IntersectionObserver(([entry]) => entry.isIntersecting && load(shown.length)).observe(more);
  return reload();
}

/** What the list is narrowed to, as the API takes it: a filter, or null. */
export function listFilter() {
  const parts = { type: fields.type.value, collections: fields.collection.value };
  const wanted = Object.entries(parts).filter(([, value]) => value !== "");
  return wanted.length > 0 ? Object.fromEntries(wanted.map(([name, value]) => [name, [value]])) : null;
}

/** Every document that the list is narrowed to, those too that it does not show yet. */
export async function everyListed() {
  const [parts, matching, documents] = [wanted(), total, [...shown]];
  while (documents.length < matching) {
    const found = await listDocuments({ ...parts, limit: MOST_AT_ONCE, offset: documents.length });
    if (found.documents.length === 0) break;
    documents.push(...found.documents);
  }
  return documents;
}

/** Ask for the list anew. */
export function reload() {
  loadCollections();
  return load(0);
}

function wanted() {
  const asked = Object.entries(fields).map(([name, field]) => [name, field.value]);
  return Object.fromEntries([...asked, ["search", search.value.trim()]].filter(([, value]) => value !== ""));
}

async function load(offset) {
  latest += 1;
  const turn = latest;
  more.hidden = true;
  try {
    const found = await listDocuments({ ...wanted(), limit: AT_ONCE, offset });
    if (turn !== latest) return;
    render(found, offset);
  } catch (error) {
    if (turn === latest) tell("bad", t("notListed", asProblem(error).sentence));
  }
}

function render({ documents, total: matching, types }, offset) {
  total = matching;
  const rows = documents.map((document) => row(document, { show, reload, tell }));
  if (offset === 0) list.replaceChildren(...rows, moreRow);
  else moreRow.before(...rows);
  shown = offset === 0 ? documents : [...shown, ...documents];
  more.hidden = shown.length >= total;
  const narrowed = search.value.trim() !== "" || listFilter() !== null;
  const all = Object.values(types).reduce((sum, number) => sum + number, 0);
  byId("documents-count").textContent = narrowed ? t("found", total, all) : t("everyAnswer", total);
  byId("document-tools").hidden = all < 2;
  byId("choose-listed").textContent = t("chooseListed", total);
  // words only look through the list: a question is narrowed by type and collection, or by what is ticked
  byId("ask-listed").hidden = listFilter() === null || search.value.trim() !== "";
  options(fields.type, t("allTypes"), Object.entries(types).map(([name, number]) => ({ name, documents: number })));
  paintChosen();
}

async function loadCollections() {
  try {
    const { collections } = await listCollections();
    options(fields.collection, t("allCollections"), collections);
  } catch {
    // the list itself says what is wrong
  }
}

function options(field, all, choices) {
  const chosen = field.value;
  const names = choices.map(({ name, documents }) => element("option", { value: name }, `${name} (${documents})`));
  field.replaceChildren(element("option", { value: "" }, all), ...names);
  field.value = choices.some(({ name }) => name === chosen) ? chosen : "";
  field.hidden = choices.length === 0;
}

export function tell(kind, words) {
  message.textContent = words;
  message.dataset.kind = kind;
}
