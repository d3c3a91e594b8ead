import { announce, element } from "./dom.js";

/** A quote as it goes into other people's texts: its words, and all it takes to check them. */
export function citation({ text, document, span, page, heading }) {
  const where = [
    document.title,
    page == null ? null : `page ${page}`,
    heading || null,
    document.source && document.source !== document.title ? document.source : null,
    `characters ${span.start}–${span.end}`,
    `sha256 ${document.sha256.slice(0, 12)}`,
  ];
  return `“${text}” — ${where.filter(Boolean).join(", ")}`;
}

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
  button.textContent = copied ? "Copied" : "Can’t copy";
  announce(copied ? "Copied." : "This browser does not let the page copy.");
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
