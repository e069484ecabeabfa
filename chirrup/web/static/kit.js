// Behaviour of the kit beyond plain HTML. Without scripts, each part still works or is hidden.
"use strict";

// A menu opens upwards if there is no room below it, and to the right if there is none on its left.
document.addEventListener("toggle", ({ target }) => {
  const menu = target.open && target.matches("details.more") && target.querySelector(".menu");
  if (!menu) return;
  menu.classList.remove("up", "left");
  const bar = document.querySelector(".nav");
  const floor = getComputedStyle(bar ?? document.body).position === "fixed" ? bar.getBoundingClientRect().top : innerHeight;
  const [place, button] = [menu.getBoundingClientRect(), target.getBoundingClientRect()];
  const above = button.top - (document.querySelector(".top")?.getBoundingClientRect().bottom ?? 0);
  menu.classList.toggle("up", place.bottom > floor && above > floor - button.bottom);
  menu.classList.toggle("left", place.left < 0);
  menu.scrollIntoView({ block: "nearest" });
}, { capture: true });

// It closes by a click elsewhere, or by Escape, which leaves the focus on its button.
const closeMenus = (but) => document.querySelectorAll("details.more[open]").forEach((one) => one !== but && (one.open = false));
document.addEventListener("click", ({ target }) => closeMenus(target.closest("details.more")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.activeElement?.closest("details.more[open]")?.querySelector("summary").focus();
  closeMenus();
});

// Dialogs and sheets. A click beside one closes it.
document.addEventListener("click", ({ target }) => {
  const opens = target.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens)?.showModal();
  if (target.closest("[data-closes]") || target.matches("dialog:modal")) target.closest("dialog")?.close();
});

// Of a row of tabs that is longer than the page is wide, the present one is seen.
document.querySelectorAll(".tabs [aria-current]").forEach((one) => {
  const row = one.closest(".tabs");
  row.scrollLeft += one.getBoundingClientRect().left - row.getBoundingClientRect().left - 48;
});

// Secrets are copied with one click.
const showCopies = () => document.querySelectorAll("[data-copies]").forEach((one) => (one.hidden = !navigator.clipboard));
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copies]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copies);
  button.querySelector("span").textContent = "Copied";
});
showCopies();
