// Draw a digit; see what each network answers, what it saw, and what its layers computed.
import { get, post, remove, query } from "./api.js";
import { h, called, testAccuracy, paint, bytes, percent, number, say, guarded, color, mix, signed } from "./ui.js";
import { Pad } from "./pad.js";
import * as rows from "./rows.js";

const most = 4; // runs beside each other
let chosen = []; // kept when the reader leaves the view
let byRow; // show rows of a table; undefined: if the default run was trained on one

export async function show(main) {
  const { runs, default: first } = await get("runs"), saved = runs.filter((r) => r.saved);
  const usable = saved.filter((r) => r.data === "digits" || r.data === "pictures"), tables = saved.filter((r) => r.data === "table");
  if (tables.length && (byRow ?? tables.some((r) => r.id === first))) {
    await rows.show(main, tables, first, usable.length ? () => turn(main, false) : null);
    return;
  }
  chosen = chosen.filter((id) => usable.some((r) => r.id === id));
  if (!chosen.length && usable.length) chosen = [usable.find((r) => r.id === first)?.id ?? usable[0].id];
  if (!chosen.length && saved.length) {
    main.append(h("section", { class: "card" }, h("h1", {}, "No network reads drawings"),
      h("p", {}, "The networks here were trained on numbers, or on images that a drawing cannot be turned into. "), h("p", {}, "In a terminal, ", h("code", {}, "stheno predict RUN FILE.npz"), " predicts from such examples.")));
    return;
  }
  if (!chosen.length) {
    main.append(h("section", { class: "card" }, h("h1", {}, "No network yet"),
      h("p", {}, "A network must be trained before it can read a digit. A small one takes a few seconds: "),
      h("p", {}, h("a", { class: "button", href: "#train" }, "Train one")), h("p", { class: "soft" }, "or, in a terminal, ", h("code", {}, "stheno train sprint99"))));
    return;
  }
  const view = new View(main, usable);
  if (tables.length) view.choice.parentElement.prepend(h("button", { type: "button", id: "by-row", onclick: () => { view.leave(); turn(main, true); } }, "Rows of a table"));
  return view.leave;
}

/** turn changes between drawings and rows. */
async function turn(main, row) {
  byRow = row;
  main.replaceChildren();
  await show(main);
}

class View {
  constructor(main, runs) {
    this.runs = runs;
    this.picture = null; // a file, in place of a drawing
    this.busy = this.dirty = false;
    const canvas = h("canvas", { id: "pad", tabindex: 0, role: "img", "aria-label": "Canvas: draw a digit. With the keyboard, arrows move the pen, space puts it down and lifts it, backspace undoes a stroke, and escape clears the canvas." });
    this.hint = h("p", { class: "hint" }, "Draw a digit here, or drop or paste a picture");
    this.box = h("div", { class: "pad" }, canvas, this.hint);
    this.seen = h("canvas", { class: "pixels", width: 28, height: 28, role: "img", "aria-label": "What the network saw, 28 by 28 pixels" });
    this.answers = h("section", { class: "answers", "aria-label": "Answers" });
    this.fault = h("p", { class: "fault", role: "alert" });
    this.spoken = h("p", { class: "hidden", role: "status", id: "spoken" });
    this.collected = h("p", { class: "soft small" });
    const file = h("input", { type: "file", accept: "image/png,image/jpeg,image/gif", class: "hidden", tabindex: -1, "aria-label": "Picture", onchange: () => file.files[0] && this.take(file.files[0]) });
    this.label = h("div", { class: "digits", role: "group", "aria-label": "It should be" },
      [...Array(10).keys()].map((d) => h("button", { type: "button", onclick: guarded(() => this.collect(d)) }, d)));
    main.append(
      h("h1", { class: "hidden" }, "Draw a digit"),
      h("div", { class: "draw" },
        h("section", { class: "card pad-area", "aria-label": "Drawing" }, this.box,
          h("div", { class: "row" },
            h("button", { type: "button", id: "clear", onclick: () => this.clear() }, "Clear"),
            h("button", { type: "button", onclick: () => this.pad.undo() }, "Undo"),
            h("button", { type: "button", onclick: () => file.click() }, "Picture…"), file),
          this.fault),
        h("section", { class: "card more-area" },
          h("div", { class: "saw" }, this.seen, h("div", {}, h("h2", {}, "What it saw"),
            h("p", { class: "small soft" }, "The ink in a box of 20 × 20 pixels, centered by mass, light on dark, like the digits of MNIST."))),
          h("h2", {}, "It should be"), this.label, this.collected),
        h("div", { class: "stack answers-area" }, this.chooser(), this.answers, this.spoken)));
    this.pad = new Pad(canvas, () => this.changed());
    const drop = (e) => { e.preventDefault(); this.box.classList.toggle("over", e.type === "dragover"); if (e.dataTransfer.files[0]) this.take(e.dataTransfer.files[0]); };
    for (const type of ["dragover", "dragleave", "drop"]) this.box.addEventListener(type, drop);
    const paste = (e) => { const f = [...e.clipboardData.files].find((f) => f.type.startsWith("image/")); if (f) this.take(f); };
    document.addEventListener("paste", paste);
    const scheme = matchMedia("(prefers-color-scheme: dark)"), again = () => { this.pad.render(); if (this.last) this.show(this.last); };
    scheme.addEventListener("change", again);
    this.leave = () => { document.removeEventListener("paste", paste); scheme.removeEventListener("change", again); };
    this.layout();
    guarded(async () => this.tell(await get("drawings")))();
  }

