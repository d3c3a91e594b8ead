import { provisional, resultNodes } from "./answers.js";
import { byId, element } from "../frame/dom.js";
import { t } from "../words/language.js";

/**
 * Put a question into the conversation and hand back the ways to go on with it.
 * `show` is called with a source.js Target when the reader wants to see a place.
 */
export function beginExchange(question, show) {
  const reply = element("div", { class: "reply", "aria-busy": "true" }, waiting(t("reading")));
  const exchange = element(
    "li",
    { class: "exchange" },
    element("h2", { class: question.length > 200 ? "question is-long" : "question", dir: "auto" }, question),
    reply,
  );
  byId("exchanges").append(exchange);
  const settle = (...nodes) => {
    reply.removeAttribute("aria-busy");
    reply.replaceChildren(...nodes);
  };
  const reveal = () => {
    exchange.scrollIntoView({ block: "start" });
    // a very long question must not push its own answer out of view
    reply.firstElementChild.scrollIntoView({ block: "nearest" });
  };
  return {
    reveal,
    hear: (name, data) => {
      if (name === "passages") reply.replaceChildren(waiting(t("readingPassages", data.passages.length)));
      if (name === "busy") reply.replaceChildren(waiting(t("busy", data)));
      if (name === "answer") reply.replaceChildren(provisional(data));
    },
    settle: (record) => settle(...resultNodes(record, show)),
    fail: (problem, retry) => {
      const again = () => {
        exchange.remove();
        retry();
      };
      settle(failure(problem, again));
      reveal();
    },
    showButton: () => reply.querySelector("button.show"),
  };
}

function waiting(words) {
  return element(
    "div",
    { class: "waiting" },
    element("p", { class: "muted" }, words),
    ...["", "", ""].map(() => element("span", { class: "waiting-line", "aria-hidden": "true" })),
  );
}

function failure(problem, retry) {
  const faults = problem.faults.map((fault) => element("li", {}, `${fault.field}: ${fault.detail}`));
  return element(
    "div",
    { class: "failure" },
    element("p", { class: "failure-title" }, problem.title),
    problem.detail ? element("p", {}, problem.detail) : null,
    faults.length > 0 ? element("ul", {}, ...faults) : null,
    element("button", { type: "button", class: "quiet", click: retry }, t("tryAgain")),
  );
}
