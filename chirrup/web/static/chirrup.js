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

const day = (at) => at.toLocaleDateString(undefined, {
  day: "numeric", month: "short", year: at.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
});

function tellTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const full = at.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
    time.title = `${time.dataset.title ?? ""} ${full}`.trim();
    const said = "full" in time.dataset ? full : "ago" in time.dataset && (ago(Date.now() - at) || day(at));
    if (said && said !== time.textContent) time.textContent = said;
  }
}
tellTimes();
setInterval(tellTimes, 60000);
document.addEventListener("htmx:load", tellTimes);

// What a swap replaces keeps the focus by its id (htmx does that). Of a list that grows, the first new entry takes it.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.requestConfig?.elt.matches("a.older") || document.activeElement !== document.body) return;
  event.target.querySelector("a[href]:not([tabindex])")?.focus({ preventScroll: true });
});

// What went wrong before is over once something is tried again.
document.addEventListener("htmx:beforeRequest", () => document.getElementById("notice")?.replaceChildren());

// The caret stands behind what the form has written already, which is whom a reply speaks to.
for (const field of document.querySelectorAll("textarea[data-counted]")) {
  field.setSelectionRange(field.value.length, field.value.length);
}

// A picture that is too large is refused before it is sent.
document.addEventListener("change", ({ target: field }) => {
  const most = Number(field.dataset?.bytesMax);
  if (!most) return;
  const size = field.files[0]?.size ?? 0;
  const megabytes = (bytes) => `${Math.ceil((bytes / 2 ** 20) * 10) / 10} MB`;
  field.setCustomValidity(size > most ? `At most ${megabytes(most)}; this picture has ${megabytes(size)}.` : "");
  field.reportValidity();
});

document.querySelectorAll("form:has([data-count])").forEach(count);
