import { announce, element } from "../frame/dom.js";
import { language, t } from "../words/language.js";
import { spanLink } from "../frame/links.js";

/** The page as people name it: as it is printed, else as it is counted; null where there are none. */
export const pageOf = ({ page_label: label, page }) => label || page;

/** A quote as it goes into other people's texts: its sentence, where it stands, and a link to it. */
export function citation(quoted) {
  const { text, sentence, document, span, heading } = quoted;
  const page = pageOf(quoted);
  const where = [
    document.title,
    page == null ? null : t("page", page),
    heading && heading !== document.title ? heading : null,
    document.source && document.source !== document.title ? document.source : null,
    t("characters", span.start, span.end),
    `sha256 ${document.sha256.slice(0, 12)}`,
  ];
  return `“${oneLine(sentence?.text ?? text)}” — ${where.filter(Boolean).join(", ")}\n${spanLink(quoted)}`;
}

/** The same as a list of references has it, after APA: without an author, the title comes first. */
export function reference(quoted) {
  const { document } = quoted;
  const page = pageOf(quoted);
  const source = document.source && document.source !== document.title ? ` ${document.source}.` : "";
  const pages = page == null ? "" : ` (${t("pageShort", page)})`;
  const today = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { dateStyle: "long" }).format();
  return `${document.title.replace(/\.$/, "")}${pages}. (${t("undated")}).${source} ${t("retrieved", today, spanLink(quoted))}`;
}

const oneLine = (text) => text.trim().replace(/\s+/g, " ");

/** A button that copies what `text()` gives and says so. */
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "quiet copy" }, label);
  button.addEventListener("click", () => copyFrom(button, text()));
  return button;
}

/** Copy, and let the button say what came of it. */
export async function copyFrom(button, text) {
  const label = (button.dataset.label ??= button.textContent);
  const copied = await copy(text);
  button.textContent = t(copied ? "copied" : "notCopied");
  announce(t(copied ? "copied" : "notCopiedDetail"));
  button.addEventListener("blur", () => (button.textContent = label), { once: true });
  button.addEventListener("pointerleave", () => (button.textContent = label), { once: true });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text);
  }
}

// Over plain http, browsers offer the clipboard to this old command only.
function copyTheOldWay(text) {
  const focused = document.activeElement;
  const area = element("textarea", { class: "visually-hidden", readonly: true });
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
