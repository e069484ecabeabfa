// Shows the pictures chosen for a post before it is sent. On a canvas, because the page's policy allows pictures from this server only.
"use strict";

const PREVIEW_PX = 192;

async function preview(field) {
  const slot = field.closest(".slot");
  const file = field.files[0];
  slot.querySelector("canvas")?.remove();
  slot.classList.toggle("chosen", Boolean(file));
  const picture = file && field.checkValidity() && (await createImageBitmap(file).catch(() => null));
  if (!picture || field.files[0] !== file) return;
  const canvas = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  canvas.width = canvas.height = PREVIEW_PX;
  canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, PREVIEW_PX, PREVIEW_PX);
  picture.close();
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${field.getAttribute("aria-label")}: ${file.name}`);
  slot.querySelector("canvas")?.remove();
  slot.prepend(canvas);
}

document.addEventListener("change", ({ target }) => target.matches?.(".slot > [type=file]") && preview(target));

// A browser that goes back to the page may have kept the chosen files.
document.querySelectorAll(".slot > [type=file]").forEach((field) => field.files.length && preview(field));

// A post for later has its time in the writer's zone. Without scripts it is UTC.
function inOwnZone(field) {
  const zone = field.form.elements.at_zone;
  const local = (at) => new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  if ("utc" in field.dataset) field.value = local(new Date(`${field.value}Z`));
  delete field.dataset.utc;
  field.form.querySelector("[data-zone]").hidden = true;
  const tell = () => (zone.value = field.value && new Date(field.value).getTimezoneOffset());
  field.addEventListener("input", tell);
  tell();
}
document.querySelectorAll("[name=at]").forEach(inOwnZone);
