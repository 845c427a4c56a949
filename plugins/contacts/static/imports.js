// Imports: the upload with its progress, and one import's page as it goes on, in every open browser.
import {$, csrf, morph, reason, root} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const upload = $("[data-upload]");
const id = () => $("[data-import]")?.dataset.import;

start();

function send(file) {
  const form = new FormData();
  form.append("file", file);
  const bar = $("progress", upload);
  const wrong = $(".wrong", upload);
  wrong.hidden = true;
  bar.hidden = false;
  bar.removeAttribute("value");
  // XMLHttpRequest, as fetch does not tell how far an upload is.
  const request = new XMLHttpRequest();
  request.open("POST", `${root}/api/contact-imports`);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = (event) => { bar.value = (100 * event.loaded) / event.total; };
  request.onloadend = () => {
    if (request.status === 201) { location.href = `${root}/contacts/import/${request.response.id}`; return; }
    bar.hidden = true;
    wrong.textContent = reason({data: request.response});
    wrong.hidden = false;
  };
  request.send(form);
}

if (upload) {
  const input = $("input[type=file]", upload);
  input.addEventListener("change", () => { if (input.files[0]) send(input.files[0]); input.value = ""; });
  for (const name of ["dragover", "dragleave", "drop"]) {
    upload.addEventListener(name, (event) => {
      event.preventDefault();
      upload.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
    });
  }
}

let asked = false;
let again = false;
/** Draw the page's own part anew; while that is under way, a further wish waits. */
async function refresh() {
  if (asked) { again = true; return; }
  asked = true;
  const part = id() ? "#import" : "#imports";
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}, credentials: "same-origin"});
  if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    morph($(part), document.importNode($(part, page), true));
  }
  asked = false;
  if (again) { again = false; refresh(); }
}

on("changes", ({changes}) => {
  if (changes.some((each) => each.collection === "contact_import" && (!id() || each.id === id()))) refresh();
});
on("resync", refresh);
