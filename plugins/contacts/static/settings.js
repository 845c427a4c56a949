// The settings page of custom fields: what a type does not need is not asked for.
import {$, $$} from "../../static/js/base.js";
import "./live.js";

const form = $("[data-field-form]");
function fit() {
  for (const part of $$("[data-for]", form)) part.hidden = part.dataset.for !== form.elements.type.value;
}
form.addEventListener("change", fit);
fit();
