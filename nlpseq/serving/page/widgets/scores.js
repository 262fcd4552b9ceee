// One label, or several, with a bar for the score of each.

import { element, percent } from "../dom.js";
import { answering } from "./answering.js";

const FIRST = 8; // labels that are shown at once

export function widget(model) {
  return answering(model, (answer) => {
    const chosen = new Set(answer.labels ?? [answer.label]);
    const scores = Object.entries(answer.scores).sort(([, a], [, b]) => b - a);
    const rows = scores.map(([label, score]) => row(label, score, chosen.has(label)));
    const elements = [element("ol", { class: "scores" }, ...rows.slice(0, FIRST))];
    if (rows.length > FIRST) {
      const rest = element("ol", { class: "scores", start: FIRST + 1 }, ...rows.slice(FIRST));
      elements.push(element("details", {}, element("summary", {}, `${rows.length - FIRST} other labels`), rest));
    }
    const named = scores.filter(([label]) => chosen.has(label)).map(([label, score]) => `${label}, ${percent(score)}`);
    return { sentence: named.join("; ") || "None of the labels.", elements };
  });
}

function row(label, score, chosen) {
  return element(
    "li",
    { class: chosen ? "chosen" : "" },
    element("span", { class: "label" }, label),
    element("span", { class: "bar", "aria-hidden": "true", "--share": String(score) }),
    element("span", { class: "number" }, percent(score)),
  );
}
