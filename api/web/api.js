const TIMEOUT_MS = 120_000;

/** Something went wrong that a person should read about. */
export class Problem extends Error {
  constructor(title, detail = "", { faults = [], status = 0 } = {}) {
    super(title);
    this.title = title;
    this.detail = detail;
    this.faults = faults;
    this.status = status;
  }

  /** The whole story in one line. */
  get sentence() {
    const faults = this.faults.map((fault) => `${fault.field}: ${fault.detail}`).join("; ");
    const title = this.title.replace(/[.:]$/, "");
    return [title, this.detail, faults].filter(Boolean).join(": ");
  }
}

/** Any thrown thing as a Problem, so that callers show errors in one way. */
export function asProblem(error) {
  return error instanceof Problem ? error : new Problem("Something went wrong on this page", String(error));
}

function transportProblem(error) {
  if (error.name === "TimeoutError") {
    return new Problem("No answer came in time", "The server took longer than two minutes.");
  }
  return new Problem("The server can’t be reached", "Check that it is running, then try again.");
}

async function problemFrom(response) {
  const fallback = `${response.status} ${response.statusText}`.trim();
  try {
    const { title, detail, errors } = await response.json();
    const faults = Array.isArray(errors) ? errors : [];
    const text = typeof detail === "string" ? detail : "";
    return new Problem(title ?? fallback, text, { faults, status: response.status });
  } catch {
    return new Problem("The server could not do that", fallback, { status: response.status });
  }
}

async function request(path, read, options = {}) {
  try {
    const response = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw await problemFrom(response);
    return await read(response);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof SyntaxError) {
      throw new Problem("The server’s reply can’t be read", error.message);
    }
    throw transportProblem(error);
  }
}

const asJson = (response) => response.json();

function post(path, body, read = asJson) {
  const headers = { "Content-Type": "application/json" };
  return request(path, read, { method: "POST", headers, body: JSON.stringify(body) });
}

const documentPath = (id) => `v1/documents/${encodeURIComponent(id)}`;

/** Ask. Each passage that was read comes back with its `document`, as answers do. */
export async function ask(question) {
  const result = await post("v1/ask", { question, include_passages: true });
  const known = [...result.answers, ...result.candidates].map((answer) => answer.document);
  const ids = new Set(result.passages.map((passage) => passage.document_id));
  const documents = new Map(await Promise.all([...ids].map(async (id) => [id, await describe(id, known)])));
  const passages = result.passages.map((passage) => ({ ...passage, document: documents.get(passage.document_id) }));
  return { ...result, passages };
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

/** Store a document; tells whether it is new or was there already. */
export function addDocument(title, text, source) {
  const read = async (response) => ({ ...(await response.json()), isNew: response.status === 201 });
  return post("v1/documents", { title, text, source }, read);
}

export function deleteDocument(id) {
  return request(documentPath(id), async () => undefined, { method: "DELETE" });
}

const MOST_TEXTS = 16;
const texts = new Map();

/** Bytes as text, or a TypeError when they are not UTF-8. */
export function decodeUtf8(bytes, options = {}) {
  return new TextDecoder("utf-8", { fatal: true, ...options }).decode(bytes);
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
    const text = decodeUtf8(bytes, { ignoreBOM: true });
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
