// The hours of a team are shown only where it is not always open.
const always = document.querySelector('[name="always"]');
const hours = document.querySelector("[data-hours]");
const show = () => { hours.hidden = always.checked; };
always.addEventListener("change", show);
show();
