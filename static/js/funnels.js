// A funnel's mapping: stages shift in place instead of saving the page each time. Steps of a long move go on by themselves.
"use strict";

(() => {
  const { $, all } = window.oms;

  // ---- A stage one place to the left or right; the order travels in a hidden field.

  const form = $("[data-mapping]");
  if (form) {
    const list = $("[data-stages]", form);
    const write = () => { form.elements.order.value = all("[data-stage]", list).map((row) => row.dataset.stage).join(","); };
    form.addEventListener("click", (event) => {
      const button = event.target.closest("button[name='up'], button[name='down']");
      if (!button) return;
      event.preventDefault();
      const row = button.closest("[data-stage]");
      const other = button.name === "up" ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (button.name === "up") other.before(row); else other.after(row);
      write();
      button.focus();
      const place = all("[data-stage]", list).indexOf(row) + 1;
      $("[data-moved]", form).textContent = form.dataset.movedUp.replace("%n", place);
    });
    // A link to a stage, and the first field with an error, open the row they are in.
    const open = () => {
      const row = location.hash.startsWith("#stage-") && $(CSS.escape(location.hash.slice(1)).replace(/^/, "#"));
      if (row) { $("details", row).open = true; row.scrollIntoView({ block: "center" }); }
    };
    window.addEventListener("hashchange", open);
    open();
    const wrong = $(".errorlist", form);
    if (wrong) wrong.scrollIntoView({ block: "center" });
  }

  // ---- A step that is done asks for the next one, unless somebody stops it.

  const going = $("form[data-continue]");
  if (going) {
    const next = setTimeout(() => going.requestSubmit(), 300);
    const stop = () => clearTimeout(next);
    going.addEventListener("submit", stop);
    // Whoever leaves by a link is not brought back by the next step.
    document.addEventListener("click", (event) => { if (event.target.closest("a")) stop(); });
  }
})();
