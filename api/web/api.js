import { eventsOf, isStream } from "./events.js";
import { Problem, asJson, post, problemOf, request } from "./http.js";

const documentPath = (id) => `v1/documents/${encodeURIComponent(id)}`;

/**
 * Ask; `history` is what was asked before, as {question, answer}. `heard(name, data)` is called with what the server says on the way ("passages", "answer"); a server that does
 * not stream says nothing. Each passage that was read comes back with its `document`, as answers do.
 */
export async function ask(question, history, heard) {
  const asked = { question, history, include_passages: true };
  const accept = { Accept: "text/event-stream, application/json;q=0.9" };
  const streamed = await post("v1/ask", asked, (response) => resultOf(response, heard), accept);
  const result = streamed ?? (await post("v1/ask", asked));
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
    return { id, title: UNNAMED };
  }
}

/** What a document is called as long as its title is not known. */
export const UNNAMED = "Another document";

export function listDocuments(offset) {
  return request(`v1/documents?limit=50&offset=${offset}`, asJson);
}

export function getDocument(id) {
  return request(documentPath(id), asJson);
}

export function deleteDocument(id) {
  return request(documentPath(id), async () => undefined, { method: "DELETE" });
}

/** Say what is thought of an answer. */
export function giveFeedback(feedback) {
  return post("v1/feedback", feedback);
}

/**
 * Send a file; `heard({done, total})` is told how far it is. Resolves to what became of each file in it: a document,
 * new or already there, or a problem. Takes as long as it takes; `signal` stops it.
 */
export function sendFile(file, heard, signal) {
  const body = new FormData();
  body.append("files", file, file.name);
  const read = (response) => reportOf(response, heard);
  return request("v1/documents", read, { method: "POST", headers: { Accept: "text/event-stream" }, body, signal });
}

async function reportOf(response, heard) {
  for await (const { name, data } of eventsOf(response)) {
    if (name === "progress") heard(data);
    if (name === "error") throw problemOf(data);
    if (name === "done") return data.files;
  }
  throw new Problem("The connection broke off", "Add the file again: what is stored already is not stored twice.");
}

const MOST_TEXTS = 16;
const texts = new Map();

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
    throw new Problem("The stored text can’t be shown", "What the server sent is not UTF-8.");
  }
}

/** The stored text of a document. The hash names the content, so a cached copy cannot be stale. */
export async function documentText(id, sha256) {
  const cached = texts.get(sha256);
  if (cached !== undefined) return cached;
  const stored = await request(`${documentPath(id)}/text`, storedText);
  if (stored.sha256 !== "") texts.set(stored.sha256, stored);
  if (texts.size > MOST_TEXTS) texts.delete(texts.keys().next().value);
  return stored;
}

/** Drop a deleted document's text, so that the page does not go on showing what was removed. */
export function forgetText(sha256) {
  texts.delete(sha256);
}
