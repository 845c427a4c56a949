// The upload of an import, with its progress; what becomes of it follows the feed (live.js).
import {$, csrf, reason, root} from "../../static/js/base.js";
import "./live.js";

const upload = $("[data-upload]");

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
  const take = () => { if (input.files[0]) send(input.files[0]); input.value = ""; };
  input.addEventListener("change", take);
  take(); // a file that was chosen before this script was there
  for (const name of ["dragover", "dragleave", "drop"]) {
    upload.addEventListener(name, (event) => {
      event.preventDefault();
      upload.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
    });
  }
}
