import { byId } from "../frame/dom.js";
import { asProblem } from "../server/http.js";
import { t } from "../words/language.js";
import { visit } from "../frame/navigation.js";
import { closeSheet, sheetIsOpen } from "../frame/pane.js";
import { askAll, askOnly, chooseThese, chosenDocuments, clearChosen } from "./chosen.js";
import { everyListed, listFilter, reload, startList, tell } from "./list.js";
import { removeAll } from "./row.js";

async function chooseAll() {
  try {
    chooseThese(await everyListed());
  } catch (error) {
    tell("bad", t("notListed", asProblem(error).sentence));
  }
}

/** The panel of documents: the list, and what is done with several at once. */
export function startLibrary(open) {
  const only = () => {
    askOnly(listFilter());
    if (sheetIsOpen()) visit({}, { replace: true });
    closeSheet();
    byId("question").focus();
  };
  byId("ask-chosen").addEventListener("click", only);
  byId("ask-listed").addEventListener("click", only);
  byId("delete-chosen").addEventListener("click", () => removeAll(chosenDocuments(), { reload, tell }));
  byId("choose-listed").addEventListener("click", chooseAll);
  byId("clear-chosen").addEventListener("click", clearChosen);
  byId("ask-all").addEventListener("click", () => {
    askAll();
    byId("question").focus();
  });
  return startList(open);
}
