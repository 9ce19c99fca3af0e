// A chart of lines, drawn as a picture: validation solid, training dashed, one color a run.
import { h, s, number, percent } from "./ui.js";

const [width, height, left, right, top, bottom] = [460, 260, 50, 12, 10, 34];

/** short is a percentage without a needless digit. */
export const short = (x) => percent(x, 1).replace(".0%", "%");

/** ticks are round numbers from low to high, about n of them. */
export function ticks(low, high, n = 5) {
  const rough = (high - low) / n || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough);
  const list = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) list.push(i * step);
  return list;
}

/**
 * lines draws series {name, color, dashed, points: [[x, y], …]}; a null y is a gap. format writes the numbers of the y axis. A description in
 * words is for those who cannot see the chart.
 */
export function lines(title, series, { format = (v) => number(v, 3), x: xName = "epoch" } = {}) {
  const drawn = series.map((l) => ({ ...l, points: l.points.filter((p) => p[1] != null && isFinite(p[1])) })).filter((l) => l.points.length);
  const box = h("figure", { class: "chart" });
  box.style.margin = 0;
  box.append(h("figcaption", {}, h("h2", {}, title)));
  if (!drawn.length) {
    box.append(h("p", { class: "soft" }, "Nothing yet: the first epoch has not ended."));
    return box;
  }
  const xs = drawn.flatMap((l) => l.points.map((p) => p[0])), ys = drawn.flatMap((l) => l.points.map((p) => p[1]));
  const [x0, x1] = [Math.min(...xs), Math.max(Math.min(...xs) + 1, ...xs)];
  let [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  const room = (y1 - y0) * 0.06 || Math.abs(y1) * 0.05 || 1;
  [y0, y1] = [y0 - room, y1 + room];
  const X = (x) => left + ((x - x0) / (x1 - x0)) * (width - left - right), Y = (y) => height - bottom - ((y - y0) / (y1 - y0)) * (height - top - bottom);
  const words = drawn.map((l) => `${l.name}: ${format(l.points[0][1])} to ${format(l.points.at(-1)[1])}`).join("; ");
  const picture = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. ${words}` });
  for (const y of ticks(y0, y1)) {
    picture.append(s("line", { class: "grid", x1: left, x2: width - right, y1: Y(y), y2: Y(y) }), s("text", { x: left - 8, y: Y(y) + 4, "text-anchor": "end" }, format(y)));
  }
  for (const x of ticks(x0, x1, 6).filter(Number.isInteger)) picture.append(s("text", { x: X(x), y: height - bottom + 20, "text-anchor": "middle" }, x));
  picture.append(s("text", { x: width - right, y: height - 1, "text-anchor": "end" }, xName));
  for (const l of drawn) {
    picture.append(s("polyline", { class: `k${l.color % 8}${l.dashed ? " dashed" : ""}`, points: l.points.map((p) => `${X(p[0]).toFixed(1)},${Y(p[1]).toFixed(1)}`).join(" ") }));
    const last = l.points.at(-1);
    picture.append(s("circle", { class: `k${l.color % 8}`, cx: X(last[0]), cy: Y(last[1]), r: l.dashed ? 2.2 : 3.4 }));
  }
  const legend = h("ul", { class: "legend" }, drawn.map((l) =>
    h("li", {}, s("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, s("line", { class: `k${l.color % 8}`, x1: 1, x2: 25, y1: 5, y2: 5, "stroke-width": 2.4, ...(l.dashed ? { "stroke-dasharray": "4 4" } : {}) })), l.name)));
  box.append(picture, legend);
  return box;
}

/** curves are the series of a run's epochs: key is "acc" or "loss". */
export function curves(name, color, epochs, key) {
  return [
    { name: `${name}, validation`, color, points: epochs.map((e) => [e.epoch, e["val_" + key]]) },
    { name: `${name}, training`, color, dashed: true, points: epochs.map((e) => [e.epoch, e["train_" + key]]) },
  ];
}

/** histogram draws counts between two numbers. */
export function histogram(label, kind, { min, max, counts }) {
  const most = Math.max(...counts, 1), w = 240 / counts.length;
  const picture = s("svg", { viewBox: "0 0 240 64", preserveAspectRatio: "none", role: "img", "aria-label": `${label}, from ${number(min, 3)} to ${number(max, 3)}` });
  counts.forEach((c, i) => picture.append(s("rect", { class: kind, x: i * w, width: Math.max(0.5, w - 0.6), y: 64 - (60 * c) / most, height: (60 * c) / most })));
  return h("div", { class: "histogram" }, picture, h("div", { class: "ends" }, h("span", {}, number(min, 3)), h("span", {}, label), h("span", {}, number(max, 3))));
}
