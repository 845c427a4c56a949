// The pretend customer's phone. What is shown comes from /simulator/state, asked for again when the
// feed tells of a change; what the customer does is posted to /simulator/….

const root = document.body.dataset.root || "";
const main = document.getElementById("main");
const words = JSON.parse(document.getElementById("sim-words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const $ = (id) => document.getElementById(id);
const account = main.dataset.account;
const STORE = `simulator-customers-${document.body.dataset.workspace}-${account}`;
const PRETEND = [
  { phone: "6281200000001", name: "Yusuf Hidayat" },
  { phone: "6281200000002", name: "Siti Rahayu" },
  { phone: "6281200000003", name: "Maya Putri" },
];
const KNOWN_KINDS = new Set(["text", "interactive", "image", "video", "audio", "voice", "document", "sticker"]);

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

async function post(path, body) {
  const form = body instanceof FormData;
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf, ...(form ? {} : { "Content-Type": "application/json" }) };
  const answer = await fetch(`${root}/simulator/${path}`, {
    method: "POST", headers, body: form ? body : JSON.stringify(body), credentials: "same-origin",
  });
  return read(answer);
}

function read(answer) {
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function newId() {
  return `SIM${crypto.getRandomValues(new Uint32Array(4)).reduce((text, n) => text + n.toString(16).padStart(8, "0"), "")}`.toUpperCase();
}

// --- setting it up ---------------------------------------------------------------------------

$("sim-make")?.addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  try {
    await post("account", {});
    location.reload();
  } catch {
    event.target.disabled = false;
    $("sim-make-error").textContent = words.failed;
  }
});

// --- the phone -------------------------------------------------------------------------------

const added = JSON.parse(localStorage.getItem(STORE) || "null") || PRETEND;
let me = null; // {phone, name}
let state = { customers: [], messages: [], conversation: null };
let waiting = []; // bubbles that the server does not show yet: {id, phone, text, kind, form, failed}
let quote = null; // {gateway_id, text}
let typedAt = 0;
const acked = new Map(); // gateway id → level that was told
const seen = new Map(Object.entries(JSON.parse(sessionStorage.getItem(`${STORE}-seen`) || "{}"))); // phone → newest

function everyone() {
  const known = new Map(state.customers.map((one) => [one.phone, one]));
  for (const one of added) if (!known.has(one.phone)) known.set(one.phone, one);
  return [...known.values()];
}

function showCustomers() {
  const rows = everyone().map((one) => {
    const mine = me && one.phone === me.phone;
    const fresh = !mine && one.at && one.at > (seen.get(one.phone) || "");
    const initials = one.name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").map((part) => [...part][0] || "").slice(0, 2).join("");
    const tint = [...one.phone].reduce((sum, digit) => sum + digit.charCodeAt(0), 0) % 8;
    return node("li", {}, node("button", { class: "sim-person", type: "button", "aria-current": String(Boolean(mine)), onclick: () => choose(one) },
      node("span", { class: `av av-${tint}`, "aria-hidden": "true" }, initials),
      node("b", {}, node("bdi", {}, one.name)),
      fresh ? node("span", { class: "dot" }) : node("i", {}, one.at ? clock(one.at) : ""),
      node("small", {}, node("bdi", {}, one.text || words[one.kind] || `+${one.phone}`))));
  });
  $("sim-customers").replaceChildren(...rows);
}

function clock(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang === "id" ? "id" : "en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: document.body.dataset.zone || undefined,
  });
}

function choose(one) {
  me = { phone: one.phone, name: one.name };
  $("sim-me").textContent = one.name;
  main.classList.add("open");
  sessionStorage.setItem(`${STORE}-me`, one.phone);
  state = { ...state, messages: [], conversation: null };
  setQuote(null);
  showThread();
  showCustomers();
  refresh();
}

function ticks(status) {
  if (!["sent", "delivered", "read"].includes(status)) return icon("clock");
  const drawn = icon(status === "sent" ? "check" : "check-check");
  drawn.classList.add(status);
  drawn.removeAttribute("aria-hidden");
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", words[status]);
  return drawn;
}

