// "Why?": what led to a message, or to how a conversation is now, fetched when it is opened.
import {ask} from "./base.js";

document.addEventListener("toggle", async (event) => {
  const box = event.target;
  if (!box.open || !box.dataset?.why) return;
  const answer = await ask(box.dataset.why);
  if (answer.ok && box.open) box.querySelector(".why-text").innerHTML = answer.data;
}, true);
