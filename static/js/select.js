// Many cards: choosing them on the board, the summary before they move, and the steps until all have moved or are back.
// What happens to each is the server's: here are only the choice, the dialog and the asking for the next step.
"use strict";

// ---- The steps of one move: while the strip says what comes next, it is asked for. On the board and on the move's page.

(() => {
  const { $, send, parse, showToast, swap } = window.oms;
  let running = false;

  function place(html) {
    if (window.omsBoard) return window.omsBoard.applyAnswer(html);
    for (const part of Array.from(parse(html).children)) {
      if (part.matches(".toast")) showToast(part);
      else if (document.getElementById(part.id)) swap(document.getElementById(part.id), part);
    }
  }

  const strip = () => $("#bulk-run[data-next]");

  async function run() {
    if (running) return;
    running = true;
    let [failures, took] = [0, 0];
    while (strip() && !strip().classList.contains("is-resting")) {
      const answer = await send(strip().dataset.next, []).catch(() => null);
      if (answer?.status === 200) {
        failures = 0;
        took += 1;
        place(answer.html);
        tell();
        await window.omsBoard?.refresh();
      } else if (++failures === 3) {
        strip().classList.add("is-resting");
      } else await new Promise((resolve) => { setTimeout(resolve, 1500 * failures); });
    }
    running = false;
    // The page of the move shows at the end what stayed, and why; the board needs no such thing.
    if (took && !window.omsBoard && !strip()) location.replace(location.pathname);
  }

  // Every fifth of the way is said aloud; each step would be a chatter.
  let told = 0;
  function tell() {
    const now = strip();
    const bar = now && $("progress", now);
    const fifth = bar ? Math.floor((5 * bar.value) / bar.max) : 0;
    if (bar && fifth !== told) window.omsBoard?.announce($("[data-so-far]", now).textContent.trim());
    told = fifth;
  }

  async function step(form) {
    form.closest(".toast")?.remove();
    strip()?.classList.add("is-resting");
    while (running) await new Promise((resolve) => { setTimeout(resolve, 50); });
    const answer = await window.omsBoard.post(form.action, []);
    if (answer) window.omsBoard.take(answer);
    await window.omsBoard?.refresh();
    run();
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-bulk-step]") || !window.omsBoard) return;
    event.preventDefault();
    step(event.target);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-bulk-resume]")) return;
    strip()?.classList.remove("is-resting");
    run();
  });

  window.omsBulk = { place, run };
  if (!document.getElementById("board")) run();
})();

// ---- Choosing cards on the board.

