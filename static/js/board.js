// The board: cards dragged or moved by keyboard, and answers put where they belong.
// The rules are the server's: every answer is fragments (cards, column heads, toasts, a dialog), placed by `applyAnswer`.
"use strict";

(() => {
  const { $, all, send, parse, showToast, say, isTyping, isShortcut, letterOf, swap, focusWrong } = window.oms;
  const board = $("#board");
  if (!board) return;

  const offline = document.body.dataset.offline;
  const columnOf = (element) => element.closest(".column");
  const listOf = (stage) => document.getElementById(`cards-${stage}`);
  const moveUrl = (card) => `/deals/${card.dataset.deal}/move/`;
  const cardOf = (deal) => document.getElementById(`deal-card-${deal}`);

  let held = null; // the card in the hand: { card, list, next }
  let waiting = null; // a move whose dialog is open: the same, to put the card back
  let sending = 0;

  // ---- Placing what the server answers -------------------------------------------------------------------------

  function applyAnswer(html) {
    const answer = { dialog: null, toast: false, cards: [] };
    for (const part of Array.from(parse(html).children)) {
      if (part.matches(".deal-card")) { placeCard(part); answer.cards.push(part); }
      else if (part.matches("[data-removed]")) removeCard(part.dataset.removed);
      else if (part.matches(".toast")) { showToast(part); answer.toast = true; }
      else if (part.matches("dialog")) answer.dialog = part;
      else if (part.matches("[data-cursor]")) Object.assign(board.dataset, { cursor: part.dataset.cursor, seen: part.dataset.seen });
      else if (part.id) replacePart(part);
    }
    return answer;
  }

  function replacePart(part) {
    const old = document.getElementById(part.id);
    if (!old) return;
    // A filter folds side stages without a card: the first that comes opens its column, the last that goes closes it.
    if (part.dataset.folded) columnOf(old).classList.toggle("is-folded", part.dataset.folded === "1");
    swap(old, part);
  }

  function placeCard(card) {
    const old = cardOf(card.dataset.deal);
    const list = listOf(card.dataset.stage);
    const focused = old && old.contains(document.activeElement);
    const moved = !old || old.dataset.stage !== card.dataset.stage;
    if (!list || columnOf(list).classList.contains("is-folded")) return void (old && old.remove());
    const next = nextCard(list, card);
    if (!next && $("[data-more]", list) && !(old && old.parentElement === list && !moved)) return void (old && old.remove());
    if (old && old.parentElement === list && nextSiblingCard(old) === next) old.replaceWith(card);
    else {
      old?.remove();
      list.insertBefore(card, next || $("[data-more]", list));
    }
    if (moved) card.classList.add("is-landed");
    if (focused) card.focus({ preventScroll: true });
    $(".board-empty")?.remove();
    window.htmx?.process(card);
  }

  function nextCard(list, card) {
    const newest = columnOf(list).dataset.orderBy === "newest";
    const key = (other) => [Number(other.dataset.sort), Number(other.dataset.deal)];
    const [sort, deal] = key(card);
    const isBehind = (other) => {
      const [otherSort, otherDeal] = key(other);
      const difference = otherSort - sort || otherDeal - deal;
      return newest ? difference < 0 : difference > 0;
    };
    return all(":scope > .deal-card", list).find((other) => other.dataset.deal !== card.dataset.deal && isBehind(other)) || null;
  }

  function nextSiblingCard(card) {
    let next = card.nextElementSibling;
    while (next && !next.matches(".deal-card")) next = next.nextElementSibling;
    return next;
  }

  function removeCard(deal) {
    document.dispatchEvent(new CustomEvent("oms:removed", { detail: deal }));
    const card = cardOf(deal);
    if (!card) return;
    const focused = card.contains(document.activeElement);
    const heir = nextSiblingCard(card) || card.previousElementSibling;
    card.remove();
    if (focused && heir?.matches(".deal-card")) heir.focus({ preventScroll: true });
  }

  // ---- Moving: the same request from a drop, from "Move to…" and from a dialog ------------------------------------

  async function post(url, fields) {
    sending += 1;
    try {
      return await send(url, fields);
    } catch {
      say(offline, true);
      return null;
    } finally {
      sending -= 1;
    }
  }

  // What failed without a word of why (an error page, say) is told, too.
  function take({ status, html }) {
    const answer = applyAnswer(html);
    if (status >= 400 && !answer.toast && !answer.dialog) say(board.dataset.refused, true);
    return answer;
  }

  async function move(url, fields, place) {
    place?.card.classList.add("is-busy");
    const response = await post(url, fields);
    place?.card.classList.remove("is-busy");
    if (!response) return putBack(place);
    const html = response.html;
    const asks = response.status === 422 && parse(html).querySelector("dialog");
    if (response.status !== 200 && !asks) putBack(place);
    const answer = take(response);
    if (answer.dialog) return openDialog(answer.dialog, place);
    if (response.status === 200 && place) tellPlace(place.card.dataset.deal);
  }

  // Who cannot see where a card landed hears it.
  const says = $("#board-says");
  const announce = (text) => { says.textContent = says.textContent === text ? `${text}\u00a0` : text; };

  function tellPlace(deal) {
    const card = cardOf(deal);
    const column = card && columnOf(card);
    if (!column) return;
    const words = {
      number: $(".card-number", card).textContent,
      stage: $("h2", column).textContent,
      place: all(":scope > .deal-card", card.parentElement).indexOf(card) + 1,
      count: ($(".column-count", column).firstChild?.textContent || "").split("/")[0].trim(),
    };
    announce(says.dataset.moved.replace(/\{(\w+)\}/g, (_all, name) => words[name]));
  }

  function putBack(place) {
    if (!place?.list?.isConnected || !place.card.isConnected) return;
    const next = place.next && place.next.parentElement === place.list ? place.next : null;
    place.list.insertBefore(place.card, next || $("[data-more]", place.list));
  }

  function openDialog(dialog, place) {
    $("#dialogs").replaceChildren(dialog);
    waiting = place || {};
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "sent") putBack(place);
      dialog.remove();
      waiting = null;
      place?.card.focus({ preventScroll: true });
    });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.closest("details")?.removeAttribute("open");
    send(link.href).then((answer) => {
      const { dialog } = take(answer);
      if (dialog) openDialog(dialog);
    }).catch(() => say(offline, true));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const fields = () => Object.fromEntries(new FormData(form, event.submitter));
    if (form.matches("[data-move]")) {
      event.preventDefault();
      const card = form.closest(".deal-card");
      card.querySelector("details").open = false;
      move(form.action, fields(), { card });
    } else if (form.matches("[data-move-dialog]")) {
      event.preventDefault();
      sendDialog(form, fields());
    } else if (form.matches("[data-fragments]")) {
      event.preventDefault();
      form.closest("details")?.removeAttribute("open");
      form.closest(".toast")?.remove();
      move(form.action, fields(), null);
    }
  });

  async function sendDialog(form, fields) {
    const dialog = form.closest("dialog");
    const place = waiting;
    all("button", form).forEach((button) => { button.disabled = true; });
    const response = await post(form.action, fields);
    all("button", form).forEach((button) => { button.disabled = false; });
    if (!response) return;
    const again = response.status === 422 && parse(response.html).querySelector("dialog");
    if (again) {
      form.replaceWith($("form", again));
      return focusWrong(dialog);
    }
    dialog.close(response.status === 200 ? "sent" : "");
    if (response.status !== 200) putBack(place);
    take(response);
    if (response.status === 200 && place?.card) tellPlace(place.card.dataset.deal);
  }

  // ---- Dragging ------------------------------------------------------------------------------------------------

  function startDrag(event) {
    held = { card: event.item, list: event.from, next: nextSiblingCard(event.item) };
    board.classList.add("is-dragging");
    if (!window.omsSelect?.carries(event.item)) askWhyNot(event.item);
  }

  async function askWhyNot(card) {
    const response = await fetch(moveUrl(card), { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (!response?.ok || held?.card !== card) return;
    const { stages } = await response.json();
    if (held?.card !== card) return;
    all(".column", board).forEach((column) => {
      const answer = stages[column.dataset.stage];
      const refused = !answer || Boolean(answer.why);
      column.classList.toggle("is-refused", refused && column.dataset.stage !== card.dataset.stage);
      column.classList.toggle("can-take", !refused);
      $("[data-why]", column).textContent = answer?.why || "";
    });
  }

  function endDrag(event) {
    const { card, list, next } = held;
    const over = $(".column.is-over", board);
    const refusal = over?.classList.contains("is-refused") ? $("[data-why]", over).textContent : "";
    clearDrag();
    const column = columnOf(event.to);
    if (refusal) {
      putBack({ card, list, next });
      return say(refusal, true);
    }
    if (window.omsSelect?.drop(card, column.dataset.stage)) return putBack({ card, list, next });
    if (event.to === list && nextSiblingCard(card) === next) return;
    const fields = { stage: column.dataset.stage, seen_stage: card.dataset.stage };
    if (column.dataset.orderBy === "rank" && !column.classList.contains("is-folded")) fields.after = previousDeal(card);
    move(moveUrl(card), fields, { card, list, next });
  }

  function previousDeal(card) {
    let above = card.previousElementSibling;
    while (above && !above.matches(".deal-card")) above = above.previousElementSibling;
    return above ? above.dataset.deal : "0";
  }

  function clearDrag() {
    held = null;
    board.classList.remove("is-dragging");
    all(".column", board).forEach((column) => column.classList.remove("is-refused", "can-take", "is-over"));
  }

  function markColumnUnder(event) {
    if (!held) return;
    const point = event.touches ? event.touches[0] : event;
    const under = document.elementsFromPoint(point.clientX, point.clientY).map(columnOf).find(Boolean);
    all(".column.is-over", board).forEach((column) => column.classList.toggle("is-over", column === under));
    under?.classList.add("is-over");
  }
  document.addEventListener("pointermove", markColumnUnder, { passive: true });
  document.addEventListener("touchmove", markColumnUnder, { passive: true });

  all("[data-cards]", board).forEach((list) => {
    new Sortable(list, {
      group: { name: "deals", put: () => !columnOf(list).classList.contains("is-refused") },
      draggable: ".deal-card",
      filter: ".is-locked, .card-check, .card-menu, .card-menu *",
      preventOnFilter: false,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 4,
      delay: 150,
      delayOnTouchOnly: true,
      touchStartThreshold: 6,
      animation: 120,
      ghostClass: "card-ghost",
      dragClass: "card-held",
      scrollSensitivity: 60,
      onStart: startDrag,
      onEnd: endDrag,
    });
  });

  // ---- Keyboard and pointer on cards ------------------------------------------------------------------------------

  const plainKey = (event) => !(event.ctrlKey || event.metaKey || event.altKey) && !isTyping(event.target) && !$("dialog[open], #deal-panel");

  document.addEventListener("keydown", (event) => {
    if (!plainKey(event)) return;
    if (event.key === "?" && isShortcut(event)) return void $("#keys").showModal();
    const card = event.target.closest(".deal-card");
    if (!card) {
      if (event.key.startsWith("Arrow") && event.target === document.body) focusCard($(".deal-card", board), event);
      return;
    }
    if (event.key === "Enter" && event.target === card) $(".card-number", card).click();
    else if (letterOf(event) === "m") openMenu(card, event);
    else if (event.key === "ArrowDown") focusCard(nextSiblingCard(card), event);
    else if (event.key === "ArrowUp") focusCard(card.previousElementSibling, event);
    else if (PLACES[event.key]) focusCard(placeIn(card, event.key), event);
    else if (event.key === "ArrowRight") focusCard(neighbour(card, 1), event);
    else if (event.key === "ArrowLeft") focusCard(neighbour(card, -1), event);
  });

  // A closed list opens on Enter; on a card Enter means "move".
  board.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches(".move-form select") || !event.target.value) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest(".card-menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.closest(".deal-card").focus();
  });

  function focusCard(card, event) {
    if (!card?.matches(".deal-card")) return;
    event.preventDefault();
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const PLACES = { Home: -Infinity, End: Infinity, PageUp: -5, PageDown: 5 };

  function placeIn(card, key) {
    const cards = all(":scope > .deal-card", card.parentElement);
    return cards[Math.max(0, Math.min(cards.length - 1, cards.indexOf(card) + PLACES[key]))];
  }

  function neighbour(card, step) {
    const lists = all(".column:not(.is-folded) > .column-cards", board).filter((list) => list === card.parentElement || $(".deal-card", list));
    const list = lists[lists.indexOf(card.parentElement) + step];
    if (!list) return null;
    const middle = card.getBoundingClientRect().top;
    const distance = (other) => Math.abs(other.getBoundingClientRect().top - middle);
    return all(".deal-card", list).reduce((best, other) => (distance(other) < distance(best) ? other : best));
  }

  function openMenu(card, event) {
    const menu = $(".card-menu", card);
    if (!menu) return;
    event.preventDefault();
    menu.open = true;
    $("select", menu).focus();
  }

  board.addEventListener("click", (event) => {
    const card = event.target.closest(".deal-card");
    if (!card || event.target.closest("a, button, summary, form, .card-menu-body") || String(getSelection())) return;
    $(".card-number", card).click();
  });

  board.addEventListener("toggle", (event) => {
    if (!event.target.matches(".card-menu") || !event.target.open) return;
    all(".card-menu[open]", board).forEach((menu) => { if (menu !== event.target) menu.open = false; });
    event.target.scrollIntoView({ block: "nearest" });
  }, true);

  // ---- Time passes ---------------------------------------------------------------

  function tellAges() {
    const now = Date.now() / 1000;
    all(".card-age[data-since]", board).forEach((age) => {
      age.textContent = spanOf(Math.max(0, Math.floor((now - Number(age.dataset.since)) / 60)));
    });
  }

  function spanOf(minutes) {
    const { ageMinutes, ageHours, ageDays } = board.dataset;
    if (minutes < 60) return ageMinutes.replace("#", minutes);
    if (minutes < 1440) return ageHours.replace("#", Math.floor(minutes / 60)).replace("#", String(minutes % 60).padStart(2, "0"));
    return ageDays.replace("#", Math.floor(minutes / 1440));
  }
  setInterval(tellAges, 60000);

  // ---- For what stands beside the board; live.js brings in what others do, and puts `refresh` here. ----------------

  const isBusy = () => Boolean(held || waiting || sending > 0 || $("dialog[open]") || $(".card-menu[open]", board));
  window.omsBoard = { applyAnswer, take, announce, post, isBusy, refresh: () => {} };

  // One column fills a phone: the board starts at the first that holds a card.

  const filled = $(".column:not(.is-folded) .deal-card", board)?.closest(".column");
  if (filled && filled.offsetLeft + filled.offsetWidth > board.clientWidth) board.scrollLeft = filled.offsetLeft - 12;
})();
