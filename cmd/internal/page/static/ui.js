// Small tools for the views.

/** h makes an element: h("p", {class: "soft"}, "text", child). Functions become listeners: {onclick: f}. */
export function h(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") e.addEventListener(key.slice(2), value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  e.append(...children.flat().filter((c) => c != null));
  return e;
}

/** s makes an SVG element. */
export function s(tag, attributes = {}, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

export const percent = (x, digits = 2) => (x == null ? "–" : (100 * x).toFixed(digits) + "%");

/** called is a run's name, or the end of its folder's name. */
export const called = (run) => run.name ?? run.id.slice(-20);

/** testAccuracy is a run's accuracy on the test images; null if there is none. */
export const testAccuracy = (run) => (run.test?.correct == null ? null : run.test.correct / run.test.total);

/** number is x with that many digits, without trailing zeros. */
export function number(x, digits = 4) {
  if (x == null) return "–";
  const text = x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(digits - 1) : Number(x).toPrecision(digits);
  return text.replace(/\.?0+(e|$)/, (zeros, end) => (text.includes(".") ? end : zeros));
}

export const count = (x) => Math.round(x).toLocaleString("en-US");

export function duration(seconds) {
  if (!isFinite(seconds)) return "–";
  if (seconds < 10) return seconds.toFixed(1) + " s";
  const n = Math.round(seconds);
  if (n < 60) return n + " s";
  if (n < 3600) return `${Math.floor(n / 60)} min ${n % 60} s`;
  return `${Math.floor(n / 3600)} h ${Math.floor((n % 3600) / 60)} min`;
}

let hide;

/** say shows a message for a while. */
export function say(message) {
  const toast = document.getElementById("toast");
  toast.textContent = message;
  clearTimeout(hide);
  hide = setTimeout(() => (toast.textContent = ""), 6000);
}

/** guarded is f, with its errors shown as messages. */
export const guarded = (f) => async (...args) => {
  try {
    return await f(...args);
  } catch (e) {
    say(e.message);
  }
};

/** bytes decodes a base64 text. */
export const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** color is a color from the style sheet as [r, g, b]. */
export function color(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const n = parseInt(text.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** mix is the color at t, from 0 to 1, between two. */
export const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);

/** gray shows bytes as MNIST has them: light on dark. */
export const gray = (v) => [v, v, v];

/** signed colors bytes: 128 is the background, above is positive, below is negative. */
export function signed() {
  const ground = color("--well"), up = color("--positive"), down = color("--negative");
  return (v) => mix(ground, v >= 128 ? up : down, Math.min(1, Math.abs(v - 128) / 127));
}

/** paint fills a canvas of w×h pixels, each colored by its byte; from is the first byte. */
export function paint(canvas, values, w, h, palette = gray, from = 0) {
  canvas.width = w;
  canvas.height = h;
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  for (let i = 0; i < w * h; i++) {
    image.data.set([...palette(values[from + i]), 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** badge shows a run's status. */
export const badge = (status) => h("span", { class: "badge " + status }, status);

/** remember writes the runs that a view shows into the address, unless the address already names another view that the reader is moving to. */
export function remember(view, ...runs) {
  if (location.hash.slice(1).split("/")[0] === view) history.replaceState(null, "", `#${view}/${runs.map(encodeURIComponent).join(",")}`);
}
