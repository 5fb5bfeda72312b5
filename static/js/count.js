// Counting: buttons for one more and one less, the scan field that is ready for the next barcode, printing.
"use strict";

(() => {
  const reveal = (root) => {
    root.querySelectorAll("[data-step], [data-print]").forEach((button) => { button.hidden = false; });
  };

  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) {
      const field = step.parentElement.querySelector("input");
      const now = /^\d{1,7}$/.test(field.value.trim()) ? Number(field.value) : 0;
      field.value = String(Math.max(0, now + Number(step.dataset.step)));
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  // Every answer replaces the desk: the field that is wanted next gets the focus, what a search left in it is selected.
  // At the swap and not when it has settled: a scanner types meanwhile, and its first digits would be written over.
  document.addEventListener("htmx:afterSwap", () => {
    const desk = document.getElementById("count-desk");
    if (!desk) return;
    reveal(desk);
    const field = desk.querySelector("[aria-invalid=true]") || desk.querySelector("[autofocus]");
    if (field) {
      field.focus();
      field.select();
    }
  });

  reveal(document);
})();
