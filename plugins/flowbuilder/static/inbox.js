// Bot flows in the inbox: begin, stop and give back; the panel follows the session.
import {act} from "../../static/js/actions.js";
import {on} from "../../static/js/feed.js";
import {want} from "../../static/js/fragments.js";
import {openId} from "../../static/js/thread.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-flow-act]");
  if (!button || button.disabled) return;
  button.disabled = true;
  const flow = button.dataset.flow ? {flow: button.dataset.flow} : {};
  act(button.dataset.flowAct, {conversation: openId(), ...flow}).finally(() => { button.disabled = false; });
});

on("changes", ({changes, gone}) => {
  const ours = [...changes, ...gone].filter((each) => each.collection === "flow_session" || each.collection === "flow");
  if (ours.some((each) => each.collection === "flow" || each.id === openId())) want({header: true});
});
