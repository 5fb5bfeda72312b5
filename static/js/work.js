// "Work through": one key for what a call came to, then the next order by itself; the hold on the open one is renewed.
// The rules are the server's: every answer is the whole part `#work` as it is now, and a toast.
"use strict";

(() => {
  const { $, all, send, parse, showToast, say, isShortcut, letterOf } = window.oms;
  if (!$("#work")) return;

  const RENEW_EVERY = 60000;
  // A key or a button that is pressed twice in one go means one order, not two.
  const SETTLE = 350;
  const page = $(".work-page");
  let isBusy = false;
  let keepsHold = false;

  const work = () => $("#work");
  const isSettled = () => Boolean(work().dataset.ready);
  const settle = () => {
    const part = work();
    setTimeout(() => { part.dataset.ready = "1"; }, SETTLE);
  };

  // ---- Sending a form, and putting the answer where the page was

  async function act(form, submitter) {
    if (isBusy) return;
    isBusy = true;
    work().setAttribute("aria-busy", "true");
    const fields = Object.fromEntries(new FormData(form, submitter));
    const isAddress = form.closest(".work-edit");
    try {
      const { status, html } = await send(form.action, fields);
      if (!apply(html, status, isAddress)) say(page.dataset.refused, true);
    } catch {
      say(document.body.dataset.offline, true);
    } finally {
      isBusy = false;
      work().removeAttribute("aria-busy");
    }
  }

  function apply(html, status, isAddress) {
    const parts = parse(html);
    const next = $("#work", parts);
    if (!next) return false;
    const toasts = all(".toast", parts);
    all('#toasts [data-work-undo]').forEach((form) => form.closest(".toast").remove());
    work().replaceWith(next);
    toasts.forEach(showToast);
    settle();
    focusOn(next, status, isAddress);
    return true;
  }

  function focusOn(next, status, isAddress) {
    const wrong = $(".work-edit[open] [aria-invalid]", next) || $("#work-error", next);
    if (status === 422 && wrong) return wrong.focus();
    if (isAddress) return $(".work-edit summary", next)?.focus();
    const name = $("#work-name", next);
    name.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-work]")) return;
    event.preventDefault();
    // The second half of a double click is not meant for the order that came meanwhile.
    if (!isSettled() && event.target.closest(".work-actions")) return;
    act(event.target, event.submitter);
  });

  // ---- Keys

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closePanels(event);
    if (!isShortcut(event) || event.repeat || $("dialog[open]")) return;
    const letter = letterOf(event);
    if (letter === "?") return void $("#keys").showModal();
    if (isBusy || !isSettled()) return;
    const open = $(".work-panel[open]");
    const digit = open && $(`[data-digit="${/^[0-9]$/.test(event.key) ? event.key : ""}"]`, open);
    if (digit) return press(digit, event);
    if (letter === "u") return press($("#toasts [data-work-undo] button"), event);
    const panel = $(`[data-panel="${CSS.escape(letter)}"]`);
    if (panel) return openPanel(panel, event);
    press($(`#work [data-key="${CSS.escape(letter)}"]`), event);
  });

  function press(button, event) {
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  function openPanel(panel, event) {
    event.preventDefault();
    panel.open = !panel.open;
    if (panel.open) ($("button:not([tabindex='-1']), input:not([type=hidden])", $("form", panel)) || panel).focus();
    else $("summary", panel).focus();
  }

  function closePanels(event) {
    const panel = $(".work-panel[open], .work-edit[open]");
    if (!panel || $("dialog[open]")) return;
    event.preventDefault();
    panel.open = false;
    $("summary", panel).focus();
  }

  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".work-panel") || !event.target.open) return;
    all(".work-panel[open]").forEach((panel) => { if (panel !== event.target) panel.open = false; });
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) $("#keys").showModal();
    if (event.target.closest("[data-open-deal]")) keepsHold = true;
    all(".work-panel[open]").forEach((panel) => { if (!panel.contains(event.target)) panel.open = false; });
  });
  all("[data-keys]").forEach((button) => { button.hidden = false; });

  // ---- The hold: renewed while the page is open, given back when it closes (not on the way to the deal itself)

  async function renew() {
    const { deal, hold } = work().dataset;
    if (!deal || isBusy) return;
    const { status, until } = await askHold(hold);
    if (work().dataset.deal !== deal) return;
    if (until) work().dataset.held = until;
    if (status === 409 && !isBusy) lose();
  }

  // No connection, or another page for an answer (the login, say): the hold stays as it was.
  async function askHold(url) {
    try {
      const { status, html } = await send(url, {});
      return { status, until: status === 200 ? JSON.parse(html).until : null };
    } catch {
      return { status: 0, until: null };
    }
  }

  const isTyped = () => all("#work input:not([type=checkbox], [type=radio]), #work textarea").some((field) => field.value !== field.defaultValue);

  // The order is with somebody else: the next one comes, but never over what is being typed.
  function lose() {
    if (!isTyped()) return location.reload();
    if (work().dataset.told) return;
    work().dataset.told = "1";
    say(page.dataset.lost, true);
  }
  setInterval(renew, RENEW_EVERY);

  addEventListener("pagehide", () => {
    const { deal, release, held } = work().dataset;
    if (!deal || keepsHold) return;
    const fields = new FormData();
    fields.append("csrfmiddlewaretoken", $("[name=csrfmiddlewaretoken]").value);
    fields.append("held", held);
    navigator.sendBeacon(release, fields);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  settle();
})();
