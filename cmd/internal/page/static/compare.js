// Compare runs: the settings that differ, overlaid curves, and what each run confuses and misreads.
import { get, query } from "./api.js";
import { h, badge, called, testAccuracy, percent, number, paint, bytes, color, mix, guarded, remember } from "./ui.js";
import { lines, curves, short } from "./chart.js";

const most = 8; // runs, which is how many colors there are
let chosen = null;

export async function show(main, ids) {
  const { runs } = await get("runs");
  const usable = runs.filter((r) => r.status !== "broken");
  if (ids) chosen = ids.split(",");
  chosen = (chosen ?? usable.slice(0, 2).map((r) => r.id)).filter((id) => usable.some((r) => r.id === id)).slice(0, most);
  if (!usable.length) {
    main.append(h("p", { class: "card" }, "No runs yet. Train a network, here or in a terminal."));
    return;
  }
  const view = new View(main, usable, (await get("models")).exports);
  await view.change();
}

class View {
  constructor(main, runs, exports) {
    this.main = main;
    this.runs = runs;
    this.exports = exports;
    this.known = {};
    this.by = null; // the column that the table is sorted by
    this.table = h("div", { class: "scroll" });
    this.charts = h("div", { class: "charts" });
    this.tests = h("div", { class: "stack" });
    const box = (r) => h("label", { class: "check" }, h("input", { type: "checkbox", value: r.id, checked: chosen.includes(r.id), onchange: guarded((e) => this.toggle(e.target)) }),
      h("span", {}, `${r.model} `, h("span", { class: "soft small mono" }, called(r)), " ", r.status === "done" ? "" : badge(r.status)));
    main.append(h("h1", { class: "hidden" }, "Compare runs"),
      h("details", { class: "card", open: true }, h("summary", {}, `Runs, up to ${most}`), h("div", { class: "fields wide" }, runs.map(box))),
      h("section", { class: "card", "aria-label": "Settings" }, h("h2", {}, "Settings that differ"), this.table),
      h("section", { class: "card", "aria-label": "Curves" }, this.charts), this.tests);
  }

  async toggle(box) {
    if (box.checked && chosen.length >= most) { box.checked = false; return; }
    chosen = box.checked ? [...chosen, box.value] : chosen.filter((id) => id !== box.value);
    await this.change();
  }

  async change() {
    remember("compare", ...chosen);
    await Promise.all(chosen.filter((id) => !this.known[id]).map(async (id) => (this.known[id] = await get("runs/" + encodeURIComponent(id)))));
    this.list = chosen.map((id) => this.known[id]);
    this.settings();
    this.draw();
    this.testing();
  }

  /** name is a run's model, with the run's name if several runs have that model. */
  name(r) { return this.list.filter((o) => o.model === r.model).length > 1 ? `${r.model} ${r.name ?? r.id.slice(-4)}` : r.model; }

  settings() {
    const ignored = new Set(["event", "run", "first_epoch", "data_sha256", "model"]), keys = new Set(this.list.flatMap((r) => Object.keys(r.settings ?? {})));
    const differ = [...keys].filter((k) => !ignored.has(k) && new Set(this.list.map((r) => JSON.stringify(r.settings?.[k]))).size > 1);
    const columns = [
      ["run", (r) => this.name(r)], ...differ.map((k) => [k, (r) => r.settings?.[k]]),
      ["epochs so far", (r) => r.epochs.length], ["best validation", (r) => (r.settings?.validation ? r.best?.val_acc : null), percent], ["test", testAccuracy, percent],
      ...(this.list.some((r) => r.test?.mae != null) ? [["test, mean abs. error", (r) => r.test?.mae], ["test, R²", (r) => r.test?.r2]] : []),
    ];
    const rows = this.list.map((r) => ({ run: r, cells: columns.map(([, value]) => value(r)) }));
    if (this.by) {
      const i = columns.findIndex(([name]) => name === this.by.name), sign = this.by.up ? 1 : -1;
      rows.sort((a, b) => sign * (a.cells[i] > b.cells[i] ? 1 : a.cells[i] < b.cells[i] ? -1 : 0));
    }
    const sort = (name) => () => { this.by = { name, up: this.by?.name === name ? !this.by.up : true }; this.settings(); this.table.querySelector(`[data-column="${name}"]`).focus(); };
    const ordered = (name) => (this.by?.name === name ? (this.by.up ? "ascending" : "descending") : "none");
    this.table.replaceChildren(h("table", { id: "settings" },
      h("thead", {}, h("tr", {}, columns.map(([name]) => h("th", { "aria-sort": ordered(name), scope: "col" }, h("button", { type: "button", "data-column": name, onclick: sort(name) }, name.replace("_", " "), { ascending: " ↑", descending: " ↓", none: "" }[ordered(name)]))))),
      h("tbody", {}, rows.map(({ cells }) => h("tr", {}, cells.map((c, i) => h("td", { class: typeof c === "number" ? "num" : "" }, columns[i][2] ? columns[i][2](c) : c == null ? "–" : typeof c === "number" && !Number.isInteger(c) ? number(c, 6) : String(c))))))));
  }