  chooser() {
    this.choice = h("div", { class: "row" });
    return h("section", { "aria-label": "Networks" }, this.choice);
  }

  /** layout makes a card for each chosen run. */
  layout() {
    const right = (r) => testAccuracy(r) ?? r.best?.val_acc;
    const name = (r) => [r.model, called(r), ...(right(r) ? [percent(right(r), 1)] : [])].join(" · ");
    const options = (picked) => this.runs.map((r) => h("option", { value: r.id, selected: r.id === picked }, name(r)));
    const pick = (i) => (e) => { chosen[i] = e.target.value; this.layout(); this.changed(); };
    this.choice.replaceChildren(
      ...chosen.map((id, i) => h("span", { class: "row" }, h("select", { "aria-label": `Network ${i + 1}`, onchange: pick(i) }, options(id)),
        i > 0 ? h("button", { type: "button", "aria-label": `Leave network ${i + 1} out`, onclick: () => { chosen.splice(i, 1); this.layout(); this.changed(); } }, "×") : null)),
      chosen.length < Math.min(most, this.runs.length)
        ? h("button", { type: "button", id: "beside", onclick: () => { chosen.push(this.runs.find((r) => !chosen.includes(r.id))?.id ?? chosen[0]); this.layout(); this.changed(); } }, "+ another beside it") : "");
    this.cards = chosen.map((id) => new Answer(this.runs.find((r) => r.id === id)));
    this.answers.replaceChildren(...this.cards.map((c) => c.element));
  }

  clear() { this.picture = null; this.pad.clear(); }

  take(file) {
    const image = new Image();
    image.onload = () => { this.picture = file; this.pad.put(image); URL.revokeObjectURL(image.src); };
    image.onerror = () => say(`${file.name || "The picture"} cannot be displayed; use a PNG, JPEG or GIF`);
    image.src = URL.createObjectURL(file);
  }

  /** changed asks for an answer. While one is under way, only the last change counts. */
  async changed() {
    this.hint.hidden = !this.pad.empty;
    if (this.pad.strokes.length) this.picture = null;
    if (this.busy) { this.dirty = true; return; }
    this.busy = true;
    do {
      this.dirty = false;
      try {
        await this.ask();
        this.fault.textContent = "";
      } catch (e) {
        this.fault.textContent = e.message;
      }
    } while (this.dirty);
    this.busy = false;
  }

  body() { return this.picture ?? this.pad.blob(); }

  async ask() {
    if (this.pad.empty) {
      this.last = null;
      this.seen.getContext("2d").clearRect(0, 0, 28, 28);
      this.cards.forEach((c) => c.reset());
      this.spoken.textContent = "";
      return;
    }
    const body = await this.body();
    this.show(await post("predict?" + query({ run: chosen, layers: 1 }), body, body.type || "image/png"));
  }

  show(answer) {
    this.last = answer;
    if (answer.seen) paint(this.seen, bytes(answer.seen), 28, 28);
    else this.seen.getContext("2d").clearRect(0, 0, 28, 28);
    answer.runs.forEach((r, i) => this.cards[i]?.show(r));
    this.spoken.textContent = answer.runs.map((r) => (r.values ? "an image" : r.digits ? inRow(r.digits) : `${r.class ?? r.digit}, ${percent(r.p[r.digit], 0)}`)).join("; ");
  }

  async collect(digit) {
    if (this.pad.empty) { say("Draw a digit first"); return; }
    const body = await this.body();
    this.tell(await post("drawings?" + query({ label: digit }), body, body.type || "image/png"));
    this.clear();
    say(`Kept as a ${digit}`);
  }

  tell(d) {
    if (!d.count) { this.collected.replaceChildren("Label a drawing, and it is kept for measuring networks."); return; }
    this.collected.replaceChildren(`${d.count} ${d.count === 1 ? "drawing" : "drawings"} kept. `,
      h("code", {}, `stheno eval RUN --data ${d.folder}`), " measures a network on them. ",
      h("button", { type: "button", onclick: guarded(async () => this.tell(await remove("drawings"))) }, "Remove the last"));
  }
}

/** inRow is the digits of a picture, in reading order. */
function inRow(digits) { return digits.map((d) => d.digit).join(" "); }

