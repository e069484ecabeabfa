// Extras beyond plain forms and links. The pages work without each of them.
"use strict";

// Characters left, counted like on the server (length.js), which decides.
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

// Times are updated while the page is open, and shown in the reader's own time zone.
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

// A replaced element keeps the focus by its id (htmx does that). When a list grows, the first new entry gets the focus.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.requestConfig?.elt.matches("a.older") || document.activeElement !== document.body) return;
  event.target.querySelector("a[href]:not([tabindex])")?.focus({ preventScroll: true });
});

// An old problem is removed with the next try.
document.addEventListener("htmx:beforeRequest", () => document.getElementById("notice")?.replaceChildren());

// The caret starts after the text that the form has already, which is the mentions of a reply.
for (const field of document.querySelectorAll("textarea[data-counted]")) {
  field.setSelectionRange(field.value.length, field.value.length);
}

// A picture that is too large is refused before it is sent.
document.addEventListener("change", ({ target: field }) => {
  const film = field.dataset?.filmBytesMax && /^(audio|video)\//.test(field.files[0]?.type);
  const most = Number(film ? field.dataset.filmBytesMax : field.dataset?.bytesMax);
  if (!most) return;
  const size = field.files[0]?.size ?? 0;
  const megabytes = (bytes) => `${Math.ceil((bytes / 2 ** 20) * 10) / 10} MB`;
  field.setCustomValidity(size > most ? `At most ${megabytes(most)}; this ${film ? "file" : "picture"} has ${megabytes(size)}.` : "");
  field.reportValidity();
});

document.querySelectorAll("form:has([data-count])").forEach(count);
