// The views, each a module whose show fills an element and returns what ends it.
import { h } from "./ui.js";
import * as draw from "./draw.js";
import * as watch from "./watch.js";
import * as train from "./train.js";
import * as compare from "./compare.js";
import * as gradient from "./gradient.js";

const views = { draw, watch, train, compare, gradient };
const main = document.getElementById("view");
let leave = () => {};

async function show() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const view = views[name] ? name : "draw";
  leave();
  leave = () => {};
  for (const a of document.querySelectorAll("nav a")) {
    if (a.hash === "#" + view) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  document.title = `${view[0].toUpperCase()}${view.slice(1)} – Stheno`;
  main.replaceChildren();
  let here = true, end = () => {};
  leave = () => { here = false; end(); };
  try {
    const ended = await views[view].show(main, decodeURIComponent(rest.join("/")));
    if (typeof ended === "function") end = ended;
    if (!here) end();
  } catch (e) {
    main.replaceChildren(h("p", { class: "fault", role: "alert" }, e.message));
  }
}

addEventListener("hashchange", show);
show();