function file(message) {
  const media = message.media;
  const name = media.filename || words[media.kind] || words.document;
  if (media.state === "failed") return node("em", {}, `${name} – ${words.lost}`);
  if (!media.id) return node("em", {}, `${name} – ${words.loading}`);
  const src = `${root}/media/${encodeURIComponent(media.id)}`;
  if (media.kind === "image" || media.kind === "sticker") return node("img", { src, alt: name, loading: "lazy" });
  if (media.kind === "video") return node("video", { src, controls: true, preload: "metadata" });
  if (media.kind === "audio" || media.kind === "voice") return node("audio", { src, controls: true, preload: "metadata" });
  return node("a", { class: "file", href: `${src}?download`, download: name }, icon("file-text"), node("bdi", {}, name));
}

function bubble(message) {
  const parts = [];
  if (message.reply) parts.push(node("div", { class: "quote" }, node("bdi", {}, message.reply)));
  if (message.deleted) parts.push(node("em", {}, words.deleted));
  else {
    if (message.media) parts.push(file(message));
    if (message.text) parts.push(node("p", { dir: "auto" }, message.text));
    if (!KNOWN_KINDS.has(message.kind)) parts.push(node("em", {}, words[message.kind] || message.kind));
    if (!message.mine && message.buttons.length) parts.push(choices(message));
  }
  parts.push(node("div", { class: "meta" }, clock(message.at), message.mine ? ticks(message.status) : null));
  if (message.reactions.length) parts.push(node("span", { class: "reactions" }, message.reactions.join("")));
  if (!message.mine && message.gateway_id) parts.push(acts(message));
  const css = `bubble${message.mine ? " mine" : ""}${message.reactions.length ? " reacted" : ""}`;
  return node("li", { class: css, "data-id": message.id }, ...parts);
}

function choices(message) {
  const buttons = message.buttons.map((button) => node("button", {
    type: "button", "data-button": button.id, onclick: () => press(message, button),
  }, node("bdi", {}, button.title)));
  return node("div", { class: "choices", role: "group", "aria-label": words.buttons }, ...buttons);
}

function acts(message) {
  const buttons = ["👍", "❤️", "😂", "🙏"].map((emoji) => node("button", {
    type: "button", "aria-label": `${words.react} ${emoji}`,
    onclick: () => send("react", { target: message.gateway_id, emoji: message.reactions.includes(emoji) ? "" : emoji }),
  }, emoji));
  const reply = node("button", { type: "button", "aria-label": words.reply, title: words.reply, onclick: () => {
    setQuote({ gateway_id: message.gateway_id, text: message.text || words[message.kind] || "" });
    $("sim-text").focus();
  } }, icon("corner-up-left"));
  return node("div", { class: "acts" }, ...buttons, reply);
}

function waitingBubble(one) {
  const parts = [one.text ? node("p", { dir: "auto" }, one.text) : node("em", {}, one.name || words[one.kind])];
  parts.push(one.failed
    ? node("button", { type: "button", class: "failed", onclick: () => deliver(one) }, words.failed)
    : node("div", { class: "meta" }, icon("clock")));
  return node("li", { class: "bubble mine waiting" }, ...parts);
}

function showThread() {
  const thread = $("sim-thread");
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const arrived = new Set(state.messages.map((message) => message.gateway_id));
  waiting = waiting.filter((one) => !arrived.has(one.id));
  const mine = waiting.filter((one) => me && one.phone === me.phone);
  const rows = [...state.messages.map(bubble), ...mine.map(waitingBubble)];
  const focused = focusIn(thread);
  thread.replaceChildren(...(rows.length ? rows : [node("li", { class: "none" }, words.empty)]));
  focused?.()?.focus({ preventScroll: true });
  if (atEnd || mine.length) thread.scrollTop = thread.scrollHeight;
}

// What is drawn anew loses the focus: this finds the button again that had it.
function focusIn(thread) {
  const held = document.activeElement;
  const row = thread.contains(held) && held.closest("li[data-id]");
  if (!row) return null;
  const place = [...row.querySelectorAll("button")].indexOf(held);
  return () => thread.querySelector(`li[data-id="${CSS.escape(row.dataset.id)}"]`)?.querySelectorAll("button")[place];
}

