// The screen beside a key cabinet looks every half second, and changes only when something has: what is typed stays.
"use strict";
(() => {
  const EVERY_MS = 500;
  const look = async () => {
    const old = document.getElementById("kiosk");
    try {
      const answer = await fetch(location.href);
      if (answer.redirected) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("kiosk"), said = page.getElementById("kiosk-said");
      if (answer.ok && fresh && fresh.dataset.state !== old.dataset.state) {
        const was = old.dataset.kiosk;
        old.dataset.state = fresh.dataset.state;
        old.dataset.kiosk = fresh.dataset.kiosk;
        old.replaceChildren(...fresh.childNodes);
        document.getElementById("kiosk-said").textContent = said.textContent;
        if (was !== old.dataset.kiosk) window.scrollTo(0, 0);
      }
    } catch { /* the network is away; the next look will tell */ }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
