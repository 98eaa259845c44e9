// The live part of "Now": records as they arrive, doors as they change. The page is whole without it.
// Text is only ever set as text; the server has already said everything in the reader's language.
"use strict";
(() => {
  const root = document.getElementById("live");
  if (!root) return;
  const body = document.getElementById("feed");
  const mould = document.getElementById("line-mould");
  const status = document.getElementById("live-status");
  const more = document.getElementById("more");
  const hold = document.getElementById("hold");
  const pulse = document.getElementById("pulse");
  const MOST_ROWS = 60, MOST_WAITING = 500, POLL_MS = 5000, SAY_MS = 5000;
  let after = Number(root.dataset.after);
  let source = null, poll = 0, held = false, waiting = [], unsaid = 0, sayTimer = 0;

  const counted = (template, n) => template.replace("{n}", String(n));
  const show = (state) => { pulse.dataset.state = state; pulse.textContent = pulse.dataset[state]; };

  // One polite region, and only a count in it; nobody wants each event read out.
  const say = (n) => {
    unsaid += n;
    if (sayTimer) return;
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      status.textContent = counted(root.dataset.count, unsaid);
      unsaid = 0;
    }, SAY_MS);
  };

  const row = (line) => {
    const tr = mould.content.firstElementChild.cloneNode(true);
    for (const slot of tr.querySelectorAll("[data-slot]")) slot.textContent = line[slot.dataset.slot] || "";
    tr.querySelector("[data-href]").href = line.url;
    const time = tr.querySelector("time");
    time.dateTime = line.at;
    for (const chip of tr.querySelectorAll("[data-result]")) if (chip.dataset.result !== line.result) chip.remove();
    for (const chip of tr.querySelectorAll("[data-mark]")) if (chip.dataset.mark !== line.mark) chip.remove();
    for (const cell of tr.cells) if (!cell.textContent.trim()) cell.textContent = "";
    tr.classList.add("fresh");
    setTimeout(() => tr.classList.remove("fresh"), 2500);
    return tr;
  };

  const reading = () => {
    const selection = window.getSelection();
    return held || body.getBoundingClientRect().top < 0 || body.contains(document.activeElement)
      || (selection && !selection.isCollapsed && body.contains(selection.anchorNode));
  };

  const flush = () => {
    for (const line of waiting) body.prepend(row(line));
    waiting = [];
    while (body.rows.length > MOST_ROWS) body.deleteRow(-1);
    document.getElementById("no-records").hidden = body.rows.length > 0;
    more.parentElement.hidden = true;
  };

  const take = (line) => {
    if (line.arrival <= after) return;
    after = line.arrival;
    waiting.push(line);
    if (waiting.length > MOST_WAITING) waiting.shift();
    say(1);
    if (!reading()) return flush();
    more.textContent = counted(root.dataset.count, waiting.length);
    more.parentElement.hidden = false;
  };

  const stand = (states) => {
    for (const site of states.sites) {
      const notes = document.getElementById(`site-${site.site}`);
      if (!notes) return location.reload();
      notes.querySelector("[data-slot=heard]").textContent = site.heard;
      notes.querySelector("[data-slot=inside]").textContent = site.inside;
      notes.querySelector("[data-note=stale]").hidden = !site.stale;
      notes.querySelector("[data-note=missing]").hidden = !site.missing;
      notes.querySelector("[data-slot=missing]").textContent = site.missing;
      if (["broken", "failed", "lockdowns", "duress", "late"].some((name) => site[name] !== notes.dataset[name])) return location.reload();
      for (const portal of site.portals) {
        const tile = document.getElementById(`tile-${site.site}-${portal.portal}`);
        if (!tile) return location.reload();
        tile.dataset.status = portal.status;
        for (const slot of tile.querySelectorAll("[data-slot]")) slot.textContent = portal[slot.dataset.slot] || "";
      }
    }
  };

  const ask = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status === 401) location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const polling = async () => {
    try {
      for (let again = true; again;) {
        const found = await ask(`${root.dataset.records}?after=${after}`);
        found.records.forEach(take);
        again = found.more;
      }
      stand(await ask(root.dataset.states));
      show("polling");
    } catch { show("lost"); }
  };

  const stop = () => {
    if (source) source.close();
    clearInterval(poll);
    source = null;
    poll = 0;
  };

  const start = () => {
    stop();
    source = new EventSource(`${root.dataset.stream}?after=${after}`);
    source.addEventListener("open", () => show("live"));
    source.addEventListener("record", (event) => take(JSON.parse(event.data)));
    source.addEventListener("states", (event) => stand(JSON.parse(event.data)));
    for (const over of ["reset", "ended"]) source.addEventListener(over, () => { stop(); location.reload(); });
    source.addEventListener("error", () => {
      show("lost");
      if (!source || source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      stop(); // refused: no stream is free, or nobody is signed in
      polling();
      poll = setInterval(polling, POLL_MS);
    });
  };

  more.addEventListener("click", () => { held = false; hold.setAttribute("aria-pressed", "false"); flush(); });
  hold.addEventListener("click", () => {
    held = !held;
    hold.setAttribute("aria-pressed", String(held));
    if (!held) flush();
  });
  document.addEventListener("scroll", () => { if (waiting.length && !reading()) flush(); }, { passive: true });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  window.addEventListener("pagehide", stop);
  hold.hidden = pulse.hidden = false;
  if (!document.hidden) start();
})();
