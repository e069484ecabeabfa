// New posts, edits and deletions while the home page is open. New posts stay hidden until the reader asks for them.
// Browsers allow six connections to a server, so all tabs share one stream: the visible tab has it and tells the others.
"use strict";

{
  const page = document.querySelector("[data-live]");
  const arrivals = document.getElementById("arrivals");

  const REST_MS = 30000; // a tab hidden for so long needs no stream; it reads the page again when it becomes visible
  const RETRY_MS = 3000; // doubled up to a minute
  const READ_MS = 10000; // after this, the page is read again another time

  // Events are put into the page.

  const posts = document.getElementById("posts");
  const button = document.getElementById("show-arrivals");
  const shown = (key) => [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];

  function settle() {
    for (const news of [...arrivals.querySelectorAll(":scope > [data-news]")]) {
      const before = shown(news.dataset.of).filter((one) => !news.contains(one));
      if (news.dataset.news === "gone") before.forEach(remove);
      else if (before.length) news.dataset.news === "changed" && replace(before[0], news.firstElementChild);
      else if (news.dataset.news === "new") continue;
      news.remove();
    }
    const waiting = arrivals.querySelectorAll(":scope > [data-news=new]").length;
    button.hidden = !waiting;
    button.textContent = waiting === 1 ? "Show 1 new post" : `Show ${waiting} new posts`;
  }

  const remove = (post) => (post.closest("[data-news]") ?? post).remove();

  function replace(post, by) {
    post.replaceWith(by);
    htmx.process(by);
  }

  function showArrivals() {
    if ("gap" in arrivals.dataset) return location.assign(location.pathname); // more posts came than we have
    const fresh = [...arrivals.querySelectorAll(":scope > [data-news=new] > *")];
    fresh.forEach((post) => post.classList.add("arrived"));
    posts.prepend(...fresh);
    fresh.forEach((post) => htmx.process(post));
    document.getElementById("nothing")?.remove();
    arrivals.replaceChildren();
    settle();
    fresh[0]?.querySelector(".when a")?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  const act = {
    post(html) {
      arrivals.insertAdjacentHTML("afterbegin", html);
      settle();
    },

    unread(count) {
      document.querySelector(".badge").textContent = count;
    },

    // Events may have been missed: compare with the present page.
    async missed() {
      const known = [...document.querySelectorAll("#posts > [data-key], #arrivals [data-key]")];
      stale = document.hidden; // it is read when the tab becomes visible
      if (stale) return;
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(READ_MS) }).catch(() => null);
      stale = !answer?.ok || answer.redirected;
      if (stale) return;
      const now = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = [...now.querySelectorAll("#posts > [data-key]")];
      const oldest = now.querySelector("#posts > .older") ? BigInt(found.at(-1).dataset.key) : 0n;
      const keys = new Set(found.map((post) => post.dataset.key));
      for (const post of known) if (BigInt(post.dataset.key) >= oldest && !keys.has(post.dataset.key)) remove(post);
      const ids = known.map((post) => BigInt(post.dataset.key));
      const newest = ids.reduce((most, id) => (id > most ? id : most), 0n);
      const lowest = ids.reduce((least, id) => (id < least ? id : least), newest);
      if (newest < oldest) arrivals.dataset.gap = "";
      for (const post of found.reverse()) {
        const key = post.dataset.key;
        const [here] = shown(key);
        if (here && here.dataset.edited !== post.dataset.edited) replace(here, post);
        else if (!here && !("own" in post.dataset) && BigInt(key) > lowest) { // also posts that were delivered late, below the newest shown
          const news = document.createElement("div");
          Object.assign(news.dataset, { news: "new", of: key });
          news.append(post);
          arrivals.prepend(news);
        }
      }
      act.unread(now.querySelector(".badge").textContent);
      settle();
    },
  };

  // One after the other: events that come while the page is read are newer than it.
  let turn = Promise.resolve();
  let stale = false; // events may have been missed, and the page was not read since
  const put = (kind, data) => (turn = turn.finally(() => act[kind](data)));

  // Which tab has the stream.

  const name = `${page?.dataset.live} ${page?.dataset.account}`; // another login in this browser is another account
  let after = page?.dataset.after;
  let stop = null; // ends the stream, if this tab has it
  let waiting = null; // cancels the request for it
  let awake = true;
  let resting = 0;
  let others = null;

  const tell = (kind, event) => {
    after = event.lastEventId || after;
    put(kind, event.data);
    others?.postMessage([kind, event.data]);
  };

  function lead() {
    waiting = null;
    return new Promise((done) => {
      let source, timer, wait_ms = RETRY_MS;
      const open = () => {
        source = new EventSource(`${page.dataset.live}?after=${after}`);
        source.onopen = () => { // the server listens now, so reading the page after this misses nothing
          if (stale) put("missed");
          others?.postMessage(["missed"]);
          wait_ms = RETRY_MS;
        };
        source.onerror = () => {
          stale = true;
          if (source.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
          timer = setTimeout(open, wait_ms);
          wait_ms = Math.min(2 * wait_ms, 60000);
        };
        for (const kind of ["post", "unread"]) source.addEventListener(kind, (event) => tell(kind, event));
      };
      stop = () => {
        source.close();
        clearTimeout(timer);
        stop = null;
        done();
      };
      open();
    });
  }

  // The visible tab takes the stream from the others, which wait to get it back when that tab is closed or hidden.
  function take() {
    waiting?.abort();
    waiting = null;
    if (stop) return;
    if (!navigator.locks) return lead(); // not https: each visible tab has its own stream
    navigator.locks.request(name, { steal: true }, lead).catch(taken);
  }

  function taken() {
    stop?.();
    if (!awake) return;
    const wish = (waiting = new AbortController());
    const inherit = () => {
      stale = true;
      return lead();
    };
    navigator.locks.request(name, { signal: wish.signal }, inherit).catch(() => wish.signal.aborted || taken());
  }

  function wake() {
    clearTimeout(resting);
    awake = true;
    if (!others && navigator.locks) {
      others = new BroadcastChannel(name);
      others.onmessage = ({ data: [kind, data] }) => put(kind, data);
    }
    if (stale && stop) put("missed");
    take();
  }

  function rest() {
    [awake, stale] = [false, true];
    waiting?.abort();
    stop?.();
    others?.close();
    others = null;
  }

  if (page) {
    button.addEventListener("click", showArrivals);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) wake();
      else resting = setTimeout(rest, REST_MS);
    });
    addEventListener("pagehide", rest);
    addEventListener("pageshow", (event) => event.persisted && wake());
    if (!document.hidden) wake();
    else [awake, stale] = [false, true];
  }
}
