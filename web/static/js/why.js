// "Why?": what led to a message, or to how a conversation is now, fetched when it is opened.
import {ask} from "./base.js";

document.addEventListener("toggle", async (event) => {
  const box = event.target;
  if (!box.open || !box.dataset?.why) return;
  const answer = await ask(box.dataset.why);
  if (!answer.ok || !box.open) return;
  const text = box.querySelector(".why-text");
  text.innerHTML = answer.data;
  text.scrollIntoView({block: "nearest"});
}, true);
