// Requests to the server.

/** The path of a method of a model. */
export function pathOf(model, method) {
  return `/v1/models/${encodeURIComponent(model.name)}:${method}`;
}

/** The models that are served. */
export async function listModels() {
  return (await read(await fetch("/v1/models"))).models;
}

/** The answer to a text, with all that the model can tell. */
export async function answer(model, text, signal) {
  return (await answers(model, [text], signal, { detailed: true }))[0];
}

/** The answers to texts. */
export async function answers(model, texts, signal, options = {}) {
  return (await read(await post(pathOf(model, "answer"), { texts, ...options }, signal))).answers;
}

/** Calls `show` with each piece of a stream; resolves to the last event. */
export async function stream(model, body, show, signal) {
  const response = await post(pathOf(model, "stream"), body, signal);
  if (!response.ok) await read(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { finished: false };
    const events = (pending + value).split("\n\n");
    pending = events.pop();
    for (const event of events) {
      const [name, data] = parse(event);
      if (name === "error") throw new Error(data.error);
      if (name === "end") return data;
      show(data.text);
    }
  }
}

function parse(event) {
  const fields = Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s, 2)));
  return [fields.event ?? "message", JSON.parse(fields.data)];
}

function post(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function read(response) {
  const value = await response.json();
  if (!response.ok) throw new Error(value.error);
  return value;
}