(() => {
  const { $, all, send, parse, focusWrong } = window.oms;
  const board = $("#board");
  const bar = $("#bulk-bar");
  if (!board || !bar || !window.omsBoard) return;
  const { applyAnswer, take, announce, post } = window.omsBoard;

  const MOST = Number(bar.dataset.most);
  const words = bar.dataset;
  const chosen = new Map(); // deal → the stage it was seen in, as far as it is shown
  let anchor = null; // the card a range begins at
  let held = null;
  const own = new Set(); // what was sent off from here, until it is old

  const cardOf = (deal) => document.getElementById(`deal-card-${deal}`);
  const stageSelect = $("[name=stage]", bar);
  const isSelecting = () => board.classList.contains("is-selecting");

  function paint(card) {
    const on = chosen.has(card.dataset.deal);
    card.classList.toggle("is-chosen", on);
    const box = $(".card-check", card);
    if (box) box.checked = on;
  }

  function show(say = true) {
    const count = chosen.size;
    const text = (count === 1 ? words.one : words.many).replace("#", count);
    $("[data-count]", bar).textContent = text;
    board.classList.toggle("has-chosen", count > 0);
    bar.classList.toggle("is-open", count > 0 || isSelecting());
    if (say) announce(count ? text : words.none);
  }

  function set(cards, on) {
    for (const card of cards) {
      if (card.classList.contains("is-locked")) continue;
      if (on && chosen.size >= MOST && !chosen.has(card.dataset.deal)) {
        window.oms.say(words.full, true);
        break;
      }
      if (on) chosen.set(card.dataset.deal, card.dataset.stage);
      else chosen.delete(card.dataset.deal);
      paint(card);
    }
    show();
  }

  function toggle(card) {
    anchor = card.dataset.deal;
    set([card], !chosen.has(card.dataset.deal));
  }

  function range(card) {
    const from = anchor && cardOf(anchor);
    if (!from || from.parentElement !== card.parentElement) return toggle(card);
    const cards = all(":scope > .deal-card", card.parentElement);
    const [first, last] = [cards.indexOf(from), cards.indexOf(card)].sort((a, b) => a - b);
    set(cards.slice(first, last + 1), true);
  }

  function clear(say = true) {
    chosen.clear();
    all(".deal-card", board).forEach(paint);
    anchor = null;
    show(say);
  }

  // ---- By pointer: Ctrl and Shift, the box, and every tap while choosing.

  board.addEventListener("click", (event) => {
    const card = event.target.closest(".deal-card");
    if (!card || event.target.closest(".card-check, .card-menu")) return;
    const many = event.ctrlKey || event.metaKey;
    const plainTap = isSelecting() && !event.shiftKey;
    if (!(many || event.shiftKey || plainTap)) return;
    // A link keeps what Ctrl and Shift mean to it everywhere: another tab, another window.
    if (event.target.closest("a") && !plainTap) return;
    event.preventDefault();
    event.stopPropagation();
    getSelection()?.removeAllRanges();
    if (event.shiftKey) range(card);
    else toggle(card);
  }, true);

  board.addEventListener("click", (event) => {
    if (!event.target.matches(".card-check")) return;
    const card = event.target.closest(".deal-card");
    const on = event.target.checked;
    if (event.shiftKey && on) range(card);
    else { anchor = card.dataset.deal; set([card], on); }
  });

  board.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-select-column]");
    if (!button) return;
    event.preventDefault();
    const column = button.closest(".column");
    const cards = all("[data-cards] > .deal-card", column);
    const isAll = cards.length > 0 && cards.every((card) => chosen.has(card.dataset.deal));
    if (isAll) {
      for (const [deal, stage] of chosen) if (stage === column.dataset.stage) chosen.delete(deal);
      return set(cards, false);
    }
    if ($("[data-more]", column)) await addHidden(column.dataset.stage);
    set(cards, true);
  });

  // A column shows its first cards only; the others are chosen by their keys.
  async function addHidden(stage) {
    const url = new URL(words.column, location.origin);
    new URLSearchParams(location.search).forEach((value, name) => url.searchParams.append(name, value));
    url.searchParams.set("stage", stage);
    const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const { cards, more } = await answer.json();
    for (const [deal] of cards) if (chosen.size < MOST) chosen.set(String(deal), stage);
    if (more) window.oms.say(words.full, true);
  }

  $("[data-select-mode]")?.addEventListener("click", (event) => {
    const on = !isSelecting();
    board.classList.toggle("is-selecting", on);
    event.currentTarget.setAttribute("aria-pressed", String(on));
    if (!on) clear();
    else show();
  });

  // ---- By keyboard: Space chooses, Shift and an arrow take the next card, too, Escape lets go of all.

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open], #deal-panel")) return;
    const card = event.target.matches(".deal-card") ? event.target : null;
    if (event.key === " " && card) {
      event.preventDefault();
      toggle(card);
    } else if (event.shiftKey && card && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const down = event.key === "ArrowDown";
      const next = down ? card.nextElementSibling : card.previousElementSibling;
      set([card], true);
      if (next?.matches(".deal-card")) set([next], true);
    } else if (event.key === "Escape" && chosen.size && !$(".card-menu[open], details[data-menu][open]") && !event.target.closest("[data-search], select, details")) clear();
  }, true);

  // ---- What the board does meanwhile: cards are replaced, leave, come.

  new MutationObserver((changes) => {
    let lost = false;
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === 1 && node.matches(".deal-card")) {
        if (chosen.has(node.dataset.deal)) chosen.set(node.dataset.deal, node.dataset.stage);
        paint(node);
      }
      for (const node of change.removedNodes) if (node.nodeType === 1 && node.matches(".deal-card")) {
        if (chosen.has(node.dataset.deal) && !cardOf(node.dataset.deal)) lost = chosen.delete(node.dataset.deal);
      }
    }
    if (lost) show();
  }).observe(board, { childList: true, subtree: true });

  // Cards that were never shown can leave, too.
  document.addEventListener("oms:removed", (event) => { if (chosen.delete(event.detail)) show(); });

  // ---- The summary, and the start.

  const fields = () => {
    const pairs = Array.from(chosen, ([deal, stage]) => ["deal", stage ? `${deal}:${stage}` : deal]);
    return pairs;
  };

  async function summarise(stage) {
    if (!chosen.size) return;
    bar.classList.add("is-busy");
    const answer = await post(bar.action, [...fields(), ["stage", stage]]);
    bar.classList.remove("is-busy");
    if (!answer) return;
    const { dialog } = take(answer);
    if (dialog) open(dialog);
  }

  function open(dialog) {
    const before = document.activeElement;
    $("#dialogs").replaceChildren(dialog);
    dialog.showModal();
    dialog.addEventListener("close", () => {
      dialog.remove();
      stageSelect.value = "";
      if (dialog.returnValue !== "sent" && before?.isConnected) before.focus({ preventScroll: true });
    });
  }

  async function start(form) {
    const dialog = form.closest("dialog");
    const fields = Array.from(new FormData(form));
    all("button", form).forEach((button) => { button.disabled = true; });
    const answer = await post(form.action, fields);
    all("button", form).forEach((button) => { button.disabled = false; });
    if (!answer) return;
    const again = parse(answer.html).querySelector("dialog");
    if (again) {
      form.replaceWith($("form", again));
      return focusWrong(dialog);
    }
    dialog.close(answer.status === 200 ? "sent" : "");
    take(answer);
    if (answer.status !== 200) return;
    own.clear();
    chosen.forEach((_stage, deal) => own.add(deal));
    clear(false);
    endMode();
    window.omsBulk.run();
  }

  function endMode() {
    if (!isSelecting()) return;
    board.classList.remove("is-selecting");
    $("[data-select-mode]")?.setAttribute("aria-pressed", "false");
    show(false);
  }

  async function claim(button) {
    bar.classList.add("is-busy");
    const answer = await post(button.formAction, fields());
    bar.classList.remove("is-busy");
    if (!answer) return;
    take(answer);
    if (answer.status !== 200) return;
    clear(false);
    endMode();
    window.omsBoard.refresh();
  }

  document.addEventListener("submit", (event) => {
    if (event.target === bar) {
      event.preventDefault();
      if (event.submitter?.name === "claim") claim(event.submitter);
      else if (stageSelect.value) summarise(stageSelect.value);
      else stageSelect.focus();
    } else if (event.target.matches("[data-bulk-start]")) {
      event.preventDefault();
      start(event.target);
    }
  });
  bar.addEventListener("reset", (event) => {
    event.preventDefault();
    clear();
    endMode();
  });

  // A stage taken by pointer or thumb is the answer; arrow keys only pass by, and Enter is.
  let byKey = false;
  stageSelect.addEventListener("keydown", (event) => {
    byKey = event.key !== "Enter";
    if (event.key !== "Enter" || !stageSelect.value) return;
    event.preventDefault();
    summarise(stageSelect.value);
  });
  stageSelect.addEventListener("pointerdown", () => { byKey = false; });
  stageSelect.addEventListener("change", () => { if (!byKey && stageSelect.value) summarise(stageSelect.value); });

  // ---- A drag of one of them takes all: `board.js` asks before it moves a single card.

  window.omsSelect = {
    isOwn: (deal) => own.has(deal),
    // Whether this card carries others with it; says so on the card in the hand.
    carries(card) {
      held = chosen.size > 1 && chosen.has(card.dataset.deal) ? card : null;
      if (held) requestAnimationFrame(() => $(".card-held")?.setAttribute("data-carried", chosen.size));
      return Boolean(held);
    },
    // A drop of many is a question, not a move: the card goes back until it is answered.
    drop(card, stage) {
      if (held !== card) return false;
      held = null;
      if (card.dataset.stage !== stage || Array.from(chosen.values()).some((other) => other !== stage)) summarise(stage);
      return true;
    },
  };

  // ---- A board that was just opened reminds of what was left in the middle.

  send(words.unfinished).then((answer) => {
    if (answer.status === 200) applyAnswer(answer.html);
  }).catch(() => null);
  show(false);
})();
