// A training step op by op: the graph with its backward pass, the result of each op on a mini-batch, and the same step by hand.
import { get, query } from "./api.js";
import { h, called, number, bytes, paint, signed, guarded } from "./ui.js";
import { histogram } from "./chart.js";

let chosen;

export async function show(main) {
  const { runs, default: first } = await get("runs"), usable = runs.filter((r) => r.saved);
  if (!usable.length) {
    main.append(h("p", { class: "card" }, "No runs yet. Train a network, here or in a terminal."));
    return;
  }
  chosen = usable.some((r) => r.id === chosen) ? chosen : first;
  const picture = h("div", { class: "picture", id: "picture" }), detail = h("section", { class: "card", "aria-live": "polite", "aria-label": "Op" }), hand = h("section", { class: "card", "aria-label": "By hand" });
  const select = h("select", { "aria-label": "Network", onchange: () => { chosen = select.value; load(); } }, usable.map((r) => h("option", { value: r.id, selected: r.id === chosen }, `${r.model} · ${called(r)}`)));
  main.append(h("div", { class: "row between" }, h("div", {}, h("h1", {}, "One step of training"), h("p", { class: "soft" }, "Blue goes forward to the cost, orange comes back from it. Choose an op to see its formula and numbers.")), select),
    h("div", { class: "gradient" }, picture, h("div", { class: "stack" }, detail, hand)));
  const load = guarded(async () => {
    picture.replaceChildren(h("p", { class: "soft" }, "Computing a step…"));
    for (const card of [detail, hand]) card.replaceChildren();
    let step;
    try {
      step = await get("gradient?" + query({ run: chosen }));
    } catch (e) {
      picture.replaceChildren(h("p", { class: "fault", role: "alert" }, e.message));
      return;
    }
    draw(picture, step, (i) => tell(detail, step, i));
    tell(detail, step, step.boxes.findIndex((b) => b.role === "cost"));
    byHand(hand, step);
  });
  await load();
}

/** draw puts the picture into a shadow tree, so that its style does not mix with the page's. The page's policy allows a style only in this way. */
function draw(place, step, choose) {
  const svg = document.importNode(new DOMParser().parseFromString(step.svg.replace(/<style>[\s\S]*?<\/style>/, ""), "image/svg+xml").documentElement, true);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(step.svg.match(/<style>([\s\S]*?)<\/style>/)[1].replace(/&gt;/g, ">") +
    "[data-box]{cursor:pointer}[data-box]:focus-visible{outline:3px solid #e07a1f;outline-offset:2px}[aria-pressed=true]>rect{stroke-width:4}");
  const holder = h("div", {}), root = holder.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(svg);
  for (const box of svg.querySelectorAll("[data-box]")) {
    const i = Number(box.dataset.box);
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "button");
    box.setAttribute("aria-label", step.boxes[i].label + (step.boxes[i].of ? `, gradient of ${step.boxes[i].of}` : ""));
    const pick = () => {
      svg.querySelector("[aria-pressed=true]")?.setAttribute("aria-pressed", "false");
      box.setAttribute("aria-pressed", "true");
      choose(i);
    };
    box.addEventListener("click", pick);
    box.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); pick(); } });
  }
  place.replaceChildren(holder);
}

/** tell shows a box: its formula, its rule, its numbers. */
function tell(place, step, i) {
  const b = step.boxes[i];
  if (!b) return;
  const what = { input: "An input", parameter: "A parameter", forward: "An op of the forward pass", cost: "The cost", backward: "An op of the backward pass", gradient: `The gradient of ${b.of}` }[b.role];
  const parts = [h("h2", {}, what), h("h3", { class: "mono", id: "op" }, b.label), h("p", { class: "soft small" }, b.shape?.length ? "shape " + b.shape.join(" × ") : "one number")];
  if (b.formula) parts.push(h("p", { class: "formula" }, b.formula));
  if (b.rule) parts.push(h("h2", {}, "Its gradient"), h("p", { class: "formula" }, b.rule));
  if (b.histogram) {
    parts.push(h("h2", {}, `On a mini-batch of ${step.batch}`), h("p", { class: "mono small" }, b.first.map((v) => number(v, 4)).join("  "), b.rows * b.cols > b.first.length ? " …" : ""));
    if (b.rows * b.cols > 1) {
      const canvas = paint(h("canvas", { class: "pixels", role: "img", "aria-label": "The numbers as colors: orange is positive, blue negative" }), bytes(b.values), b.cols, b.rows, signed());
      canvas.style.width = Math.min(100, Math.max(24, b.cols * 2)) + "%";
      canvas.style.maxHeight = "260px";
      parts.push(canvas, histogram(`‖·‖ = ${number(b.norm, 4)}`, b.role === "backward" || b.role === "gradient" ? "g" : "w", b.histogram));
    }
  }
  place.replaceChildren(...parts);
}

function byHand(place, step) {
  if (step.hand_error) {
    place.replaceChildren(h("h2", {}, "By hand"), h("p", { class: "soft small" }, step.hand_error));
    return;
  }
  place.replaceChildren(h("h2", {}, "The same step by hand"),
    h("p", { class: "small" }, `${step.hand}, in float64. The largest difference of the gradients, and of the weights after the step, relative to the largest number of the tensor.`),
    h("div", { class: "scroll" }, h("table", { id: "hand" }, h("thead", {}, h("tr", {}, ["tensor", "gradient", "weights"].map((t, i) => h("th", { scope: "col", class: i ? "num" : "" }, t)))),
      h("tbody", {}, step.tensors.map((t) => h("tr", {}, h("td", { class: "mono" }, t.tensor), h("td", { class: "num" }, number(t.rel_grad, 2)), h("td", { class: "num" }, number(t.rel_weight, 2))))))));
}
