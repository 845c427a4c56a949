// Every signed-in page: menus, copy buttons, forms, help.
import {$, $$, csrf, paint, t, toast} from "./base.js";
import "./menu.js";
import "./keys.js";
import "./availability.js";

paint();

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("htmx:after:swap", () => paint());

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const field = $(copy.dataset.copy);
    field.select?.();
    try { await navigator.clipboard.writeText(field.value ?? field.textContent); }
    catch { document.execCommand("copy"); }
    toast(t("copied"), {seconds: 2});
  }
  const close = event.target.closest("[data-close]");
  if (close) close.closest("dialog")?.close();
});

// A form that must be confirmed says why in data-confirm; others only guard against a double press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return event.preventDefault();
  if (form.method === "post") for (const button of $$("button[type=submit]", form)) setTimeout(() => { button.disabled = true; });
});
addEventListener("pageshow", () => $$("form[method=post] button[type=submit]").forEach((button) => { button.disabled = button.hasAttribute("data-off"); }));

// A select or switch with data-submit sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
