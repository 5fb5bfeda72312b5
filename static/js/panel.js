// The side panel: a card of the board opens as its deal's page beside the columns, with the deal's own address.
// Escape, Back and the empty board beside it close it; J and K go to the next card. What a deal's page can do is deal.js.
"use strict";

(() => {
  const { $, all, say, isShortcut, letterOf } = window.oms;
  const board = $("#board");
  if (!board) return;

  const words = board.dataset;
  const home = () => location.pathname.startsWith("/board/");
  let panel = null;
  const boardUrl = location.href; // Forward opens the panel when the address is already the deal's.
  let boardTitle = "";
  let opener = null; // the card it was opened from
  let asked = 0;

  // ---- What the page needs beside the board's own, loaded with the first card that opens.

  let loading = null;
  function load() {
    loading ||= Promise.all([
      ...words.panelStyles.split(" ").map((href) => arrive(Object.assign(document.createElement("link"), { rel: "stylesheet", href }))),
      ...words.panelScripts.split(" ").map((src) => arrive(Object.assign(document.createElement("script"), { src, async: false }))),
    ]);
    return loading;
  }

  function arrive(element) {
    return new Promise((done, failed) => {
      element.addEventListener("load", done);
      element.addEventListener("error", failed);
      document.head.append(element);
    });
  }

  // ---- Opening and closing

  async function open(url, { push = true } = {}) {
    const turn = ++asked;
    try {
      await load();
    } catch {
      return location.assign(url);
    }
    if (!panel) boardTitle = document.title;
    window.oms.deal.setBoard(boardUrl);
    const answer = await window.oms.deal.ask(url);
    if (turn !== asked || !answer) return;
    if (answer.status !== 200) return void say(answer.status === 404 ? words.panelGone : words.refused, true);
    if (push) history[panel ? "replaceState" : "pushState"]({ panel: url }, "", url);
    show(answer.html);
  }

  function show(html) {
    if (!panel) build();
    const sheet = $(".deal-sheet", panel);
    sheet.replaceChildren(window.oms.parse(html));
    sheet.scrollTop = 0;
    window.htmx?.process(sheet);
    const root = $("[data-deal-root]", panel);
    window.oms.deal.remember(root);
    document.title = root.dataset.title;
    mark(root.dataset.deal);
    sheet.focus({ preventScroll: true });
  }

  function build() {
    opener ||= document.activeElement?.closest(".deal-card");
    panel = document.createElement("div");
    panel.className = "deal-panel";
    panel.id = "deal-panel";
    const sheet = document.createElement("div");
    sheet.className = "deal-sheet";
    sheet.setAttribute("role", "dialog");
    sheet.setAttribute("aria-labelledby", "deal-panel-title");
    sheet.tabIndex = -1;
    panel.append(sheet);
    document.body.insertBefore(panel, $("#toasts"));
    // All but the panel, the toasts and the dialogs rests: that is the trap for the focus.
    rest(true);
    document.documentElement.classList.add("has-panel");
    panel.addEventListener("mousedown", (event) => { if (event.target === panel) leave(); });
  }

  function rest(on) {
    all(":scope > :not(#deal-panel, #toasts, #dialogs)", document.body).forEach((part) => { part.inert = on; });
  }

  function close() {
    asked += 1;
    if (!panel) return;
    const deal = $("[data-deal-root]", panel)?.dataset.deal;
    panel.remove();
    panel = null;
    rest(false);
    mark(null);
    document.documentElement.classList.remove("has-panel");
    document.title = boardTitle;
    const card = document.getElementById(`deal-card-${deal}`) || (opener?.isConnected ? opener : null);
    opener = null;
    card?.focus({ preventScroll: true });
  }

  // Back is how it closes, so that the address and the panel never disagree.
  function leave() {
    if (!panel) return;
    if (history.state?.panel && !home()) history.back();
    else close();
  }

  function mark(deal) {
    all(".deal-card.is-shown", board).forEach((card) => card.classList.remove("is-shown"));
    if (deal) document.getElementById(`deal-card-${deal}`)?.classList.add("is-shown");
  }

  window.addEventListener("popstate", (event) => {
    if (event.state?.panel) open(event.state.panel, { push: false });
    else close();
  });
  document.addEventListener("deal:gone", leave);

  // ---- From card to card

  function step(by) {
    const deal = $("[data-deal-root]", panel)?.dataset.deal;
    const cards = all(".column:not(.is-folded) .deal-card", board);
    const next = cards[cards.findIndex((card) => card.dataset.deal === deal) + by];
    if (!next) return;
    opener = next;
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    open($(".card-number", next).href);
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const number = event.target.closest("#board .card-number");
    if (number) {
      event.preventDefault();
      opener = number.closest(".deal-card");
      return void open(number.href);
    }
    if (!panel) return;
    const leap = event.target.closest("[data-panel-step]");
    if (leap) return step(Number(leap.dataset.panelStep));
    if (event.target.closest("[data-panel-close]")) return leave();
    // The page itself: the entry of the panel is this very address, so it is only loaded.
    const page = event.target.closest("[data-panel-leave]");
    if (page) { event.preventDefault(); location.reload(); }
  });

  document.addEventListener("keydown", (event) => {
    if (!panel || event.defaultPrevented || $("dialog[open]")) return;
    if (event.key === "Escape") {
      const menu = $("details[open][data-menu]", panel);
      if (!menu) { event.preventDefault(); leave(); }
    } else if (isShortcut(event)) {
      if (letterOf(event) === "j") step(1);
      else if (letterOf(event) === "k") step(-1);
    }
  });
})();
