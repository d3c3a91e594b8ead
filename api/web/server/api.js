import { eventsOf, isStream } from "./events.js";
import { Problem, asJson, patiently, post, problemOf, request } from "./http.js";
import { t } from "../words/language.js";

const documentPath = (id) => `v1/documents/${encodeURIComponent(id)}`;

/** What the key that is shown allows: {scope}. */
export const access = () => request("v1/access", asJson);

/** Questions that the documents answer: {questions}. */
export const examples = () => request("v1/examples", asJson);

/**
 * Ask; `asked` is {question, history, …} as the API takes it. `heard(name, data)` is called with what the server says on
 * the way ("passages", "answer"; a server that does not stream says nothing), and with "busy" and seconds before it is
 * asked again. `signal` stops it. Each passage that was read comes back with its `document`, as answers do.
 */
export async function ask(asked, heard, signal) {
  const body = { ...asked, include_passages: true };
  const headers = { Accept: "text/event-stream, application/json;q=0.9" };
  const read = (response) => resultOf(response, heard);
  const waiting = (seconds) => heard("busy", seconds);
  const streamed = await patiently(() => post("v1/ask", body, { read, headers, signal }), waiting, signal);
  const result = streamed ?? (await patiently(() => post("v1/ask", body, { signal }), waiting, signal));
  const known = [...result.answers, ...result.candidates].map((answer) => answer.document);
  const ids = new Set(result.passages.map((passage) => passage.document_id));
  const documents = new Map(await Promise.all([...ids].map(async (id) => [id, await describe(id, known)])));
  const passages = result.passages.map((passage) => ({ ...passage, document: documents.get(passage.document_id) }));
  return { ...result, passages };
}

/** The result at the end of a stream, or a plain one; null where the stream was cut short. */
async function resultOf(response, heard) {
  if (!isStream(response)) return response.json();
  for await (const { name, data } of eventsOf(response)) {
    if (name === "done") return data;
    if (name === "error") throw problemOf(data);
    heard(name, data);
  }
  return null;
}

// Asked anew each time: a document may have been replaced since the last question.
async function describe(id, known) {
  const document = known.find((one) => one.id === id);
  try {
    return document ?? (await getDocument(id));
  } catch {
    // its title is not worth losing the answer for
    return { id, title: t("unnamed") };
  }
}

/** Some of the documents, by `search`, `sort`, `type`, `collection`, `limit` and `offset`: {documents, total, types}. */
export function listDocuments(parts) {
  return request(`v1/documents?${new URLSearchParams(parts)}`, asJson);
}

/** {collections}, each {name, documents}. */
export const listCollections = () => request("v1/collections", asJson);

/** Give a document another title, or other collections. */
export function changeDocument(id, change) {
  const headers = { "Content-Type": "application/json" };
  return request(documentPath(id), asJson, { method: "PATCH", headers, body: JSON.stringify(change) });
}

/** Put a file in a document's place. */
export function replaceDocument(id, file) {
  const body = new FormData();
  body.append("files", file, file.name);
  return request(documentPath(id), asJson, { method: "PUT", body, timeout: 0 });
}

export function getDocument(id) {
  return request(documentPath(id), asJson);
}

export function deleteDocument(id) {
  return request(documentPath(id), async () => undefined, { method: "DELETE" });
}

/** Say what is thought of an answer; gives {id}. */
export function giveFeedback(feedback) {
  return post("v1/feedback", feedback);
}

/** Take it back. */
export function withdrawFeedback(id) {
  return request(`v1/feedback?id=${encodeURIComponent(id)}`, async () => undefined, { method: "DELETE" });
}

/**
 * Send a file; `conflict` says what is to become of a document of that name with another text ("refuse", "replace" or
 * "keep_both"), `heard({done, total})` is told how far it is. Resolves to what became of each file in it: a document and
 * an outcome, or a problem. Takes as long as it takes; `signal` stops it.
 */
export function sendFile(file, conflict, heard, signal) {
  const body = new FormData();
  body.append("files", file, file.name);
  const read = (response) => reportOf(response, heard);
  const headers = { Accept: "text/event-stream" };
  return request(`v1/documents?on_conflict=${conflict}`, read, { method: "POST", headers, body, signal, timeout: 0 });
}

async function reportOf(response, heard) {
  for await (const { name, data } of eventsOf(response)) {
    if (name === "progress") heard(data);
    if (name === "error") throw problemOf(data);
    if (name === "done") return data.files;
  }
  throw new Problem(t("brokenOff"), t("brokenOffDetail"));
}

/** The fingerprint of what really arrived; browsers offer hashing on https and localhost only. */
async function sha256Of(bytes) {
  if (globalThis.crypto?.subtle === undefined) return null;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Response.text() would drop a leading U+FEFF, and every offset would be one out.
async function storedText(response) {
  const bytes = await response.arrayBuffer();
  const etag = (response.headers.get("ETag") ?? "").replace(/^W\/|"/g, "");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { sha256: (await sha256Of(bytes)) ?? etag, text };
  } catch {
    throw new Problem(t("unshowable"), t("notUtf8"));
  }
}

/** The stored text of a document: asked for each time, the server says whether what the browser has is still it. */
export function documentText(id) {
  return request(`${documentPath(id)}/text`, storedText);
}

/** The structure of a document: {sha256, pages, blocks}. */
export async function documentBlocks(id) {
  const parts = [];
  for (let start = 0; start !== null; start = parts.at(-1).next) {
    parts.push(await request(`${documentPath(id)}/blocks?start=${start}`, asJson));
  }
  return { ...parts[0], blocks: parts.flatMap(({ blocks }) => blocks) };
}

/** Where the pages of a document begin, and what is printed on them as their numbers: {pages}. */
export function documentPages(id) {
  return request(`${documentPath(id)}/blocks?limit=0`, asJson);
}

/** Where a span stands on the pages of a PDF. */
export function boxes(id, { start, end }) {
  return request(`${documentPath(id)}/boxes?start=${start}&end=${end}`, asJson);
}

/** A page of a PDF, counted from 1, as a picture with `scale` pixels to a point. */
export function pageImage(id, number, scale) {
  const read = async (response) => createImageBitmap(await response.blob());
  return request(`${documentPath(id)}/pages/${number}/image?scale=${scale}`, read);
}

/** The file that a document was read from, as it was put in. */
export function original(id) {
  return request(`${documentPath(id)}/original`, (response) => response.blob(), { timeout: 0 });
}