let asking = false;
let again = false;

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  const who = me;
  try {
    const query = new URLSearchParams({ account, phone: who?.phone || "" });
    const found = await read(await fetch(`${root}/simulator/state?${query}`, { headers: { Accept: "application/json" } }));
    if (who === me) {
      const before = JSON.stringify(state.messages);
      state = found;
      if (before !== JSON.stringify(found.messages) || waiting.length) showThread();
      note(found);
      showCustomers();
      tellDelivered(found);
      tellRead();
    }
  } catch (error) {
    if (error.message === "404") location.reload(); // switched off, or the number is gone: the page says so
    else setTimeout(refresh, 3000);
  } finally {
    asking = false;
    if (again || who !== me) { again = false; refresh(); }
  }
}

function note(found) {
  const row = me && found.customers.find((one) => one.phone === me.phone);
  if (row?.at && document.visibilityState === "visible") seen.set(me.phone, row.at);
  sessionStorage.setItem(`${STORE}-seen`, JSON.stringify(Object.fromEntries(seen)));
}

// --- acknowledgements ------------------------------------------------------------------------

async function tell(phone, ids, level) {
  const fresh = ids.filter((id) => acked.get(id) !== level && acked.get(id) !== "read");
  if (!fresh.length) return;
  fresh.forEach((id) => acked.set(id, level));
  try {
    await post("ack", { account, phone, ids: fresh.slice(0, 200), level });
  } catch {
    fresh.forEach((id) => acked.delete(id));
  }
}

function tellDelivered(found) {
  for (const [phone, ids] of Object.entries(found.undelivered)) tell(phone, ids, "delivered");
}

function tellRead() {
  if (!me || document.visibilityState !== "visible" || main.querySelector(".sim-stage").offsetParent === null) return;
  const ids = state.messages.filter((one) => !one.mine && one.gateway_id && one.status === "delivered").map((one) => one.gateway_id);
  if (ids.length) tell(me.phone, ids, "read");
}

// --- writing ---------------------------------------------------------------------------------

async function send(path, data) {
  try {
    await post(path, { account, ...me, ...data });
  } catch {
    bar(words.failed);
  }
}

function setQuote(target) {
  quote = target;
  $("sim-quote").hidden = !target;
  $("sim-quote").firstElementChild.textContent = target?.text || "";
}

function press(message, button) {
  say({ text: button.title, button: button.id, about: { gateway_id: message.gateway_id, text: message.text } });
}

// about: what it answers, where that is not the quotation that was chosen.
function say({ text = "", file = null, voice = false, button = "", about = null }) {
  if (!me || (!text.trim() && !file)) return;
  const id = newId();
  const form = new FormData();
  for (const [name, value] of Object.entries({ account, ...me, id, text: button ? text : text.trim() })) form.set(name, value);
  if (button) form.set("button", button);
  if (about) { form.set("reply_to", about.gateway_id); form.set("reply_text", about.text); }
  else if (quote) { form.set("reply_to", quote.gateway_id); form.set("reply_text", quote.text); }
  if (file) form.set("file", file, file.name || "voice.webm");
  if (voice) form.set("voice", "true");
  if (!about) setQuote(null);
  deliver({ id, form, phone: me.phone, text: text.trim(), name: file?.name, kind: voice ? "voice" : "document" });
}

async function deliver(one) {
  one.failed = false;
  if (!waiting.includes(one)) waiting.push(one);
  showThread();
  try {
    await post("say", one.form);
    refresh();
  } catch {
    one.failed = true;
    showThread();
  }
}

function typing(what) {
  if (!me) return;
  if (what === "typing" && Date.now() - typedAt < 3000) return;
  typedAt = what === "typing" ? Date.now() : 0;
  post("typing", { account, ...me, state: what }).catch(() => {});
}

let recorder = null;

