// One label, or several, with a bar for the score of each, and the words that lead to the first.

import { element, percent } from "../dom.js";
import { answering } from "./answering.js";
import { words } from "./words.js";

const FIRST = 8; // labels that are shown at once

export function widget(model) {
  const explain = (answer, text, signal) => words(model, first(answer), answer, text, signal);
  return answering(model, show, model.task === "classification" ? explain : null);
}

/** The label with the highest score. */
function first(answer) {
  return Object.entries(answer.scores).reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function show(answer) {
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
