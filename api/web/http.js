import { askForKey, storedKey } from "./keys.js";

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

/** What a problem+json object tells, over HTTP or in a stream. */
export function problemOf({ title, detail, errors, status }, fallback = "The server could not do that") {
  const faults = Array.isArray(errors) ? errors : [];
  return new Problem(title ?? fallback, typeof detail === "string" ? detail : "", { faults, status });
}

/**
 * Fetch `path` and hand the response to `read`. Where the server wants an API key, the reader is asked for one and the
 * request is made again. Throws Problem, and nothing else.
 */
export async function request(path, read, options = {}) {
  let key = storedKey();
  for (;;) {
    try {
      return await attempt(path, read, options, key);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      key = await askForKey(key);
      if (key === null) throw problem;
    }
  }
}

async function attempt(path, read, { headers, signal, ...options }, key) {
  const shown = key === null ? {} : { Authorization: `Bearer ${key}` };
  try {
    const response = await fetch(path, {
      ...options,
      headers: { ...headers, ...shown },
      signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw await problemFrom(response);
    return await read(response);
  } catch (error) {
    throw error instanceof Problem ? error : transportProblem(error);
  }
}

export const asJson = (response) => response.json();

export function post(path, body, read = asJson, headers = {}) {
  const json = { "Content-Type": "application/json", ...headers };
  return request(path, read, { method: "POST", headers: json, body: JSON.stringify(body) });
}

function transportProblem(error) {
  if (error.name === "SyntaxError") return new Problem("The server’s reply can’t be read", error.message);
  if (error.name === "AbortError") return new Problem("Stopped");
  if (error.name === "TimeoutError") {
    return new Problem("No answer came in time", "The server took longer than two minutes.");
  }
  return new Problem("The server can’t be reached", "Check that it is running, then try again.");
}

async function problemFrom(response) {
  const fallback = `${response.status} ${response.statusText}`.trim();
  try {
    return problemOf({ ...(await response.json()), status: response.status }, fallback);
  } catch {
    return new Problem("The server could not do that", fallback, { status: response.status });
  }
}
