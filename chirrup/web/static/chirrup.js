// What the pages do beyond plain forms and links; each part is left out without harm where scripts do not run.
"use strict";

// Characters left, as the server counts them (length.js). The server's word is final.
function count(form) {
  const shown = form.querySelector("[data-count]");
  const words = [...form.querySelectorAll("[data-counted]")].map((field) => textLength(field.value));
  const left = Number(shown.dataset.count) - words.reduce((sum, n) => sum + n, 0);
  shown.textContent = left;
  shown.classList.toggle("over", left < 0);
  form.querySelector("[data-send]").disabled = left < 0;
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form:has([data-count])");
  if (form) count(form);
});

// Ctrl+Enter sends.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const send = event.target.closest("form")?.querySelector("[data-send]");
  if (send && !send.disabled) send.form.requestSubmit(send);
});

// Times grow older while one reads, and are told in the reader's own time zone.
const ago = (ms) => {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h` : "";
};

function tellTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = at.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
    const said = "ago" in time.dataset && ago(Date.now() - at);
    if (said && said !== time.textContent) time.textContent = said;
  }
}
tellTimes();
setInterval(tellTimes, 60000);
document.addEventListener("htmx:load", tellTimes);

// A menu closes when something else is clicked, or by Escape.
const closeMenus = (but) => document.querySelectorAll("details.more[open]").forEach((one) => one !== but && (one.open = false));
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.more")));
document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus());
document.querySelectorAll("form:has([data-count])").forEach(count);
