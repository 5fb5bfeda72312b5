// What others do reaches an open board: asked for every two seconds, brought in without moving what is being read.
// In a tab nobody sees it asks every half minute, for the badge in the title. board.js places the cards.
"use strict";

(() => {
  const { $, all, parse } = window.oms;
  const board = $("#board");
  if (!board) return;
  const { applyAnswer, isBusy } = window.omsBoard;

  const SEEN_PAUSE = 2000;
  const UNSEEN_PAUSE = 30000;
  const LONGEST_PAUSE = 60000;
  const MOST_LOOKS = 20;
  const listsOf = () => all(".column:not(.is-folded) > [data-cards]", board);
  const cardsIn = (list) => all(":scope > .deal-card", list);

  // ---- Asking ------------------------------------------------------------------------------------------------------

  const clockSkew = Date.now() / 1000 - Number(board.dataset.now);
  let timer = 0;
  let asking = false;
  let failures = 0;
  let lastAnswer = new Date();

  function question() {
    const { changes, cursor, seen } = board.dataset;
    const url = new URL(changes, location.origin);
    url.searchParams.set("cursor", cursor);
    if (seen) url.searchParams.set("seen", seen);
    // Cards that look different by now because time passed: a reminder is due, a limit is over.
    const now = Date.now() / 1000 - clockSkew - 1;
    const due = all(".deal-card[data-looks-new]", board).filter((card) => Number(card.dataset.looksNew) < now);
    if (due.length) url.searchParams.set("look", due.slice(0, MOST_LOOKS).map((card) => card.dataset.deal).join(","));
    return url;
  }

  async function ask() {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const response = await fetch(question(), { headers, credentials: "same-origin" });
    const away = response.headers.get("HX-Redirect");
    if (away) {
      if (new URL(away, location.href).pathname === location.pathname) location.assign(away);
      else lose("signedOut");
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const html = response.status === 200 ? await response.text() : "";
    // Somebody may have taken a card into the hand meanwhile; the same changes come again with the next answer.
    if (html && !isBusy()) bring(html);
    find();
  }

  async function follow() {
    clearTimeout(timer);
    if (!asking && !isBusy()) {
      asking = true;
      await ask().catch(() => lose("lost"));
      asking = false;
    }
    clearTimeout(timer);
    const usual = document.hidden ? UNSEEN_PAUSE : SEEN_PAUSE;
    timer = setTimeout(follow, failures ? Math.min(LONGEST_PAUSE, SEEN_PAUSE * 2 ** failures) : usual);
  }

  const stale = $("#stale");

  function lose(why) {
    failures += 1;
    if (why === "lost" && failures < 2) return;
    const at = lastAnswer.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    const words = stale.dataset[why].replace("#", at);
    const line = $("span", stale);
    if (line.textContent !== words) line.textContent = words;
    $("a", stale).hidden = why !== "signedOut";
    $("button", stale).hidden = why === "signedOut";
    stale.hidden = false;
  }

  function find() {
    failures = 0;
    lastAnswer = new Date();
    stale.hidden = true;
  }

  $("button", stale).addEventListener("click", follow);
  window.addEventListener("online", follow);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) follow(); });
  timer = setTimeout(follow, SEEN_PAUSE);
  window.omsBoard.refresh = follow;

  // ---- Bringing it in ----------------------------------------------------------------------------------------------

  function bring(html) {
    const before = new Map(all(".deal-card", board).map((card) => [card.dataset.deal, card.dataset.stage]));
    const places = listsOf().map(placeOf);
    const { cards } = applyAnswer(html);
    places.forEach(keepPlace);
    const arrived = cards.filter((card) => before.get(card.dataset.deal) !== card.dataset.stage);
    // What one has just moved oneself is no news.
    arrived.filter((card) => !window.omsSelect?.isOwn(card.dataset.deal)).forEach(noteArrival);
    announce(arrived.filter((card) => !before.has(card.dataset.deal)));
  }

  // Where the reader is: the first cards in sight and how far down they stand. Nobody reads a list that is at its top
  // and has neither the pointer nor the focus; there a new card may simply appear.
  function placeOf(list) {
    if (!list.scrollTop && !list.matches(":hover, :focus-within")) return null;
    const top = list.getBoundingClientRect().top;
    const marks = cardsIn(list).map((card) => [card.dataset.deal, card.getBoundingClientRect()]);
    const inSight = marks.filter(([, box]) => box.bottom > top).slice(0, 5).map(([deal, box]) => [deal, box.top]);
    return { list, inSight };
  }

  function keepPlace(place) {
    for (const [deal, top] of place?.inSight || []) {
      const card = document.getElementById(`deal-card-${deal}`);
      if (card?.parentElement !== place.list) continue;
      place.list.scrollTop += card.getBoundingClientRect().top - top;
      return;
    }
  }

  // ---- “3 new ↓”: what arrived out of sight ------------------------------------------------------------------------

  const unseen = new Map(); // list → { above: Set of deals, below: Set of deals }

  function noteArrival(card) {
    const list = document.getElementById(`cards-${card.dataset.stage}`);
    if (!list || list.closest(".is-folded")) return;
    const side = sideOf(list, card);
    if (!side) return;
    if (!unseen.has(list)) unseen.set(list, { above: new Set(), below: new Set() });
    unseen.get(list)[side].add(card.dataset.deal);
    showNews(list);
  }

  function sideOf(list, card) {
    if (!card.isConnected) return "below"; // behind “Show more”
    const [box, frame] = [card.getBoundingClientRect(), list.getBoundingClientRect()];
    if (box.bottom <= frame.top + 8) return "above";
    return box.top >= Math.min(frame.bottom, innerHeight) - 8 ? "below" : "";
  }

  function showNews(list) {
    const column = list.closest(".column");
    for (const side of ["above", "below"]) {
      const deals = unseen.get(list)?.[side] || new Set();
      let chip = $(`.column-news[data-side="${side}"]`, column);
      if (!deals.size) {
        chip?.remove();
        continue;
      }
      if (!chip) {
        chip = document.createElement("button");
        chip.type = "button";
        chip.className = "column-news";
        chip.dataset.side = side;
        chip.addEventListener("click", () => goToNews(list, side));
        column.append(chip);
      }
      chip.textContent = `${board.dataset.news.replace("#", deals.size)} ${side === "above" ? "↑" : "↓"}`;
    }
  }

  function goToNews(list, side) {
    const deals = unseen.get(list)[side];
    const found = cardsIn(list).filter((card) => deals.has(card.dataset.deal));
    const target = side === "above" ? found.at(-1) : found[0];
    deals.clear();
    showNews(list);
    (target || list.lastElementChild)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    target?.focus({ preventScroll: true });
  }

  board.addEventListener("scroll", (event) => {
    const sides = unseen.get(event.target);
    if (!sides) return;
    for (const [side, deals] of Object.entries(sides)) {
      for (const deal of deals) {
        const card = document.getElementById(`deal-card-${deal}`);
        if (card && sideOf(event.target, card) !== side) deals.delete(deal);
      }
    }
    showNews(event.target);
  }, { capture: true, passive: true });

  // ---- New orders: a number in the title, words for those who listen, and a sound for those who want one -----------

  const newestAtFirst = Number(board.dataset.newest);
  const title = document.title;
  const icon = $("link[rel=icon]");
  const plainIcon = icon.href;
  const told = new Set();
  let waiting = 0;

  function announce(cards) {
    const fresh = cards.filter((card) => Number(card.dataset.deal) > newestAtFirst && !told.has(card.dataset.deal));
    if (!fresh.length) return;
    fresh.forEach((card) => told.add(card.dataset.deal));
    $("#board-news").textContent = board.dataset.newOrder.replace("#", fresh.map((card) => card.dataset.order || $(".card-number", card).textContent).join(", "));
    ring();
    if (document.hasFocus() && !document.hidden) return;
    waiting += fresh.length;
    document.title = `(${waiting}) ${title}`;
    icon.href = board.dataset.alertIcon;
  }

  function calmDown() {
    if (!waiting) return;
    waiting = 0;
    document.title = title;
    icon.href = plainIcon;
  }
  window.addEventListener("focus", calmDown);
  document.addEventListener("pointerdown", calmDown);

  const SOUND = "oms-new-order-sound";
  const toggle = $("[data-sound]");
  let audio = null;
  const wantsSound = () => localStorage.getItem(SOUND) === "on";

  function showSound() {
    if (!toggle) return;
    toggle.hidden = !window.AudioContext;
    toggle.setAttribute("aria-pressed", String(wantsSound()));
    $("[data-state]", toggle).textContent = wantsSound() ? toggle.dataset.on : toggle.dataset.off;
  }

  // Browsers let a page sound only after it was touched: the first touch makes it ready.
  function wakeAudio() {
    if (!wantsSound() || !window.AudioContext) return;
    audio ||= new AudioContext();
    if (audio.state === "suspended") audio.resume();
  }
  document.addEventListener("pointerdown", wakeAudio);
  document.addEventListener("keydown", wakeAudio);

  function ring() {
    if (!wantsSound() || audio?.state !== "running") return;
    [660, 880].forEach((pitch, turn) => {
      const [tone, loudness, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + turn * 0.16];
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.0001, from);
      loudness.gain.exponentialRampToValueAtTime(0.12, from + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.0001, from + 0.3);
      tone.connect(loudness).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.32);
    });
  }

  toggle?.addEventListener("click", () => {
    localStorage.setItem(SOUND, wantsSound() ? "off" : "on");
    showSound();
    wakeAudio();
    ring();
  });
  showSound();

  // ---- Filters: an address without empty words ----------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filter-form]")) return;
    const fields = all("input, select", event.target);
    fields.forEach((field) => { field.disabled = !field.value; });
    const asked = fields.some((field) => field.value && field.name !== "view");
    if (asked) $("[name=view]", event.target).disabled = true;
    setTimeout(() => fields.forEach((field) => { field.disabled = false; }));
  });
})();