  draw() {
    const all = (key) => this.list.flatMap((r, i) => curves(this.name(r), i, r.epochs, key));
    const counted = this.list.some((r) => !r.epochs.length || r.epochs.some((e) => e.train_acc != null));
    this.charts.replaceChildren(...(counted ? [lines("Accuracy", all("acc"), { format: short })] : []), lines("Cost", all("loss")));
  }

  /** testing lets a run read the test images once its section is opened. */
  testing() {
    this.tests.replaceChildren(...this.list.filter((r) => r.saved).map((r) => {
      const place = h("div", { class: "stack" }, h("p", { class: "soft" }, "Reading the test images…"));
      const exports = this.exports.map((as) => h("a", { class: "button", href: `/api/runs/${encodeURIComponent(r.id)}/export?` + query({ as }), download: `${r.id}.${as}` }, "." + as));
      const details = h("details", { class: "card", "data-test": r.id, ontoggle: guarded(async () => {
        if (!details.open || details.loaded) return;
        details.loaded = true;
        try {
          place.replaceChildren(...tested(await get(`runs/${encodeURIComponent(r.id)}/test`)));
        } catch (e) {
          details.loaded = false;
          place.replaceChildren(h("p", { class: "fault" }, e.message));
        }
      }) }, h("summary", {}, `${this.name(r)}: confusion, misread digits, export`), h("div", { class: "row" }, h("span", { class: "soft small" }, "Export as"), exports), place);
      return details;
    }));
  }
}

/** tested shows a run's results on the test images. */
function tested(t) {
  if (t.mae !== undefined) {
    return [h("p", {}, `${t.total.toLocaleString("en-US")} test examples: mean absolute error ${number(t.mae)}, R² ${number(t.r2)}.`),
      ...(t.targets.length > 1 ? [h("ul", {}, t.targets.map((o) => h("li", {}, `${o.target}: mean absolute error ${number(o.mae)}, R² ${number(o.r2)}`)))] : [])];
  }
  if (!t.confusion) return [h("p", {}, `${t.total.toLocaleString("en-US")} test images: a loss of ${number(t.loss)}.`)];
  const name = (c) => t.classes[c] ?? c, what = t.rows ? "test images" : "test examples";
  const wrong = Math.max(1, ...t.confusion.flatMap((row, i) => row.filter((_, j) => j !== i))), classes = t.confusion.length;
  const ground = color("--well"), hit = color("--accent"), miss = color("--positive");
  const columns = [...Array(classes).keys()].map((j) => t.confusion.reduce((sum, row) => sum + row[j], 0));
  const cell = (row, i) => (n, j) => {
    const all = row.reduce((a, b) => a + b, 0) || 1;
    const td = h("td", { class: i === j ? "hit" : "" }, n || "");
    td.style.background = `rgb(${(i === j ? mix(ground, hit, n / all) : mix(ground, miss, Math.sqrt(n / wrong) * 0.85)).join(" ")})`;
    return td;
  };
  const matrix = h("table", { class: "matrix" }, h("caption", { class: "hidden" }, "Confusion: a row is a class, a column an answer"),
    h("thead", {}, h("tr", {}, h("th", {}, ""), columns.map((_, j) => h("th", { scope: "col" }, name(j))), h("th", { scope: "col", class: "wide" }, "recall"))),
    h("tbody", {}, t.confusion.map((row, i) => h("tr", {}, h("th", { scope: "row" }, name(i)), row.map(cell(row, i)), h("td", { class: "plain" }, percent(row[i] / (row.reduce((a, b) => a + b, 0) || 1), 1)))),
      h("tr", {}, h("th", { scope: "row" }, "precision"), columns.map((n, j) => h("td", { class: "plain small" }, percent(n ? t.confusion[j][j] / n : null, 1))), h("td", { class: "plain" }, ""))));
  const by = [...Array(classes).keys()].map((d) => [d, t.misread.filter((m) => m.label === d)]).filter(([, list]) => list.length);
  const read = (m) => (m.answer == null ? "–" : name(m.answer));
  const image = (m) => h("li", {}, m.image ? paint(h("canvas", { class: "pixels", role: "img", "aria-label": `Test image ${m.index}, a ${name(m.label)} read as ${read(m)}` }), bytes(m.image), t.cols, t.rows) : `${m.index}: `,
    h("span", {}, `read ${read(m)}, ${number(m.p, 2)}`));
  return [
    h("p", {}, `${t.correct.toLocaleString("en-US")} of ${t.total.toLocaleString("en-US")} ${what} read right: ${percent(t.accuracy)}, 95% interval ${percent(t.low)} to ${percent(t.high)}.`),
    h("div", { class: "scroll" }, matrix),
    h("h3", {}, t.misread.length < t.misread_all ? `Misread: ${t.misread_all}, the ${t.misread.length} with the most confidence below` : `Misread: ${t.misread_all}`),
    ...by.map(([d, list]) => h("section", { class: "stack" }, h("h2", {}, `${name(d)}: ${list.length}`), h("ul", { class: "misread" }, list.map(image)))),
  ];
}
