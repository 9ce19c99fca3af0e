// Watch trainings, including those started in a terminal, and look into their layers.
import { get, follow } from "./api.js";
import { h, badge, percent, number, count, duration, bytes, paint, signed, guarded, remember } from "./ui.js";
import { lines, curves, histogram, short } from "./chart.js";

const often = 3000; // milliseconds between two looks at the runs' folder

export async function show(main, id) {
  const view = new View(main);
  await view.refresh();
  if (!main.isConnected) return;
  view.choose(view.runs.find((r) => r.id === id) ?? view.runs.find((r) => r.status === "running") ?? view.runs[0]);
  const timer = setInterval(guarded(() => view.refresh()), often);
  return () => { clearInterval(timer); view.stop(); };
}

class View {
  constructor(main) {
    this.stop = () => {};
    this.list = h("ul", { class: "runs" });
    this.detail = h("div", { class: "stack" });
    main.append(h("h1", { class: "hidden" }, "Watch trainings"),
      h("div", { class: "watch" }, h("section", { class: "card", "aria-label": "Runs" }, h("h2", {}, "Runs"), this.list), this.detail));
  }

  async refresh() {
    this.runs = (await get("runs")).runs;
    if (!this.runs.length) this.detail.replaceChildren(h("p", { class: "card" }, "No runs yet. Train a network, here or in a terminal."));
    const key = JSON.stringify([this.runs, this.id]);
    if (key === this.key) return; // nothing changed, and the focus stays where it is
    this.key = key;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.list.replaceChildren(...this.runs.map((r) => h("li", {}, h("button", { type: "button", "data-id": r.id, "aria-pressed": String(r.id === this.id), onclick: () => this.choose(r) },
      h("strong", {}, [r.model ?? r.id, r.name].filter(Boolean).join(" · ")), h("span", { class: "row between small soft" }, h("span", {}, r.started ? new Date(r.started).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) : ""), badge(r.status))))));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  choose(run) {
    if (!run) return;
    this.stop();
    this.id = run.id;
    remember("watch", run.id);
    guarded(() => this.refresh())();
    if (run.status === "broken") {
      this.detail.replaceChildren(h("p", { class: "fault" }, run.error));
      return;
    }
    const watcher = new Watcher(run, this.detail);
    const end = follow(run.id, watcher);
    this.stop = () => { watcher.gone = true; end(); };
  }
}

/** Watcher shows one run. */
class Watcher {
  constructor(run, place) {
    this.run = run;
    this.state = run.status;
    this.facts = h("dl", { class: "facts" });
    this.charts = h("div", { class: "charts" });
    this.title = h("div", { class: "row between" });
    this.note = h("p", { class: "fault" });
    this.inside = h("section", { class: "card", "aria-label": "Inside" }, h("h2", {}, "Inside"), h("p", { class: "soft" }, "Looking…"));
    place.replaceChildren(h("section", { class: "card", id: "watched" }, this.title, this.note, this.facts), h("section", { class: "card" }, this.charts), this.inside);
    this.event = (e) => this.take(e);
    this.status = (text) => { this.state = text; this.draw(); };
    this.restart = () => { this.epochs = []; this.end = null; this.draw(); };
  }

  take(e) {
    if (e.event === "start") this.settings = e;
    if (e.event === "epoch") this.epochs.push(e);
    if (e.event === "end") this.end = e;
    this.draw();
  }

  /** draw waits for the next frame, so that many events are drawn together. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; if (!this.gone) this.render(); });
  }

  render() {
    const last = this.epochs.at(-1), all = this.settings?.epochs;
    this.title.replaceChildren(h("div", {}, h("h1", {}, [this.run.model, this.run.name].filter(Boolean).join(" · ")), h("p", { class: "small soft mono" }, this.run.id)), badge(this.state));
    this.note.textContent = this.end?.error ?? "";
    const numbers = last?.val_mae != null, counted = !last || last.train_acc != null; // an autoencoder has neither
    const left = last && all && this.state === "running" ? (all - 1 - last.epoch) * last.time : 0;
    const facts = [
      ["epoch", last ? `${last.epoch + 1}${all ? " of " + all : ""}` : "–"],
      ...(numbers ? [["mean abs. error", number(last.val_mae)], ["R²", number(last.val_r2)]] : counted ? [["validation", percent(last?.val_acc)], ["training", percent(last?.train_acc)]] : []),
      ["cost", number(last?.val_loss ?? last?.train_loss)], ["η", number(last?.eta)], ["images/s", last ? count(last["img/s"]) : "–"],
      this.end?.test_acc != null ? ["test", percent(this.end.test_acc)] : this.end?.test_mae != null ? ["test error", number(this.end.test_mae)] : this.end?.test_loss != null ? ["test cost", number(this.end.test_loss)] : ["left", left ? duration(left) : "–"],
    ];
    this.facts.replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    const plain = (list) => list.map((l) => ({ ...l, name: l.dashed ? "training" : "validation" }));
    this.charts.replaceChildren(
      ...(numbers ? [lines("Mean absolute error", [{ name: "validation", color: 0, points: this.epochs.map((e) => [e.epoch, e.val_mae]) }])]
        : counted ? [lines("Accuracy", plain(curves("", 0, this.epochs, "acc")), { format: short })] : []),
      lines("Cost", plain(curves("", 1, this.epochs, "loss"))),
      ...(new Set(this.epochs.map((e) => e.eta)).size > 1 ? [lines("Learning rate η", [{ name: "η", color: 2, points: this.epochs.map((e) => [e.epoch, e.eta]) }])] : []));
    const seen = `${this.epochs.length} ${this.end ? 1 : 0}`;
    if (seen !== this.looked) { this.looked = seen; this.look(); }
  }

  /** look asks for the layers. If epochs are faster than looks, some are skipped. */
  async look() {
    if (this.looking) { this.again = true; return; }
    this.looking = true;
    do {
      this.again = false;
      const rest = new Promise((done) => setTimeout(done, often));
      try {
        const seen = await get(`runs/${encodeURIComponent(this.run.id)}/look`);
        if (!this.gone) this.layers(seen);
      } catch (e) {
        this.inside.replaceChildren(h("h2", {}, "Inside"), h("p", { class: "soft" }, e.message));
      }
      await rest; // a look takes time from the training
    } while (this.again && !this.gone);
    this.looking = false;
  }

  layers(seen) {
    const palette = signed();
    const filters = seen.filters && h("div", { class: "maps" }, seen.filters.images.map((f) => {
      const c = paint(h("canvas", { class: "pixels", "aria-hidden": "true" }), bytes(f), seen.filters.cols, seen.filters.rows, palette);
      c.style.width = (seen.filters.cols > 12 ? 56 : 40) + "px";
      return c;
    }));
    this.inside.replaceChildren(...[h("h2", {}, "Inside"),
      seen.words.length ? h("ul", { class: "words" }, seen.words.map((w) => h("li", {}, w))) : null,
      filters && h("h3", {}, `What the first layer looks for: ${seen.filters.images.length < seen.filters.all ? `${seen.filters.images.length} of ${seen.filters.all}` : seen.filters.all} filters`), filters,
      h("h3", {}, "Weights and gradients, layer by layer"),
      h("div", { class: "histograms" }, seen.params.map((p) => h("div", { class: "stack" }, h("p", { class: "small" }, h("strong", { class: "mono" }, p.name), h("span", { class: "soft" }, ` ${p.shape.join(" × ")}`)),
        histogram("weights", "w", p.weights), histogram("gradient", "g", p.gradients)))),
    ].filter(Boolean));
  }
}
