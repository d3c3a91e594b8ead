/*
 * Links into the page live behind the #, which browsers never send to the server:
 * #q=QUESTION and #document=ID&span=START-END&sha256=PREFIX.
 */

/** The address that asks a question. */
export function questionLink(question) {
  return linkTo({ q: question });
}

/** The address that shows a span, and tells when the document has changed since. */
export function spanLink(document, { start, end }) {
  return linkTo({ document: document.id, span: `${start}-${end}`, sha256: document.sha256.slice(0, 12) });
}

/** Let the address bar name the question, so that copying it shares the question. */
export function nameQuestion(question) {
  history.replaceState(null, "", question === null ? location.pathname + location.search : questionLink(question));
}

/** What the address asks for: {question}, {document, span, sha256}, or null. */
export function linked() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const question = parts.get("q")?.trim();
  if (question) return { question };
  const id = parts.get("document");
  if (!id) return null;
  const span = /^(\d{1,15})-(\d{1,15})$/.exec(parts.get("span") ?? "");
  return {
    document: { id },
    span: span && { start: Number(span[1]), end: Number(span[2]) },
    sha256: parts.get("sha256") ?? "",
  };
}

function linkTo(parts) {
  const url = new URL(location.href);
  url.hash = new URLSearchParams(parts).toString();
  return url.href;
}
