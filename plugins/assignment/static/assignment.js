// Assignment in the inbox: response times count down by themselves, places in the queue follow the feed.
import {$, $$, ask, later} from "../../static/js/base.js";
import {act} from "../../static/js/actions.js";
import {on} from "../../static/js/feed.js";
import {want} from "../../static/js/fragments.js";
import {openId} from "../../static/js/thread.js";

const lang = document.documentElement.lang;
const unit = (n, name) => (lang === "id" ? `${n} ${{min: "mnt", h: "jam", d: "hari"}[name]}` : `${n} ${name}`);

/** A length of time as the server says it too (words.py). */
function long(seconds) {
  if (seconds < 600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds < 5400) return unit(Math.max(1, Math.floor(seconds / 60)), "min");
  return seconds < 172800 ? unit(Math.round(seconds / 3600), "h") : unit(Math.round(seconds / 86400), "d");
}

function left(due) {
  const seconds = Math.floor((Date.parse(due) - Date.now()) / 1000);
  return seconds < 0 ? `–${long(-seconds)}` : long(seconds);
}

function tick() {
  for (const tag of $$(".sla-tag[data-due]")) {
    const words = left(tag.dataset.due);
    const place = $("[data-left]", tag);
    if (place.textContent !== words) place.textContent = words;
    if (words.startsWith("–") && tag.dataset.sla !== "breached") tag.dataset.sla = "breached";
  }
}
setInterval(tick, 1000);

// Only a page that shows a place in the queue asks for it, at most once a second.
const places = later(async () => {
  const tags = $$("[data-place-of]");
  if (!tags.length) return;
  const ids = [...new Set(tags.map((tag) => tag.dataset.placeOf))].slice(0, 100);
  const answer = await ask(`/assignment/places?ids=${ids}`);
  if (!answer.ok) return;
  for (const tag of $$("[data-place-of]")) {
    const place = answer.data[tag.dataset.placeOf];
    if (place) $("[data-place]", tag).textContent = place;
  }
}, 300 + Math.random() * 400);

on("changes", ({changes, gone}) => {
  if ([...changes, ...gone].some(({collection}) => collection === "assignment_wait")) places();
  const mine = changes.find(({collection, id}) => collection === "conversation" && id === openId());
  if (mine && Object.keys(mine.fields).some((name) => name.startsWith("assignment."))) want({header: true});
});

document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-priority]");
  if (select) act("assignment.set_priority", {conversation: openId(), priority: Number(select.value)});
});
