import { examples } from "../server/api.js";
import { byId, element } from "../frame/dom.js";

/** Offer questions that the documents answer, where there are any: others once there are other documents. */
export function startExamples(ask) {
  offer(ask);
  addEventListener("documents-changed", () => offer(ask));
}

async function offer(ask) {
  try {
    const { questions } = await examples();
    const buttons = questions.map((question) => {
      return element("button", { type: "button", class: "example", dir: "auto", click: () => ask(question) }, question);
    });
    byId("example-list").replaceChildren(...buttons.map((button) => element("li", {}, button)));
    byId("examples").hidden = buttons.length === 0;
  } catch {
    // a page without examples is none the worse
  }
}
