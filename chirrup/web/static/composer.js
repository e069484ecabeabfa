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
