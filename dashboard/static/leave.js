// A page that shows what is shown once goes away by itself, and is not in the history: going back finds nothing.
"use strict";
(() => {
  const link = document.querySelector("[data-leave-after-s]");
  if (!link) return;
  const leave = () => location.replace(link.href);
  setTimeout(leave, 1000 * Number(link.dataset.leaveAfterS));
  addEventListener("pagehide", () => document.querySelector(".drawn")?.remove());
  link.addEventListener("click", (event) => { event.preventDefault(); leave(); });
})();
