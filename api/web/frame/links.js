/*
 * What the page shows stands behind the # of its address, which browsers never send to the server:
 * c=CONVERSATION, q=QUESTION, document=ID&span=START-END&sha256=PREFIX&page=LABEL&heading=TEXT, panel=documents.
 */

/** The address that asks a question. */
export function questionLink(question) {
  return addressOf({ question });
}

/** The address that shows a span, and tells when the document has changed since. */
export function spanLink(place) {
  return addressOf({ place: placeOf(place) });
}

/** The part of a Target that an address can name. */
export function placeOf({ document: { id, sha256 = "" }, span = null, page_label: label, page, heading }) {
  return { document: { id }, span, sha256: sha256.slice(0, 12), page: label ?? page ?? null, heading: heading ?? null };
}

/** What the address names: {conversation, question, place, panel}, each null where it is not. */
export function named() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const id = parts.get("document");
  const span = /^(\d{1,15})-(\d{1,15})$/.exec(parts.get("span") ?? "");
  const place = id && {
    document: { id },
    span: span && { start: Number(span[1]), end: Number(span[2]) },
    sha256: parts.get("sha256") ?? "",
    page: parts.get("page"),
    heading: parts.get("heading"),
  };
  return {
    conversation: parts.get("c"),
    question: parts.get("q")?.trim() || null,
    place,
    panel: parts.get("panel"),
  };
}

export function addressOf({ conversation, question, place, panel }) {
  const { document, span, sha256, page, heading } = place ?? {};
  const parts = {
    c: conversation,
    q: question,
    document: document?.id,
    span: span && `${span.start}-${span.end}`,
    sha256: span && sha256,
    page: span && page,
    heading: span && heading,
    panel,
  };
  const url = new URL(location.href);
  url.hash = new URLSearchParams(Object.entries(parts).filter(([, value]) => value != null && value !== "")).toString();
  return url.href;
}
