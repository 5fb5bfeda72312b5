// The search field of every page: results under it while typing, moved through by arrows, opened by Enter, left by Escape.
// Enter without choosing sends the field's own form: a list narrows itself, elsewhere the order of that number opens.
"use strict";

(() => {
  const { $, all, send, parse } = window.oms;
  const field = $(".top [data-search]");
  if (!field) return;
  const form = field.form;
  const { searchUrl, searchFailed } = document.body.dataset;
  const panel = document.createElement("div");
  panel.className = "search-panel";
  panel.hidden = true;
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  form.append(status);
  // Not within the tools, which scroll sideways on a phone and would cut it off.
  const top = form.closest(".top");
  top.append(panel);
  const isOurs = (element) => form.contains(element) || panel.contains(element);
  const PAUSE = 200;
  const FRESH = 30000;
  let timer = 0;
  let asked = 0;
  let shownFor = "";
  let shownAt = 0;
  let active = null;

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "grid");
  field.setAttribute("aria-expanded", "false");

  const question = () => field.value.trim().replace(/\s+/g, " ");
  const rows = () => all('[role="row"]', panel);
  const links = (row) => all("a[href]", row);

  function open() {
    panel.hidden = false;
    const room = document.documentElement.clientWidth - panel.offsetWidth - 10;
    panel.style.left = `${Math.max(10, Math.min(form.getBoundingClientRect().left, room)) - top.getBoundingClientRect().left}px`;
    field.setAttribute("aria-expanded", "true");
    if ($("#found-grid", panel)) field.setAttribute("aria-controls", "found-grid");
  }

  function close() {
    clearTimeout(timer);
    asked += 1;
    panel.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-controls");
    point(null);
  }

  // The focus stays in the field; the link that Enter opens is named to screen readers.
  function point(link) {
    if (active) active.classList.remove("is-active");
    all('[aria-selected="true"]', panel).forEach((row) => row.removeAttribute("aria-selected"));
    active = link;
    if (!link) return void field.removeAttribute("aria-activedescendant");
    const row = link.closest('[role="row"]');
    link.classList.add("is-active");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", link.closest('[role="gridcell"]').id);
  }

  function step(by) {
    const list = rows();
    if (!list.length) return;
    const at = active ? list.indexOf(active.closest('[role="row"]')) : -1;
    const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length;
    point(links(list[next])[0]);
  }

  function sideways(by) {
    const list = links(active.closest('[role="row"]'));
    const next = list[list.indexOf(active) + by];
    if (next) point(next);
    return Boolean(next);
  }

  async function ask(q) {
    const mine = (asked += 1);
    let answer = null;
    try {
      answer = await send(`${searchUrl}?q=${encodeURIComponent(q)}`);
    } catch { /* No connection: said below. */ }
    if (mine !== asked) return;
    point(null);
    if (!answer || answer.status !== 200) {
      const line = document.createElement("p");
      line.className = "found-none bad";
      line.textContent = searchFailed;
      panel.replaceChildren(line);
      shownFor = "";
      status.textContent = searchFailed;
    } else {
      panel.replaceChildren(parse(answer.html));
      panel.scrollTop = 0;
      [shownFor, shownAt] = [q, Date.now()];
      status.textContent = $("[data-said]", panel).dataset.said;
    }
    open();
  }

  function look() {
    const q = question();
    clearTimeout(timer);
    if (!q) return void close();
    if (q === shownFor && Date.now() - shownAt < FRESH) return void open();
    timer = setTimeout(() => ask(q), PAUSE);
  }

  field.addEventListener("input", look);
  field.addEventListener("focus", () => { if (question() && question() !== field.defaultValue.trim()) look(); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.metaKey) return;
    const isOpen = !panel.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) step(event.key === "ArrowDown" ? 1 : -1);
      else look();
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (active && event.key === "Enter") {
      event.preventDefault();
      if (event.ctrlKey || active.target === "_blank") window.open(active.href, "_blank", "noopener");
      else location.assign(active.href);
    } else if (active && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      if (sideways(event.key === "ArrowRight" ? 1 : -1)) event.preventDefault();
    }
  });
  document.addEventListener("pointerdown", (event) => { if (!panel.hidden && !isOurs(event.target)) close(); });
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !isOurs(event.relatedTarget)) close(); });
})();
