// A barcode scanner on the stock pages: it types fast and presses Enter, wherever the focus happens to be.
"use strict";

(() => {
  const { $, isTyping, say } = window.oms;
  const scan = $("[data-scan]");
  const form = $("[data-movement]");
  if (!scan) return;

  // A hand needs more than this between two keys; a scanner needs a few milliseconds.
  const FASTEST_HAND = 60;
  const SHORTEST_CODE = 5;
  let typed = "";
  let last = 0;
  let field = null;
  let before = "";

  function forget() {
    typed = "";
    field = null;
  }

  function begin(target) {
    typed = "";
    field = target instanceof Element && target.matches("input, textarea") ? target : null;
    before = field ? field.value : "";
  }

  // What a scanner typed into another field is taken out of it again: it was meant for the scan field.
  function takeBack() {
    if (field) field.value = before;
  }

  function addOne() {
    const quantity = $("[data-quantity]", form);
    const units = Number.parseInt(quantity.value, 10);
    quantity.value = String((Number.isNaN(units) ? 0 : units) + 1);
    quantity.dispatchEvent(new Event("input", { bubbles: true }));
    quantity.focus();
  }

  function scanned(code) {
    takeBack();
    if (form && [form.dataset.barcode, form.dataset.sku].includes(code)) return addOne();
    if (form && $("[data-quantity]", form).value.trim()) return say(form.dataset.another, true);
    scan.value = code;
    scan.form.requestSubmit();
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target === scan || event.ctrlKey || event.metaKey || event.altKey) return forget();
      const fast = event.timeStamp - last < FASTEST_HAND;
      last = event.timeStamp;
      if (event.key === "Enter") {
        const code = typed;
        if (!fast || code.length < SHORTEST_CODE) return forget();
        event.preventDefault();
        event.stopPropagation();
        scanned(code);
        return forget();
      }
      if (event.key.length !== 1) return;
      if (!fast || !typed) begin(event.target);
      typed += event.key;
      if (!isTyping(event.target) && event.key === "/") event.stopPropagation();
    },
    true,
  );

  // A person who types with the focus nowhere means the scan field.
  document.addEventListener("keypress", (event) => {
    if (form || isTyping(event.target) || event.key.length !== 1 || event.ctrlKey || event.metaKey) return;
    if (event.key === "/" || event.key === " ") return;
    event.preventDefault();
    scan.focus();
    scan.value += event.key;
  });

  // On a page that came back with something wrong, the wrong field is where one goes on.
  const wrong = form && $("[aria-invalid=true]", form);
  if (wrong) wrong.focus();
})();
