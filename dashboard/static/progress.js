// A page that waits for an answer looks for it every second, and stops when it is there.
"use strict";
(() => {
  const EVERY_MS = 1000;
  const look = async () => {
    const old = document.querySelector("[data-waiting]");
    if (!old) return;
    try {
      const answer = await fetch(location.href);
      if (answer.status === 401 || answer.redirected) return location.reload();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(old.id);
      if (answer.ok && fresh && fresh.innerHTML !== old.innerHTML) {
        if (fresh.hasAttribute("data-waiting")) old.replaceChildren(...fresh.childNodes);
        else { old.removeAttribute("data-waiting"); old.replaceChildren(...fresh.childNodes); }
      }
    } catch { /* the network is away; the next look will tell */ }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
