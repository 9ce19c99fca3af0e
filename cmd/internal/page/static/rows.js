// Predict from a row of a table: a field for each column, and the answer beside it.
import { get, post, query } from "./api.js";
import { h, number, percent, guarded } from "./ui.js";

const most = 100; // fields

/** show offers the runs that were trained on a table. draw, if given, switches to drawings. */
export async function show(main, runs, first, draw) {
  const select = h("select", { "aria-label": "Network" }, runs.map((r) => h("option", { value: r.id, selected: r.id === first }, `${r.model} · ${r.id.slice(-20)}`)));
  const place = h("div", { class: "stack" });
  const load = guarded(async () => {
    place.replaceChildren(...form(await get("runs/" + encodeURIComponent(select.value))));
  });
  select.addEventListener("change", load);
  main.append(h("div", { class: "row between" },
    h("div", {}, h("h1", {}, "Predict from a row"), h("p", { class: "soft" }, "This network was trained on a table. Give a value for each column.")),
    h("div", { class: "row" }, select, draw ? h("button", { type: "button", id: "draw-instead", onclick: draw }, "Draw a digit") : null)), place);
  await load();
}

/** form is a field for each column, and the answer. */
function form({ id, schema }) {
  if (schema.columns.length > most) return [h("p", { class: "card" }, `The table has ${schema.columns.length} columns. Use a terminal: stheno predict ${id} FILE.csv`)];
  const fields = schema.columns.map((c) => [c, field(c)]);
  const answer = h("section", { class: "card", "aria-label": "Answer", id: "answer" }), fault = h("p", { class: "fault", role: "alert" });
  let turn = 0;
  const ask = async () => {
    const mine = ++turn, lacks = fields.find(([c, f]) => !c.texts && !c.fill && f.value.trim() === "");
    fault.textContent = lacks ? `${lacks[0].name}: give a number` : "";
    if (lacks) return;
    const x = fields.map(([, f]) => (f.value.trim() === "" ? null : f.dataset.text ? f.value : Number(f.value)));
    try {
      const { runs } = await post("predict?" + query({ run: id }), { x });
      if (mine === turn) answer.replaceChildren(...told(runs[0], schema));
    } catch (e) {
      if (mine === turn) fault.textContent = e.message;
    }
  };
  for (const [, f] of fields) f.addEventListener("input", ask);
  ask();
  return [h("section", { class: "card", "aria-label": "Row" }, h("div", { class: "fields" }, fields.map(([c, f]) => h("label", {}, c.name, f))), fault), answer];
}

/** field takes a value: one of the texts, or a number, which begins as the mean. */
function field(c) {
  if (c.texts) return h("select", { "data-text": "1" }, c.texts.map((t) => h("option", { value: t }, t)));
  return h("input", { type: "number", step: "any", value: number((c.base ?? 0) + c.scale.mean, 4) });
}

/** told shows an answer: the class with all outputs, or the numbers. */
function told(a, schema) {
  if (a.values) return [h("dl", { class: "facts" }, a.targets.map((name, i) => h("div", {}, h("dt", {}, name), h("dd", {}, number(a.values[i], 5)))))];
  return [h("p", { class: "verdict small" }, schema.classes[a.digit]),
    h("dl", { class: "facts" }, schema.classes.slice(0, most).map((name, i) => h("div", {}, h("dt", {}, name), h("dd", {}, percent(a.p[i], 1)))))];
}
