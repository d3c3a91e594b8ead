import { confirmed } from "../frame/confirm.js";
import { conversations, forget, nameOf, onChangeElsewhere, openId, rename } from "./conversations.js";
import { byId, element } from "../frame/dom.js";
import { FORMATS, save } from "./export.js";
import { icon } from "../frame/icons.js";
import { language, t } from "../words/language.js";

/* The conversations of this browser: found, opened, named, given out, deleted. */

const dialog = byId("shelf");
const search = byId("shelf-search");
const list = byId("shelf-list");
const dates = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { dateStyle: "medium", timeStyle: "short" });

/** `open(id)` shows a conversation; null where the one that was open is gone. */
export function startShelf(open) {
  byId("open-shelf").addEventListener("click", () => {
    search.value = "";
    paint(open);
    dialog.showModal();
  });
  byId("close-shelf").addEventListener("click", () => dialog.close());
  search.addEventListener("input", () => paint(open));
  onChangeElsewhere(() => dialog.open && paint(open));
}

function paint(open) {
  const found = conversations(search.value);
  list.replaceChildren(...found.map((conversation) => row(conversation, open)));
  byId("shelf-none").hidden = found.length > 0;
  byId("shelf-none").textContent = t(search.value.trim() === "" ? "noConversations" : "noneFound");
}

function row(conversation, open) {
  const name = nameOf(conversation);
  const facts = `${dates.format(conversation.changed)} · ${t("questions", conversation.records.length)}`;
  const current = conversation.id === openId() ? "true" : null;
  const opener = element(
    "button",
    { type: "button", class: "shelf-open", "aria-current": current },
    element("span", { class: "shelf-name", dir: "auto" }, name),
    element("span", { class: "muted" }, facts),
  );
  opener.addEventListener("click", () => {
    dialog.close();
    open(conversation.id);
  });
  return element("li", { class: "shelf-row" }, opener, more(conversation, name, open));
}

function more(conversation, name, open) {
  const button = (words, click) => element("button", { type: "button", class: "quiet", click }, words);
  const field = element("input", { type: "text", value: name, maxlength: "200", "aria-label": t("nameOfConversation") });
  const naming = element("form", { class: "shelf-naming" }, field, element("button", { class: "quiet" }, t("rename")));
  naming.addEventListener("submit", (event) => {
    event.preventDefault();
    rename(conversation.id, field.value);
    paint(open);
  });
  const actions = [
    ...FORMATS.map((format) => button(t("exportAs", format), () => save(conversation, format))),
    button(t("delete"), () => remove(conversation, name, open)),
  ];
  const summary = element("summary", { "aria-label": t("moreAbout", name), title: t("more") }, icon("more"));
  return element("details", { class: "shelf-more" }, summary, naming, element("div", { class: "shelf-actions" }, ...actions));
}

async function remove({ id }, name, open) {
  const sure = await confirmed({
    heading: t("deleteConversation"),
    detail: t("deleteConversationDetail", name),
    keep: t("keepIt"),
    act: t("delete"),
  });
  if (!sure) return;
  forget(id);
  paint(open);
  search.focus();
  if (id === openId()) open(null);
}
