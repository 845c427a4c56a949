// The first run: the workspace gets the time zone of this browser.
const field = document.querySelector("[data-own-zone]");
if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
