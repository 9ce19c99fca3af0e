// The canvas to draw on with mouse, pen, touch or keyboard. Strokes are kept, so that they can be undone.

const side = 280;
const pen = 22;

export class Pad {
  /** changed is called after each change. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.image = null;
    this.cursor = { x: side / 2, y: side / 4, down: false, shown: false };
    canvas.width = canvas.height = side;
    canvas.addEventListener("pointerdown", (e) => this.begin(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.active = null));
    canvas.addEventListener("keydown", (e) => this.key(e));
    canvas.addEventListener("blur", () => { this.cursor.shown = false; this.render(); });
    this.render();
  }

  get empty() { return !this.strokes.length && !this.image; }

  point(e) {
    const box = this.canvas.getBoundingClientRect();
    return [((e.clientX - box.left) / box.width) * side, ((e.clientY - box.top) / box.height) * side];
  }

  begin(e) {
    if (e.button > 0) return;
    this.canvas.setPointerCapture(e.pointerId);
    this.active = [this.point(e)];
    this.strokes.push(this.active);
    this.update();
  }

  move(e) {
    if (!this.active) return;
    const between = e.getCoalescedEvents?.() ?? []; // since the last frame
    for (const p of between.length ? between : [e]) this.active.push(this.point(p));
    this.update();
  }

  /** key draws with the arrow keys; space puts the pen down and lifts it. */
  key(e) {
    const step = { ArrowLeft: [-14, 0], ArrowRight: [14, 0], ArrowUp: [0, -14], ArrowDown: [0, 14] }[e.key];
    const c = this.cursor;
    if (step) {
      c.x = Math.min(side, Math.max(0, c.x + step[0]));
      c.y = Math.min(side, Math.max(0, c.y + step[1]));
      if (c.down) this.strokes.at(-1).push([c.x, c.y]);
    } else if (e.key === " ") {
      c.down = !c.down;
      if (c.down) this.strokes.push([[c.x, c.y]]);
    } else if (e.key === "Delete" || e.key === "Escape") {
      this.clear();
      return;
    } else if (e.key === "Backspace" || (e.key === "z" && (e.ctrlKey || e.metaKey))) {
      this.undo();
    } else return;
    e.preventDefault();
    c.shown = true;
    this.update();
  }

  undo() { this.strokes.pop(); this.cursor.down = false; this.update(); }
  clear() { this.strokes = []; this.image = null; this.cursor.down = false; this.update(); }

  /** put shows a picture instead of a drawing. */
  put(image) { this.strokes = []; this.image = image; this.update(); }

  update() { this.render(); this.changed(); }

  render() {
    this.paint(this.canvas.getContext("2d"));
    const c = this.cursor;
    if (!c.shown) return;
    const context = this.canvas.getContext("2d");
    context.strokeStyle = c.down ? "#ff7a30" : "#2a9d8f";
    context.lineWidth = 3;
    context.beginPath();
    context.arc(c.x, c.y, 12, 0, 7);
    context.stroke();
  }

  paint(context) {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    context.fillStyle = dark && !this.image ? "#101215" : "#ffffff";
    context.fillRect(0, 0, side, side);
    if (this.image) {
      const scale = Math.min(side / this.image.width, side / this.image.height);
      const [w, h] = [this.image.width * scale, this.image.height * scale];
      context.drawImage(this.image, (side - w) / 2, (side - h) / 2, w, h);
    }
    context.fillStyle = context.strokeStyle = dark && !this.image ? "#f4f1ea" : "#16181a";
    context.lineWidth = pen;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      context.arc(...stroke[0], pen / 2, 0, 7); // a line of one point would draw nothing
      context.fill();
      context.beginPath();
      context.moveTo(...stroke[0]);
      for (const p of stroke) context.lineTo(...p);
      context.stroke();
    }
  }

  /** blob is the drawing as a PNG, without the cursor. */
  blob() {
    const copy = document.createElement("canvas");
    copy.width = copy.height = side;
    this.paint(copy.getContext("2d"));
    return new Promise((done) => copy.toBlob(done, "image/png"));
  }
}
