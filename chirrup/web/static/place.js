// Keeps the reader's place in a list after a reload, and after going to another page and back.
// Once the reader scrolls, the address says how far down the list was shown. The position is kept for this tab, without any content.
"use strict";

{
  const list = document.getElementById("posts");
  const key = `place ${window.navigation?.currentEntry?.key ?? location.href}`;

  const keep = () => {
    const first = [...list.querySelectorAll(":scope > [id]")].find((one) => one.getBoundingClientRect().bottom > 0);
    const place = { y: scrollY, id: first?.id, top: first?.getBoundingClientRect().top };
    if (scrollY) sessionStorage.setItem(key, JSON.stringify(place));
    else sessionStorage.removeItem(key);
  };

  const goBack = () => {
    const place = JSON.parse(sessionStorage.getItem(key));
    const first = place?.id && document.getElementById(place.id);
    if (first) scrollBy({ top: first.getBoundingClientRect().top - place.top, behavior: "instant" });
    else if (place) scrollTo({ top: place.y, behavior: "instant" });
  };

  const sayEnd = () => {
    const next = list.querySelector(":scope > a.older");
    const address = new URL(location);
    address.searchParams.set("to", next ? new URL(next.href).searchParams.get("before") : 0);
    history.replaceState(history.state, "", address);
  };

  if (list) {
    history.scrollRestoration = "manual"; // the browser would restore the height, but there are new posts above
    addEventListener("pagehide", keep);
    if (["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type)) {
      goBack();
      if (location.hash) addEventListener("load", goBack); // after the browser has scrolled to the hash
    }

    addEventListener("scroll", sayEnd, { once: true });
    document.addEventListener("htmx:afterSwap", (event) => event.detail.requestConfig?.elt.matches("a.older") && sayEnd());

    // Forms of posts return to the whole list, not to the part that the post was loaded with.
    list.addEventListener("submit", (event) => {
      const back = event.target.elements.return_to;
      if (back) back.value = location.pathname + location.search + new URL(back.value, location).hash;
    });
  }
}
