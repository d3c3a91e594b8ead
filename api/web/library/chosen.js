import { byId } from "../frame/dom.js";
import { t } from "../words/language.js";

/*
 * The documents that are ticked, and what questions are asked of: all documents, or some. What is ticked stays so while
 * the list is searched.
 */

const MOST_ASKED = 1_000;
const chosen = new Map();
let scope = null; // {words, asked}, where `asked` goes along with a question

export const isChosen = (id) => chosen.has(id);

export const chosenDocuments = () => [...chosen.values()];

export function choose(document, on) {
  if (on) chosen.set(document.id, document);
  else chosen.delete(document.id);
  paintChosen();
}

export function chooseThese(documents) {
  for (const document of documents) chosen.set(document.id, document);
  paintChosen();
}

/** What a question is asked with, so that only some documents are read: {document_ids} or {filter}, or nothing. */
export const asked = () => scope?.asked ?? {};

/** Ask only the ticked documents; where none is, only those that `filter` names. */
export function askOnly(filter) {
  const documents = chosenDocuments();
  if (documents.length > 0) {
    const words = documents.length === 1 ? documents[0].title : t("nDocuments", documents.length);
    scope = { words, asked: { document_ids: documents.map(({ id }) => id) } };
  } else if (filter !== null) {
    scope = { words: Object.values(filter).flat().join(", "), asked: { filter } };
  }
  paintScope();
}

export function askAll() {
  scope = null;
  paintScope();
}

function paintScope() {
  byId("scope").hidden = scope === null;
  byId("scope-words").textContent = scope === null ? "" : t("askedOnly", scope.words);
}

/** Show how many are ticked, and tick those that are. */
export function paintChosen() {
  byId("chosen").hidden = chosen.size === 0;
  byId("chosen-count").textContent = t("nChosen", chosen.size);
  byId("ask-chosen").hidden = chosen.size > MOST_ASKED; // the server takes no more
  for (const box of document.querySelectorAll(".document > input")) box.checked = chosen.has(box.parentElement.dataset.id);
}

export function clearChosen() {
  chosen.clear();
  paintChosen();
}
