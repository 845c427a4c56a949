// Pages of campaigns follow the feed: parts with data-live are drawn anew, the schedule where the plan is another.
import {$, $$, ask, element, later, morph} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const QUIET = 400; // milliseconds between two redraws: a campaign counts every message
const PLAN = ["making", "strangers", "start_at", "state", "texts"];
const isBusy = (part) => part.contains(document.activeElement?.closest("input, select, textarea"));
const plan = () => $("[data-schedule]");
let timer = null;
let asked = false;
let again = false;

async function redraw() {
  if (asked) { again = true; return; }
  asked = true;
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}, credentials: "same-origin"});
  if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of $$("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && !isBusy(part)) morph(part, document.importNode(fresh, true));
    }
    if (Boolean(page.getElementById("plan")) !== Boolean($("#plan")) || Boolean(page.getElementById("compose")) !== Boolean($("#compose"))) location.reload();
  }
  asked = false;
  if (again) { again = false; soon(); }
}

function soon() { timer ??= setTimeout(() => { timer = null; redraw(); }, QUIET); }

/** Have the schedule worked out again, for the time that is chosen. */
async function draw() {
  if (!plan()) return;
  const at = $("[data-at]")?.value;
  const answer = await ask(plan().dataset.schedule + (at ? `?at=${encodeURIComponent(at)}` : ""));
  if (answer.ok && plan()) plan().replaceChildren(...element(`<div>${answer.data}</div>`).childNodes);
}
const drawSoon = later(draw, 500);

const concerns = (each) => $$(`[data-live="${each.collection}"]`).some((part) => !part.dataset.of || part.dataset.of === each.id);
on("changes", ({changes, gone}) => {
  const ours = [...changes, ...gone].filter(concerns);
  if (ours.length) soon();
  if (ours.some((each) => PLAN.some((name) => name in (each.fields || {})))) drawSoon();
});
on("resync", () => { redraw(); draw(); });
document.addEventListener("input", (event) => { if (event.target.matches("[data-at]")) drawSoon(); });

// A field that is clicked is put into the text that was written in last.
let field = null;
document.addEventListener("focusin", (event) => { if (event.target.matches("[data-text]")) field = event.target; });
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  const to = field?.isConnected ? field : $("[data-text]");
  if (!chip || !to) return;
  to.focus();
  to.setRangeText(chip.dataset.insert, to.selectionStart, to.selectionEnd, "end");
  to.dispatchEvent(new Event("input", {bubbles: true}));
});
draw();
start();
