// Keeps a part of a page fresh: when records arrive, the page is fetched and that part replaced. The page is whole without it.
"use strict";
(() => {
  const part = document.getElementById("fresh");
  if (!part) return;
  const WAIT_MS = 800, AGAIN_MS = 15000;
  let due = 0;

  const busy = () => part.contains(document.activeElement) || !window.getSelection().isCollapsed;

  const refresh = async () => {
    due = 0;
    if (busy()) return later(WAIT_MS * 4);
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.status === 401 || answer.redirected) return location.reload();
      if (!answer.ok) return later(AGAIN_MS);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("fresh");
      if (fresh) part.replaceChildren(...fresh.childNodes);
    } catch { later(AGAIN_MS); }
  };

  const later = (ms) => { if (!due) due = setTimeout(refresh, ms); };

  const source = new EventSource(`${part.dataset.stream}?after=${part.dataset.after}`);
  source.addEventListener("record", () => later(WAIT_MS));
  source.addEventListener("reset", () => location.reload());
  source.addEventListener("ended", () => { source.close(); location.reload(); });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setInterval(() => later(0), AGAIN_MS); });
})();
