// Brings a page up to date each minute. Without it everything works; with it nobody has to press reload.
"use strict";
(() => {
  const EVERY_MS = 60000;
  const main = document.querySelector("main");
  const told = document.getElementById("live");
  const clock = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const inUse = () => document.hidden || main.querySelector("form :focus, details[open]") !== null;
  let updated = clock();

  function locked() {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.textContent = "Sign in again";
    const words = document.createElement("p");
    words.append("This board is locked, as nobody has used it for a while. ", link);
    main.replaceChildren(words);
    told.textContent = "";
    clearInterval(timer);
  }

  function put(page) {
    const left = main.querySelector(".scroll")?.scrollLeft ?? 0;
    const at = document.activeElement?.closest("main") ? document.activeElement.getAttribute("href") : null;
    document.title = page.title;
    main.replaceChildren(...page.querySelector("main").childNodes);
    const scroll = main.querySelector(".scroll");
    if (scroll) scroll.scrollLeft = left;
    if (at) [...main.querySelectorAll("a")].find((one) => one.getAttribute("href") === at)?.focus();
  }

  async function refresh() {
    if (inUse()) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Homeward-Refresh": "1" } });
      if (answer.status === 401) return locked();
      if (!answer.ok) throw new Error(answer.status);
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      updated = clock();
      told.textContent = `Up to date at ${updated}`;
    } catch {
      told.textContent = `Not up to date: the service did not answer. This page is of ${updated}.`;
    }
  }

  const timer = setInterval(refresh, EVERY_MS);
})();
