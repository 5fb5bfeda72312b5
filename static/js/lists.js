// Lists: ticks are counted, one box ticks the page, and what can be done is at hand once something is ticked.
"use strict";

(() => {
  const form = document.querySelector("form[data-chosen]");
  const bar = form && form.querySelector("[data-list-actions]");
  if (!bar) return;
  const boxes = Array.from(form.querySelectorAll("td.cell-tick input"));
  const every = form.querySelector("[data-tick-all]");
  const all = bar.querySelector("[data-all-match]");
  const says = bar.querySelector("[data-ticked]");
  let last = null;

  every.hidden = false;
  form.classList.add("is-counted");

  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    form.classList.toggle("has-ticked", count > 0 || all.checked);
    every.checked = count === boxes.length;
    every.indeterminate = count > 0 && count < boxes.length;
    says.textContent = all.checked || !count ? "" : says.dataset.words.replace("%(count)s", count);
    boxes.forEach((box) => box.closest("tr").classList.toggle("is-ticked", box.checked || all.checked));
  };

  every.addEventListener("change", () => {
    boxes.forEach((box) => { box.checked = every.checked; });
    show();
  });
  all.addEventListener("change", show);
  boxes.forEach((box, index) => box.addEventListener("click", (event) => {
    // With Shift, the rows between this tick and the last one.
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(last, index), Math.max(last, index)];
      boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    }
    last = index;
    show();
  }));
  window.addEventListener("pageshow", show);
  show();
})();
