// The text goes on, token by token, as one types.

import { stream } from "../api.js";
import { element } from "../dom.js";

const LENGTH = { tokens: "tokens to add", low: 1, high: 300, step: 1, value: 60 };

export function widget(model, ask) {
  let seed = 0;
  let added = "";
  const temperature = slider("Temperature", 0.1, 2, 0.05, 0.8, ask, "lower is more probable, higher more varied");
  const top = slider("Top p", 0.05, 1, 0.05, 0.95, ask, "the most probable tokens that make up this share");
  const length = slider("Tokens", LENGTH.low, LENGTH.high, LENGTH.step, LENGTH.value, ask, LENGTH.tokens);
  const keep = element("button", { type: "button", onclick: take }, "Keep");
  const again = element("button", { type: "button", onclick: another }, "Another");

  function another() {
    seed += 1;
    ask();
  }

  function take() {
    const text = document.getElementById("text");
    text.value += added;
    text.focus();
    ask();
  }

  const body = (text) => ({
    text,
    temperature: temperature.value(),
    top_p: top.value(),
    length: length.value(),
    seed,
  });
  return {
    label: "Prompt",
    controls: [element("div", { class: "sliders" }, temperature.row, top.row, length.row)],
    request: (text) => ({ method: "stream", body: body(text) }),
    async run(text, place, signal) {
      added = "";
      const more = element("span", { class: "added" });
      const prompt = element("span", { class: "prompt" }, text);
      place.replaceChildren(element("p", { class: "completion" }, prompt, more), element("p", { class: "buttons" }, keep, again));
      const last = await stream(model, body(text), (piece) => {
        added += piece;
        more.textContent = added;
      }, signal);
      return `${added.trim()}${last.finished ? "" : " The time was over."}`;
    },
  };
}

function slider(name, low, high, step, value, changed, hint) {
  const output = element("output", {}, String(value));
  const input = element("input", { type: "range", min: low, max: high, step, value, title: hint, oninput: show, onchange: changed });
  function show() {
    output.textContent = input.value;
  }
  return { row: element("label", {}, element("span", {}, name), input, output), value: () => Number(input.value) };
}