async function record() {
  const button = $("sim-record");
  if (recorder) { recorder.stop(); return; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      const type = (recorder.mimeType || "audio/webm").split(";")[0];
      recorder = null;
      stream.getTracks().forEach((track) => track.stop());
      button.classList.remove("on");
      button.setAttribute("aria-label", words.record);
      say({ file: new File(parts, `voice.${type.split("/")[1]}`, { type }), voice: true });
    };
    recorder.start();
    button.classList.add("on");
    button.setAttribute("aria-label", words.stop);
    typing("recording");
  } catch {
    bar(words.no_microphone);
  }
}

let barTimer = null;

function bar(text, stays = false) {
  clearTimeout(barTimer);
  $("sim-bar").textContent = text;
  $("sim-bar").hidden = !text;
  if (text && !stays) barTimer = setTimeout(() => bar(""), 4000);
}

// --- the feed --------------------------------------------------------------------------------

let seq = Number(main.dataset.from || 0);
let pause = 500;
let typingTimer = null;
let lostTimer = null;

function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${root}/feed`);
  socket.onopen = () => {
    pause = 500;
    clearTimeout(lostTimer);
    lostTimer = null;
    bar("");
    socket.send(JSON.stringify({ after: seq }));
    refresh();
  };
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = (event) => {
    if (event.code === 1008) { location.reload(); return; } // signed out meanwhile
    lostTimer ||= setTimeout(() => bar(words.waiting, true), 2000);
    setTimeout(listen, pause);
    pause = Math.min(pause * 2, 10000);
  };
}

// Roles that see no conversations hear only that the sequence moved: they ask whenever it does.
function take(frame) {
  if (frame.signal) { showSignal(frame.signal); return; }
  if (frame.seq) seq = frame.seq;
  const changes = frame.changes || [];
  if (changes.some((change) => change.collection === "plugin")) { location.reload(); return; }
  const ours = changes.some((change) => ["message", "conversation", "contact"].includes(change.collection));
  if (frame.resync || ours || !changes.length) refresh();
}

function showSignal({ type, data }) {
  if (type !== "typing" || !state.conversation || data?.conversation !== state.conversation) return;
  $("sim-presence").textContent = words.typing;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { $("sim-presence").textContent = words.online; }, 4000);
}

// --- beginning -------------------------------------------------------------------------------

if (account) {
  const text = $("sim-text");
  $("sim-compose").addEventListener("submit", (event) => {
    event.preventDefault();
    const said = text.value;
    text.value = "";
    typing("paused");
    say({ text: said });
  });
  text.addEventListener("input", () => typing(text.value ? "typing" : "paused"));
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("sim-compose").requestSubmit();
  });
  $("sim-file").addEventListener("change", (event) => {
    for (const file of event.target.files) say({ file, text: text.value });
    event.target.value = "";
    text.value = "";
  });
  $("sim-record").addEventListener("click", record);
  $("sim-quote").lastElementChild.addEventListener("click", () => setQuote(null));
  $("sim-back").addEventListener("click", () => main.classList.remove("open"));
  $("sim-account")?.addEventListener("change", (event) => event.target.form.submit());
  $("sim-add").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const phone = String(form.get("phone")).replace(/\D/g, "").replace(/^0/, "62");
    $("sim-add-error").textContent = /^\d{5,15}$/.test(phone) ? "" : words.number;
    if ($("sim-add-error").textContent) return;
    const one = { phone, name: String(form.get("name")).trim() || `+${phone}` };
    if (!added.some((other) => other.phone === phone)) added.push(one);
    try { localStorage.setItem(STORE, JSON.stringify(added)); } catch { /* no room: known until the page is left */ }
    event.target.reset();
    choose(one);
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") refresh(); });
  const last = sessionStorage.getItem(`${STORE}-me`);
  const first = everyone().find((one) => one.phone === last) || everyone()[0];
  if (matchMedia("(min-width: 761px)").matches) choose(first);
  else { showCustomers(); refresh(); }
  // What is typed before somebody listens would be lost, so nothing can be.
  for (const control of main.querySelectorAll("form :disabled")) control.disabled = false;
  listen();
}
