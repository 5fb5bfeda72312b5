// What will be sent: seconds count down beside each message, between the looks that htmx takes at the server.
"use strict";

(() => {
  const ends = new WeakMap();

  function tick() {
    document.querySelectorAll("[data-held] [data-left]").forEach((clock) => {
      if (!ends.has(clock)) ends.set(clock, Date.now() + Number(clock.dataset.left) * 1000);
      const left = String(Math.max(0, Math.ceil((ends.get(clock) - Date.now()) / 1000)));
      if (clock.textContent !== left) clock.textContent = left;
    });
  }

  tick();
  setInterval(tick, 250);
})();
