// Elements of the page. Text is always set as text, never as markup.

/** An element with a class, attributes and children, which are elements or strings. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) made.style.setProperty(name, value);
    else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A number between 0 and 1 as a percentage. */
export function percent(value) {
  return `${(100 * value).toFixed(1)} %`;
}

/** A number with two digits after the point. */
export function decimal(value) {
  return value === null ? "–" : value.toFixed(2).replace("-", "\u2212");
}

/** The hue of the n-th of several things: neighbours are far apart. */
export function hue(number) {
  return String(Math.round(215 + number * 137.5) % 360);
}