/** Answer is the card of one run. */
class Answer {
  constructor(run) {
    this.verdict = h("p", { class: "verdict" }, "–");
    this.sure = h("p", { class: "sure" }, " ");
    this.list = h("ol", { class: "bars", "aria-label": "Output for each class" });
    this.outputs([...Array(10).keys()]);
    this.rebuilt = h("canvas", { class: "pixels", role: "img", "aria-label": "What the network makes of what it saw" });
    this.rebuilt.hidden = true;
    this.layers = h("div", { class: "layers" });
    this.inside = h("details", { open: true }, h("summary", {}, "Inside"), this.layers);
    this.inside.hidden = true;
    this.element = h("article", { class: "card", "aria-label": run.id }, h("div", { class: "row between" }, h("h3", {}, run.model), h("span", { class: "small soft mono" }, called(run))),
      h("div", { class: "answer" }, h("div", {}, this.verdict, this.sure), this.list, this.rebuilt), this.inside);
  }

  /** outputs makes a bar for each class. */
  outputs(names) {
    if (this.bars?.length === names.length) return;
    this.bars = names.map((d) => {
      const fill = h("i"), value = h("span", { class: "num" }, "");
      return { item: h("li", {}, h("span", {}, d), h("span", { class: "bar", "aria-hidden": "true" }, fill), value), fill, value };
    });
    this.list.classList.toggle("named", names.some((n) => String(n).length > 1));
    this.list.replaceChildren(...this.bars.map((b) => b.item));
  }

  reset() {
    this.verdict.textContent = "–";
    this.verdict.classList.remove("several");
    this.sure.textContent = " ";
    for (const b of this.bars) { b.fill.style.transform = "scaleX(0)"; b.value.textContent = ""; b.item.classList.remove("top"); }
    this.layers.replaceChildren();
    this.inside.hidden = this.rebuilt.hidden = true;
  }

  /** show shows an answer: a class with the outputs for all, or what an autoencoder made of its input. */
  show(answer) {
    this.inside.hidden = false;
    this.layers.replaceChildren(...answer.layers.map(layer));
    if (answer.values) this.paint(answer.values);
    else this.tell(answer);
  }

  paint(values) {
    const side = Math.sqrt(values.length);
    this.verdict.hidden = this.sure.hidden = this.list.hidden = true;
    this.rebuilt.hidden = false;
    paint(this.rebuilt, values.map((v) => 255 * v), side, side);
  }

  tell(answer) {
    const sum = answer.p.reduce((a, b) => a + b, 0);
    this.outputs(answer.classes ?? [...answer.p.keys()]);
    this.verdict.textContent = answer.digits ? inRow(answer.digits) : answer.digit < 0 ? "?" : (answer.class ?? answer.digit);
    this.verdict.classList.toggle("several", !!answer.digits);
    this.verdict.classList.toggle("small", Boolean(answer.class));
    this.sure.textContent = (answer.digits ? `${answer.digit}: ` : "") + (Math.abs(sum - 1) < 1e-3 ? percent(answer.p[answer.digit], 1) + " sure" : "output " + number(answer.p[answer.digit], 3));
    this.bars.forEach((b, d) => {
      const p = answer.p[d] ?? 0;
      b.fill.style.transform = `scaleX(${Math.min(1, Math.max(0, p))})`;
      b.value.textContent = p.toFixed(3);
      b.item.classList.toggle("top", d === answer.digit);
    });
  }
}

/** layer shows a layer's output: maps as images, neurons as a strip. */
function layer(l) {
  const values = bytes(l.values), [maps, rows, cols] = l.shape.length === 3 ? l.shape : [1, ...strip(values.length)];
  const palette = shades(l), box = h("div", { class: "maps" });
  const what = l.shape.length === 3 ? `${maps} maps of ${rows} × ${cols}` : `${values.length} units`;
  const scale = l.shape.length !== 3 ? 12 : cols >= 18 ? 2 : cols >= 10 ? 3 : cols >= 6 ? 4 : 5;
  for (let i = 0; i < Math.min(maps, 64); i++) {
    const c = paint(h("canvas", { class: "pixels" }), values, cols, rows, palette, i * rows * cols);
    c.style.width = cols * scale + "px";
    c.style.height = "auto";
    c.setAttribute("aria-hidden", "true");
    box.append(c);
  }
  return h("div", { class: "layer" }, h("p", {}, h("strong", { class: "mono" }, l.layer), h("span", { class: "soft" }, what, maps > 64 ? ", 64 shown" : "", ` · ${number(l.min, 3)} to ${number(l.max, 3)}`)), box);
}

/** strip is n units as rows and columns. */
function strip(n) {
  const cols = Math.min(n, 50);
  return [Math.ceil(n / cols), cols];
}

/** shades colors a layer's bytes: from the background to the accent color, or in both directions from zero if there are negative numbers. */
function shades({ min, max }) {
  const ground = color("--well"), top = color("--accent");
  if (min >= 0) return (v) => (v === undefined ? ground : mix(ground, top, ((v / 255) * (max - min) + min) / (max || 1)));
  const both = signed(), size = Math.max(-min, max);
  return (v) => (v === undefined ? ground : both(128 + (127 * (min + (v / 255) * (max - min))) / size));
}
