// The parcel pages: choosing many, printing, a click that counts once, the scanner at the returns desk.
"use strict";

(() => {
  const { $, all, letterOf } = window.oms;

  // ---- Choosing: one box for a group, the number on the button.

  const boxes = (root) => all("tbody input[type=checkbox]:not(:disabled)", root);

  function count(form) {
    const chosen = boxes(form).filter((box) => box.checked).length;
    all("[data-count-label]", form).forEach((button) => {
      $("span", button).textContent = button.dataset.countLabel.replace("#", chosen);
      button.disabled = chosen === 0;
    });
    all("[data-chosen]", form).forEach((line) => { line.textContent = chosen ? line.dataset.chosen.replace("#", chosen) : ""; });
    (form.matches("[data-group]") ? [form] : all("[data-group]", form)).forEach((group) => {
      const whole = $("[data-choose-all]", group);
      if (!whole) return;
      const mine = boxes(group);
      const on = mine.filter((box) => box.checked).length;
      whole.checked = mine.length > 0 && on === mine.length;
      whole.indeterminate = on > 0 && on < mine.length;
    });
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-choose]");
    if (!form) return;
    if (event.target.matches("[data-choose-all]")) {
      boxes(event.target.closest("[data-group]")).forEach((box) => { box.checked = event.target.checked; });
    }
    count(form);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    if (form.dataset.sent) return void event.preventDefault();
    form.dataset.sent = "yes";
  });
  // A page that comes back by the browser's button may be sent again.
  window.addEventListener("pageshow", () => all("form[data-once]").forEach((form) => { delete form.dataset.sent; }));

  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });

  // ---- Undo: the seconds run, and the button leaves when they are over.

  function countDown(form) {
    if (form.dataset.runs) return;
    form.dataset.runs = "yes";
    const end = Date.now() + Number(form.dataset.expires) * 1000;
    const tick = () => {
      if (!form.isConnected) return;
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left <= 0) return void form.remove();
      $("[data-seconds]", form).textContent = String(left);
      setTimeout(tick, 250);
    };
    tick();
  }

  // ---- Returns: a single key is an answer, a burst of keys is the scanner's next parcel.

  const BURST = 250;
  const ANSWERS = "rugd";
  let burst = "";
  let letter = ""; // of the burst's first key, wherever the layout has it
  let timer = 0;

  const press = (key) => {
    const button = $(`#returns-desk [data-key="${key}"]:not(:disabled)`);
    if (button) button.click();
  };

  function decide() {
    const typed = burst;
    const field = $("[data-returns-scan]");
    burst = "";
    const isAnswer = typed.length === 1 && ANSWERS.includes(letter);
    if (isAnswer && document.documentElement.dataset.singleKeys !== "off") return press(letter);
    if (field) field.value += typed;
  }

  document.addEventListener("keydown", (event) => {
    const field = $("[data-returns-scan]");
    if (!field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const elsewhere = event.target !== field && event.target.closest("input, textarea, select");
    if (elsewhere || (event.target === field && field.value)) return;
    if (event.key === "Enter" && burst) {
      clearTimeout(timer);
      event.preventDefault();
      // One key and Enter at once is still an answer; anything longer is what was scanned.
      const isScan = burst.length > 1;
      decide();
      if (isScan) field.form.requestSubmit();
      return;
    }
    if (event.key.length !== 1 || (event.key === " " && !burst) || (!burst && event.key === "/")) return;
    if (!burst && !$("#returns-desk .return-card") && event.target === field) return;
    event.preventDefault();
    event.stopPropagation();
    if (!burst) letter = letterOf(event);
    burst += event.key;
    if (burst.length > 1) {
      clearTimeout(timer);
      field.focus();
      decide();
      return;
    }
    timer = setTimeout(decide, BURST);
  }, true);

  // ---- Every answer may replace a part of the page.

  function ready() {
    all("form[data-choose]").forEach(count);
    all("[data-choose-all]").forEach((box) => { box.closest("label").hidden = false; });
    all("[data-print]").forEach((button) => { button.hidden = false; });
    all("form[data-expires]").forEach(countDown);
    const said = $("[data-focus]");
    if (said) said.focus();
  }

  document.addEventListener("htmx:afterSettle", () => {
    const field = $("[data-returns-scan]");
    if (field) field.focus();
    ready();
  });
  ready();
})();
