// The composer: grows with its text, keeps drafts, takes files by button, paste and drop.
import {$, $$, csrf, element, icon, keep, kept, later, me, placeToasts, root, t, toast} from "./base.js";
import {signal} from "./feed.js";
import {send} from "./outbox.js";
import {openId} from "./thread.js";

const draftKey = () => `replyai:draft:${root}:${me.id}:${openId()}`;
let attached = null; // {file, uploaded, url, request}
let typedAt = 0;

const field = () => $("#answer");
const keepDraft = later(() => keep(draftKey(), field()?.value), 150);

function grow() {
  const area = field();
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 180)}px`;
}

/** Write a reply, or what a plugin's mode makes (its form has data-mode-of=`name`); each has a draft of its own. */
export function setMode(name) {
  const box = $("#composers");
  const form = box && $(`[data-mode-of="${name}"]`, box);
  if (!form) return;
  box.dataset.mode = name;
  for (const each of $$("[data-mode-of]", box)) each.hidden = each !== form;
  for (const tab of $$("[role=tab]", box)) { tab.setAttribute("aria-selected", tab.dataset.mode === name); tab.tabIndex = tab.dataset.mode === name ? 0 : -1; }
  placeToasts();
  $("textarea", form)?.focus();
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("#composers [role=tab]");
  if (tab) setMode(tab.dataset.mode);
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("#composers [role=tab]");
  if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const tabs = $$("#composers [role=tab]");
  const next = tabs[(tabs.indexOf(tab) + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
  setMode(next.dataset.mode);
  next.focus();
});

/** Set up the composer of a conversation that has just been opened. */
export function arrive() {
  const form = $("#composer");
  if (!form) return;
  drop();
  const area = field();
  area.value = kept(draftKey()) || "";
  grow();
  area.addEventListener("input", () => {
    grow();
    keepDraft();
    if (area.value && Date.now() - typedAt > 3000) { typedAt = Date.now(); signal("typing", {conversation: openId()}); }
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit(event.ctrlKey || event.metaKey);
  });
  area.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files][0];
    if (file) { event.preventDefault(); attach(file); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); submit(false); });
  $("#file").addEventListener("change", (event) => { if (event.target.files[0]) attach(event.target.files[0]); event.target.value = ""; });
  $("[data-attach]", form).addEventListener("click", () => $("#file").click());
}

async function submit(resolve) {
  const area = field();
  const text = area.value.trim();
  if (area.readOnly) return;
  if (attached && !attached.uploaded) return toast(t("uploading"));
  if (!text && !attached) return;
  const conversation = openId();
  const draft = draftKey();
  const item = {conversation, text: text || null, resolve};
  let preview = null;
  if (attached) { item.media = attached.uploaded; preview = previewOf(attached); }
  // Without room in this browser the text stays where it is until the server has it.
  if (send(item, preview, (isTaken) => settle(area, draft, isTaken))) clear(area);
  else { area.readOnly = true; toast(t("unsent")); }
  area.focus();
}

function settle(area, draft, isTaken) {
  area.readOnly = false;
  if (!isTaken) return;
  if (area.isConnected) clear(area); else keep(draft, null);
}

function clear(area) {
  area.value = "";
  keep(draftKey(), null);
  grow();
  drop(true);
  typedAt = 0;
}

function previewOf({url, file}) {
  if (!url) { const shown = element(`<div class="file"><span class="file-icon"></span><span class="file-name"><b></b></span></div>`); $(".file-icon", shown).append(icon("file-text")); $("b", shown).textContent = file.name; return shown; }
  const shown = element(`<span class="picture"><img alt="" width="220"></span>`);
  $("img", shown).src = url;
  return shown;
}

function attach(file) {
  drop();
  const url = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
  const place = $("[data-attached]");
  const shown = [url ? element(`<img alt="">`) : icon("file-text"), element("<span></span>"), element(`<progress max="1" value="0"></progress>`), element(`<button class="icon-btn" type="button"></button>`)];
  if (url) shown[0].src = url;
  shown[1].textContent = file.name;
  shown[2].setAttribute("aria-label", t("uploading"));
  shown[3].setAttribute("aria-label", t("take_off"));
  shown[3].append(icon("x"));
  shown[3].onclick = () => drop();
  place.replaceChildren(...shown);
  place.hidden = false;
  attached = {file, url, uploaded: null, request: upload(file, shown[2])};
  field().focus();
}

// fetch tells nothing of an upload's progress, XMLHttpRequest does.
function upload(file, bar) {
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append("file", file);
  request.open("POST", `${root}/media`);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
  request.onload = () => {
    if (request.status < 300) { attached.uploaded = request.response; bar.hidden = true; }
    else { toast(request.response?.error?.message || t("failed")); drop(); }
  };
  request.onerror = () => { toast(t("unreachable")); drop(); };
  request.send(form);
  return request;
}

function drop(keepPreview = false) {
  if (attached && !attached.uploaded) { attached.request.onload = attached.request.onerror = null; attached.request.abort(); }
  if (attached?.url && !keepPreview) URL.revokeObjectURL(attached.url);
  attached = null;
  const place = $("[data-attached]");
  if (place) { place.hidden = true; place.replaceChildren(); }
}

export function focus() {
  if ($("#composers")?.dataset.mode === "reply") field()?.focus(); else setMode("reply");
}

const isReplying = () => $("#composers")?.dataset.mode === "reply"; // only a reply takes files

document.addEventListener("dragover", (event) => {
  if (!isReplying() || ![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  $("#composers").classList.add("dropping");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("#composers")?.classList.remove("dropping"); });
document.addEventListener("drop", (event) => {
  if (!isReplying() || !event.dataTransfer.files.length) return;
  event.preventDefault();
  $("#composers").classList.remove("dropping");
  attach(event.dataTransfer.files[0]);
});
