// The page: a model is chosen by the part of the address after #, and answers while one types.

import { listModels, pathOf } from "./api.js";
import { element } from "./dom.js";

const DELAY = 200; // milliseconds without a key before the model is asked
const byId = (id) => document.getElementById(id);
const [name, about, text, controls, status, place] = ["name", "about", "text", "controls", "status", "answer"].map(byId);

let models = [];
let shown = null; // { model, widget }
let asking = new AbortController();
let timer = 0;

async function start() {
  try {
    models = await listModels();
  } catch (error) {
    name.textContent = "nlpseq";
    say(`The server does not answer: ${error.message}`, "problem");
    return;
  }
  text.addEventListener("input", later);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", choose);
  await choose();
}

/** Shows the model in the address, or the first. */
async function choose() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const model = models.find((model) => model.name === wanted) ?? models[0];
  stop();
  const { widget } = await import(`./widgets/${model.widget}.js`);
  shown = { model, widget: widget(model, ask) };
  document.title = `${model.name} – nlpseq`;
  name.textContent = model.name;
  about.replaceChildren(...described(model));
  byId("text-label").textContent = shown.widget.label ?? capitalized(model.input);
  controls.replaceChildren(...(shown.widget.controls ?? []));
  byId("models").replaceChildren(...(models.length > 1 ? models.map((other) => link(other, other === model)) : []));
  place.replaceChildren();
  await ask();
}

function link(model, current) {
  return element("a", { href: `#${encodeURIComponent(model.name)}`, "aria-current": current && "page" }, model.name);
}

function capitalized(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What a model is, in a line. */
function described(model) {
  const scores = Object.entries(model.scores).slice(0, 2);
  const facts = [
    model.task.replaceAll("_", " "),
    `version ${model.version}`,
    `trained on ${model.data.name}`,
    ...scores.map(([metric, value]) => `${metric.replaceAll("_", " ")} ${value.toFixed(3)}`),
  ];
  const parts = [element("span", {}, facts.join(" · "))];
  if (model.data.generated) {
    parts.push(element("span", { class: "warning" }, "The training data are generated: it knows little of real data."));
  }
  return parts;
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, DELAY);
}

function stop() {
  clearTimeout(timer);
  asking.abort();
  asking = new AbortController();
}

/** Asks the model, and shows its answer; an earlier question is given up. */
async function ask() {
  stop();
  const { signal } = asking;
  const { model, widget } = shown;
  byId("request").textContent = command(model, widget.request(text.value));
  if (!text.value.trim()) {
    place.replaceChildren();
    say("The answer appears here as you type.");
    return;
  }
  say("");
  place.setAttribute("aria-busy", "true");
  try {
    const summary = await widget.run(text.value, place, signal);
    if (!signal.aborted) say(summary, "spoken");
  } catch (error) {
    if (signal.aborted) return;
    place.replaceChildren();
    say(error.message, "problem");
  } finally {
    if (!signal.aborted) place.removeAttribute("aria-busy");
  }
}

/** Writes a sentence that is read out; a "spoken" one is not seen, because the answer shows it. */
function say(sentence, kind = "") {
  status.textContent = sentence;
  status.className = { spoken: "hidden", problem: "problem" }[kind] ?? "";
}

function command(model, { method, body }) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${method === "stream" ? "-N " : ""}-d '${quoted}' '${location.origin}${pathOf(model, method)}'`;
}

start();
