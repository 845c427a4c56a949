// Keeps a number's card and the banner of a paused number fresh: fetched anew when the feed tells of a change.
import {$, $$, ask, element} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const QUIET = 1500; // milliseconds: a card is not fetched for every single message
const timers = new Map();
const cards = () => $$("[data-sender-card]");

// Pages of settings have no feed of their own.
if (cards().length && !$("#list")) start();

/** Put what the server says now into `holder`. */
async function refresh(holder, path) {
  const answer = await ask(path);
  if (answer.ok) holder.replaceChildren(...element(`<div>${answer.data}</div>`).childNodes);
}

function later(holder, path) {
  clearTimeout(timers.get(path));
  timers.set(path, setTimeout(() => { timers.delete(path); refresh(holder, path); }, QUIET));
}

function cardOf(account) {
  for (const card of cards()) if (card.dataset.senderCard === account) later(card, `/sender/${account}/card`);
}

function bannerOf(account) {
  for (const holder of $$("[data-sender-banner]")) {
    if (holder.dataset.senderBanner === account) refresh(holder, `/sender/${account}/banner`);
  }
}

on("changes", ({changes}) => {
  for (const {collection, id, fields} of changes) {
    if (collection !== "sender_pace") continue;
    cardOf(id);
    if ("paused" in fields) bannerOf(id);
  }
});
on("resync", () => {
  for (const card of cards()) cardOf(card.dataset.senderCard);
  for (const holder of $$("[data-sender-banner]")) bannerOf(holder.dataset.senderBanner);
});
