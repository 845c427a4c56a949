// Settings → Numbers: how far an address book was read, and the button that reads it again.
import {$, $$, ask, reason, toast} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const cardOf = (account) => $(`[data-sync-card="${CSS.escape(account)}"]`);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sync-now]");
  if (!button) return;
  button.disabled = true;
  const answer = await ask(`/contacts/sync/${button.dataset.syncNow}`, {method: "POST"});
  button.disabled = false;
  if (!answer.ok) toast(reason(answer));
});

on("changes", ({changes}) => {
  for (const {collection, id, fields} of changes) {
    const card = collection === "contact_sync" && cardOf(id);
    if (!card) continue;
    const state = $("[data-sync-state]", card);
    if (!state) { location.reload(); continue; }
    if (fields.state && card.dataset[`words${fields.state[0].toUpperCase()}${fields.state.slice(1)}`]) state.textContent = card.dataset[`words${fields.state[0].toUpperCase()}${fields.state.slice(1)}`];
    if (fields.done !== undefined) for (const each of $$("[data-done]", card)) each.textContent = fields.done;
  }
});

start();
