// Parts of pages that follow the feed: an element with an id and data-live="collection" is drawn anew when such documents
// change (data-of: one of them only), unless somebody is writing in it.
import {$, $$, morph} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const isBusy = (part) => $("details[open]", part) || part.contains(document.activeElement?.closest("input, select, textarea"));
let asked = false;
let again = false;

/** Fetch this page and draw its live parts anew; while that is under way, a further wish waits. */
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
  }
  asked = false;
  if (again) { again = false; redraw(); }
}

const concerns = (each) => $$(`[data-live="${each.collection}"]`).some((part) => !part.dataset.of || part.dataset.of === each.id);
on("changes", ({changes, gone}) => { if ([...changes, ...gone].some(concerns)) redraw(); });
on("resync", redraw);
start();
