import { keep, recall } from "./storage.js";

/*
 * The conversation as this browser keeps it: records {id, question, result, verdict}, the oldest first. Read anew before
 * every change, so that two tabs add to one history instead of overwriting each other's.
 */

const NAME = "sourcespan.conversation.1";
const MOST = 100;
const MOST_TURNS = 20;
const LONGEST_ANSWER = 1000;

/** All records. */
export function records() {
  const kept = recall("localStorage", NAME, []);
  return Array.isArray(kept) ? kept : [];
}

/** The last questions as they were read, each with its answer: what the next one may refer to. */
export function turns() {
  const read = records().filter(({ result }) => result.status !== "not_understood");
  return read.slice(-MOST_TURNS).map(({ question, result }) => ({
    question: result.read_as ?? question,
    answer: result.answers[0]?.text.slice(0, LONGEST_ANSWER) ?? null,
  }));
}

/** Keep what came of a question, and give it back as a record. */
export function remember(question, result) {
  const record = { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), question, result, verdict: null };
  store([...records(), record]);
  return record;
}

/** Keep what was said of an answer. */
export function rememberVerdict(record, verdict) {
  record.verdict = verdict;
  store(records().map((one) => (one.id === record.id ? { ...one, verdict } : one)));
}

/** Forget everything. */
export function forgetAll() {
  keep("localStorage", NAME, null);
}

// the oldest go where the browser gives too little room
function store(all) {
  let left = all.slice(-MOST);
  while (left.length > 0 && !keep("localStorage", NAME, left)) left = left.slice(Math.ceil(left.length / 2));
}
