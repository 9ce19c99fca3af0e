// The views. Each is a module whose show fills an element and returns a function that ends the view. The element belongs to the view: once the
// reader has left, it is no longer connected to the page.
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
  const place = h("div", { class: "view" });
  main.replaceChildren(place);
  let end = () => {};
  leave = () => end();
  try {
    end = (await views[view].show(place, decodeURIComponent(rest.join("/")))) ?? end;
    if (!place.isConnected) end();
  } catch (e) {
    place.replaceChildren(h("p", { class: "fault", role: "alert" }, e.message));
  }
}

addEventListener("hashchange", show);
show();
