// The texts of notes in the page's language; `%(name)s` is filled from `values`.
const words = JSON.parse(document.getElementById("notes-words").textContent);

export const w = (key, values = {}) => words[key].replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
