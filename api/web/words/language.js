import de from "./strings.de.js";
import { icon } from "../frame/icons.js";
import en from "./strings.en.js";
import { keep, recall } from "../frame/storage.js";

/* The page's own words, in the reader's language. What documents and the server say stays as it is. */

const NAME = "sourcespan.language";
const LANGUAGES = { en, de };
const ATTRIBUTES = ["aria-label", "title", "placeholder"];

/** The language of the page: the one that was chosen, else the first of the browser's that there is. */
export const language = chosen();

function chosen() {
  const wanted = [recall("localStorage", NAME, ""), ...navigator.languages].map((tag) => tag.slice(0, 2));
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

/** The words called `name`; those with numbers or names in them are given these. */
export function t(name, ...values) {
  const words = LANGUAGES[language][name];
  if (words === undefined) throw new Error(`strings.${language}.js has no ${name}`);
  return typeof words === "function" ? words(...values) : words;
}

/** Write words and icons into index.html, which names them. */
export function startLanguage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.append(t(node.dataset.t));
  for (const attribute of ATTRIBUTES) {
    for (const node of document.querySelectorAll(`[data-t-${attribute}]`)) {
      node.setAttribute(attribute, t(node.getAttribute(`data-t-${attribute}`)));
    }
  }
  for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon));
  const other = document.getElementById("language");
  other.addEventListener("click", () => {
    keep("localStorage", NAME, language === "en" ? "de" : "en");
    location.reload();
  });
}
