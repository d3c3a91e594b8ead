import { byId } from "./dom.js";
import { t } from "../words/language.js";

const root = document.documentElement;
const button = byId("theme");
const system = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

function label() {
  button.setAttribute("aria-label", t(isDark() ? "toLight" : "toDark"));
  button.title = button.getAttribute("aria-label");
}

export function startThemes() {
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
    try {
      localStorage.setItem("sourcespan.theme", root.dataset.theme); // theme.js reads it as it is
    } catch {
      // the choice holds until the page is closed
    }
  });
  system.addEventListener("change", label);
  label();
}
