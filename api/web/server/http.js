import { askForKey, storedKey } from "./keys.js";
import { t } from "../words/language.js";

const TIMEOUT_MS = 120_000;
const MOST_TRIES = 6;
const LONGEST_WAIT = 30;

/** Something went wrong that a person should read about. */
export class Problem extends Error {
  constructor(title, detail = "", { faults = [], status = 0, retryAfter = null, known = false } = {}) {
    super(title);
    this.known = known; // the title says it all, in the page's words
    this.title = title;
    this.detail = detail;
    this.faults = faults;
    this.status = status;
    this.retryAfter = retryAfter; // seconds, where the server is only busy
  }

  /** The whole story in one line. */
  get sentence() {
    const faults = this.faults.map((fault) => `${fault.field}: ${fault.detail}`).join("; ");
    const title = this.title.replace(/[.:]$/, "");
    return this.known ? this.title : [title, this.detail, faults].filter(Boolean).join(": ");
  }
}

/** Any thrown thing as a Problem, so that callers show errors in one way. */
export function asProblem(error) {
  return error instanceof Problem ? error : new Problem(t("pageFault"), String(error));
}

/** What a problem+json object tells, over HTTP or in a stream. */
export function problemOf({ type, title, detail, errors, status }, fallback = t("serverFault"), retryAfter = null) {
  const own = ownWords(type);
  if (own !== null) return new Problem(own, "", { status, retryAfter, known: true });
  const faults = Array.isArray(errors) ? errors : [];
  const words = typeof detail === "string" && detail !== "" ? t("serverSays", detail) : "";
  // the title is that of the HTTP status, which says little to a reader
  return new Problem(words === "" ? (title ?? fallback) : t("serverFault"), words, { faults, status, retryAfter });
}

/** What the page itself says of a type of problem, in languages that the server does not speak; else null. */
export function ownWords(type) {
  return t("problems")[(type ?? "").split(":").at(-1)] ?? null;
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

/** Do `work` again as long as the server says that it is busy, when it says so; `waiting` is told how many seconds. */
export async function patiently(work, waiting, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (problem) {
      if (problem.retryAfter == null || tries === MOST_TRIES) throw problem;
      const seconds = Math.min(problem.retryAfter, LONGEST_WAIT);
      waiting(seconds);
      await pause(seconds, signal);
    }
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(transportProblem(signal.reason));
    });
  });
}

async function attempt(path, read, { headers, signal, timeout = TIMEOUT_MS, ...options }, key) {
  const shown = key === null ? {} : { Authorization: `Bearer ${key}` };
  const signals = [signal, timeout && AbortSignal.timeout(timeout)].filter(Boolean);
  try {
    const response = await fetch(path, {
      ...options,
      headers: { ...headers, ...shown },
      signal: AbortSignal.any(signals),
    });
    if (!response.ok) throw await problemFrom(response);
    return await read(response);
  } catch (error) {
    throw error instanceof Problem ? error : transportProblem(error);
  }
}

export const asJson = (response) => response.json();

export function post(path, body, { read = asJson, headers = {}, signal } = {}) {
  const json = { "Content-Type": "application/json", ...headers };
  return request(path, read, { method: "POST", headers: json, body: JSON.stringify(body), signal });
}

function transportProblem(error) {
  if (error.name === "SyntaxError") return new Problem(t("unreadableReply"), error.message);
  if (error.name === "AbortError") return new Problem(t("stopped"));
  if (error.name === "TimeoutError") return new Problem(t("tooSlow"), t("tooSlowDetail"));
  return new Problem(t("noServer"), t("noServerDetail"));
}

async function problemFrom(response) {
  const fallback = `${response.status} ${response.statusText}`.trim();
  const busy = response.status === 429 || response.status === 503;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = busy && seconds >= 0 ? seconds : null;
  try {
    return problemOf({ ...(await response.json()), status: response.status }, fallback, retryAfter);
  } catch {
    return new Problem(t("serverFault"), fallback, { status: response.status, retryAfter });
  }
}
