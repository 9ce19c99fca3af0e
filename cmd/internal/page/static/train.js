// Start and stop trainings of a model from the catalogue, or of a line of layers, with a recipe.
import { get, post, remove, query } from "./api.js";
import { h, badge, count, guarded, say } from "./ui.js";

const often = 1500; // milliseconds between two looks at the queue

const fields = [
  ["epochs", "Epochs"], ["batch", "Mini-batch"], ["eta", "Learning rate η"], ["etas", "η of single layers"], ["lambda", "L2, λ"], ["momentum", "Momentum μ"],
  ["optimizer", "Optimizer"], ["schedule", "Schedule of η"], ["init", "First weights"], ["augment", "Augmentation"],
  ["patience", "Patience"], ["train_size", "Training images"], ["seed", "Seed"],
];
const texts = new Set(["etas", "optimizer", "schedule", "init", "augment"]);

export async function show(main) {
  const view = new View(main, await get("models"));
  await view.refresh();
  const timer = setInterval(guarded(() => view.refresh()), often);
  return () => clearInterval(timer);
}

class View {
  constructor(main, choices) {
    this.choices = choices;
    this.inputs = {};
    this.network = h("input", { id: "network", list: "models", value: "784-30-10", autocomplete: "off", spellcheck: "false", "aria-describedby": "wrong right", oninput: () => this.typed() });
    this.wrong = h("p", { class: "fault", id: "wrong", role: "alert" });
    this.right = h("p", { class: "soft small", id: "right" });
    this.failed = h("p", { class: "fault", id: "failed", role: "alert" });
    this.start = h("button", { class: "primary", id: "start", type: "submit" }, "Start training");
    this.picture = h("img", { alt: "" });
    this.level = h("select", { "aria-label": "How much is drawn", onchange: () => this.draw() }, ["layer", "op", "gradient"].map((l) => h("option", { value: l }, { layer: "its layers", op: "its ops", gradient: "its ops and their gradients" }[l])));
    this.jobs = h("ul", { class: "jobs", id: "jobs" });
    const form = h("form", { class: "card", "aria-label": "Training", onsubmit: (e) => { e.preventDefault(); guarded(() => this.submit())(); } },
      h("h2", {}, "Start a training"),
      h("label", {}, "Network: a name, or layers", this.network, h("datalist", { id: "models" }, choices.models.map((m) => h("option", { value: m.name }, m.doc)))),
      this.wrong, this.right,
      h("details", {}, h("summary", {}, "Layers you can write"), h("p", { class: "small mono soft" }, choices.layers.join("  "))),
      h("div", { class: "fields" }, fields.map(([key, name]) => this.field(key, name)),
        h("label", { class: "check" }, (this.inputs.full = h("input", { type: "checkbox" })), "Train on the validation images too")),
      this.failed, h("div", { class: "row" }, this.start, h("span", { class: "soft small" }, "Empty fields follow the recipe. One training runs at a time; the others wait.")));
    main.append(h("h1", { class: "hidden" }, "Train a network"),
      h("div", { class: "train" }, form, h("div", { class: "stack" },
        h("section", { class: "card", "aria-label": "Trainings" }, h("h2", {}, "Trainings from this page"), this.jobs),
        h("section", { class: "card", "aria-label": "Picture" }, h("div", { class: "row between" }, h("h2", {}, "The network"), this.level), h("div", { class: "net" }, this.picture)))));
    this.typed();
  }

  field(key, name) {
    const offers = { optimizer: this.choices.optimizers, schedule: this.choices.schedules, init: this.choices.inits, augment: this.choices.augments }[key];
    const input = h("input", { id: "field-" + key, inputmode: texts.has(key) ? "text" : "decimal", autocomplete: "off", list: offers ? "offers-" + key : null, oninput: () => this.typed() });
    this.inputs[key] = input;
    return h("label", {}, name, input, offers ? h("datalist", { id: "offers-" + key }, offers.map((o) => h("option", { value: o }))) : null);
  }

  /** typed checks the network a moment after the last keystroke. */
  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(guarded(() => this.check()), 150);
  }

  /** settings are the fields that have a value. */
  settings() {
    const filled = {};
    for (const [key] of fields) {
      const value = this.inputs[key].value.trim();
      if (value) filled[key] = value;
    }
    if (this.inputs.full.checked) filled.full = "true";
    return filled;
  }

  async check() {
    const text = this.network.value.trim(), known = this.choices.models.find((m) => m.name === text), turn = (this.turn = (this.turn ?? 0) + 1);
    const answer = await get("network?" + query({ text, ...this.settings() }));
    if (turn !== this.turn) return; // the text has changed in the meantime
    this.wrong.textContent = answer.of === "network" ? answer.error : "";
    this.failed.textContent = answer.of === "recipe" ? answer.error : "";
    this.network.setAttribute("aria-invalid", String(answer.of === "network"));
    this.start.disabled = Boolean(answer.error);
    if (answer.of === "network") { this.right.textContent = ""; return; }
    if (!answer.error) this.right.textContent = `${known?.doc ? known.doc + ". " : ""}${count(answer.parameters)} parameters, ${answer.outputs} outputs. ${answer.recipe}.`;
    for (const [key] of fields) this.inputs[key].placeholder = answer[key] ?? "";
    if (text !== this.drawn) { this.drawn = text; this.draw(); }
  }

  draw() {
    const text = this.network.value.trim();
    this.picture.src = "/api/network.svg?" + query({ text, level: this.level.value });
    this.picture.alt = `The network ${text} as boxes and arrows`;
  }

  async submit() {
    const body = { model: this.network.value.trim(), ...this.settings() };
    this.failed.textContent = "";
    try {
      await post("train", body);
    } catch (e) {
      this.failed.textContent = e.message;
      return;
    }
    say(`${body.model} is in the queue`);
    await this.refresh();
  }

  async refresh() {
    const { jobs } = await get("train"), key = JSON.stringify(jobs);
    if (key === this.key) return;
    this.key = key;
    this.jobs.replaceChildren(...(jobs.length ? jobs.reverse().map((j) => this.job(j)) : [h("li", { class: "soft" }, "None yet.")]));
  }

  job(j) {
    const stop = guarded(async () => { await remove("train/" + j.id); await this.refresh(); });
    const again = guarded(async () => { await post("train", { resume: j.run }); await this.refresh(); });
    return h("li", { "data-job": j.id, "data-status": j.status }, h("div", { class: "row between" }, h("strong", {}, j.model), badge(j.status)),
      j.error ? h("p", { class: j.status === "interrupted" ? "small soft" : "fault" }, j.error) : null,
      h("div", { class: "row" },
        j.run ? h("a", { class: "button", href: "#watch/" + encodeURIComponent(j.run) }, "Watch") : null,
        j.status === "running" || j.status === "queued" ? h("button", { type: "button", class: "danger", onclick: stop }, j.status === "queued" ? "Remove" : "Stop and save") : null,
        j.status === "interrupted" && j.run ? h("button", { type: "button", onclick: again }, "Continue") : null));
  }
}
