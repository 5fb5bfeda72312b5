// A deal, on its page or in the side panel of the board: small forms in place, no reload, and what others change meanwhile.
// The server sends the whole content; each part of it is put in where it differs and nobody is just typing.
"use strict";

(() => {
  const { $, all, parse, showToast, say, twin, textOf, focusWrong } = window.oms;
  const LOOK_EVERY = 4000;
  const rootOf = () => $("[data-deal-root]");
  const parts = (root) => all("[data-part]", root);
  let boardAddress = ""; // the board behind the panel: answers keep its filters
  let sending = 0;

  // ---- Requests ------------------------------------------------------------------------------------------------

  async function ask(url, body) {
    const headers = { "HX-Request": "true", "HX-Current-URL": boardAddress || location.href };
    const token = (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1];
    if (body) headers["X-CSRFToken"] = token || "";
    sending += 1;
    try {
      const response = await fetch(url, { method: body ? "POST" : "GET", headers, body, credentials: "same-origin", cache: "no-store" });
      const away = response.headers.get("HX-Redirect");
      if (away) location.assign(away);
      return { status: response.status, html: response.status === 204 ? "" : await response.text() };
    } catch {
      say(document.body.dataset.offline, true);
      return null;
    } finally {
      sending -= 1;
    }
  }

  const fieldsOf = (form, submitter) => new URLSearchParams(new FormData(form, submitter));

  // ---- The content, put in part by part --------------------------------------------------------------------------

  const known = new WeakMap(); // what the server sent for a part, for what htmx did to it since is no news

  function remember(root) {
    parts(root).concat(all(".top-title [data-part]")).forEach((part) => known.set(part, textOf(part)));
    all("[data-copy-text]", root).forEach((button) => { button.hidden = !navigator.clipboard; });
  }

  function isBusy(part) {
    if ($("[data-edit-slot] form, details[open]", part)) return true;
    const typing = part.contains(document.activeElement) && document.activeElement.matches("input:not([type=hidden]), textarea, select");
    return typing || all("input:not([type=hidden]):not([type=checkbox]), textarea", part).some((field) => field.value !== field.defaultValue);
  }

  let late = null; // the newest content, while a part of it waits for who is busy in the old one

  function apply(fresh, force = null) {
    const root = rootOf();
    if (!root || !fresh || root.dataset.deal !== fresh.dataset.deal) return;
    const news = new Map(parts(fresh).map((part) => [part.dataset.part, part]));
    let waits = false;
    for (const part of all(".top-title [data-part]").concat(parts(root))) {
      const next = news.get(part.dataset.part);
      // The timeline may show another kind of lines by now.
      if (!next || next.dataset.kind !== part.dataset.kind) continue;
      if (part !== force && textOf(next) === known.get(part)) continue;
      if (part !== force && isBusy(part)) { waits = true; continue; }
      put(part, next.cloneNode(true));
    }
    late = waits ? fresh : null;
    root.dataset.mark = fresh.dataset.mark;
    root.dataset.title = fresh.dataset.title;
    document.title = fresh.dataset.title;
  }

  function put(part, next) {
    const text = textOf(next);
    const control = part.contains(document.activeElement) ? document.activeElement : null;
    if (next.dataset.part === "timeline") keepOlder(part, next);
    part.replaceWith(next);
    known.set(next, text);
    all("[data-copy-text]", next).forEach((button) => { button.hidden = !navigator.clipboard; });
    window.htmx?.process(next);
    if (control) (twin(control, next) || firstOf(next)).focus({ preventScroll: true });
  }

  function firstOf(part) {
    part.tabIndex = -1;
    return part;
  }

  // Older lines that were loaded stay behind the newest.
  function keepOlder(old, next) {
    const older = all("[data-timeline] > [data-older]", old);
    if (!older.length || old.dataset.kind !== next.dataset.kind) return;
    const list = $("[data-timeline]", next);
    const told = new Set(all("[data-entry]", list).map((line) => line.dataset.entry));
    $("[data-more]", list)?.remove();
    older.filter((line) => !told.has(line.dataset.entry)).forEach((line) => list.append(line));
  }

  // ---- Looking at what changed -----------------------------------------------------------------------------------

  async function look(force = null) {
    const root = rootOf();
    if (!root) return;
    const url = new URL(root.dataset.changes, location.origin);
    url.searchParams.set("mark", force ? "" : root.dataset.mark);
    url.searchParams.set("kind", $('[data-part="timeline"]', root)?.dataset.kind || "");
    const answer = await ask(url);
    if (root !== rootOf() || !answer) return;
    if (answer.status === 200) apply($("[data-deal-root]", parse(answer.html)), force);
    else if (answer.status === 204 && late?.dataset.mark === root.dataset.mark) apply(late);
    else if (answer.status === 404) gone(root);
  }

  function gone(root) {
    say(root.dataset.gone, true);
    root.removeAttribute("data-deal-root");
    document.dispatchEvent(new CustomEvent("deal:gone"));
  }

  function follow() {
    const rests = document.hidden || sending || !rootOf() || $("dialog[open]");
    (rests ? Promise.resolve() : look()).finally(() => setTimeout(follow, LOOK_EVERY));
  }
  setTimeout(follow, LOOK_EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  // A message was skipped or hurried, a reminder set: the timeline tells of it at once.
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (requestConfig?.verb === "post" && elt.closest?.("[data-deal-root]") || requestConfig?.verb === "post" && !elt.isConnected) look();
  });

  // ---- Small changes: claim, comment, call, tag, skip ---------------------------------------------------------------

  // A second click or key while the first is on its way means the same, not another.
  const onTheWay = new WeakSet();
  async function once(form, act) {
    if (onTheWay.has(form)) return;
    onTheWay.add(form);
    await act().finally(() => onTheWay.delete(form));
  }

  async function post(form, submitter) {
    const sent = fieldsOf(form, submitter);
    const answer = await ask(form.action, sent);
    if (!answer) return;
    tell(answer);
    if (answer.status !== 200) return;
    // What was typed meanwhile was not sent, and stays.
    if (String(fieldsOf(form, submitter)) === String(sent)) {
      form.reset();
      form.closest("details")?.removeAttribute("open");
    }
    const part = form.closest("[data-part]");
    const looked = look(part || rootOf());
    // A form that stays is ready for the next comment at once.
    if (part) await looked;
  }

  // Cards go to the board behind the panel, toasts where they always stand; an answer without words is told in ours.
  function tell(answer) {
    if (window.omsBoard) return void window.omsBoard.take(answer);
    const toasts = all(".toast", parse(answer.html));
    toasts.forEach(showToast);
    if (answer.status >= 400 && !toasts.length) say($("[data-refused]").dataset.refused, true);
  }

  // ---- A change of the order: a dialog asks where data is missing ------------------------------------------------------

  async function move(form, submitter) {
    const answer = await ask(form.action, fieldsOf(form, submitter));
    if (!answer) return;
    const dialog = $("dialog", parse(answer.html));
    const open = $("#dialogs dialog[open]");
    if (dialog && open) {
      $("form", open).replaceWith($("form", dialog));
      return focusWrong(open);
    }
    if (dialog) {
      $("#dialogs").replaceChildren(dialog);
      dialog.addEventListener("close", () => dialog.remove());
      return dialog.showModal();
    }
    open?.close();
    tell(answer);
    await look($('[data-part="top"]'));
  }

  // ---- Forms in place -----------------------------------------------------------------------------------------------

  const slotOf = (form) => form.closest("[data-edit-slot]");
  const bodyOf = (slot) => $(`[data-edit-body="${slot.dataset.editSlot}"]`, slot.closest("[data-part]"));

  async function openForm(link) {
    const part = link.closest("[data-part]");
    const slot = $(`[data-edit-slot="${link.dataset.dealEdit}"]`, part);
    const answer = await ask(link.href);
    if (!answer) return;
    const form = $("[data-deal-form]", parse(answer.html));
    if (!form && answer.status >= 400) return tell(answer);
    if (!form || !slot) return location.assign(link.href);
    all("[data-edit-slot] form").forEach((other) => { if (slotOf(other) !== slot) closeForm(other); });
    slot.replaceChildren(form);
    slot.dataset.from = `a[href="${CSS.escape(link.getAttribute("href"))}"]`;
    if (bodyOf(slot)) bodyOf(slot).hidden = true;
    part.classList.add("is-editing");
    focusIn(form);
  }

  function focusIn(form) {
    const wanted = ["[aria-invalid=true]", "[data-find]:focus", "[autofocus]", ".fields input:not([type=hidden]), .fields select, .fields textarea", ".line-row input", "button"];
    (wanted.map((selector) => $(selector, form)).find(Boolean) || form).focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function closeForm(form) {
    const slot = slotOf(form);
    if (!slot) return;
    const part = slot.closest("[data-part]");
    slot.replaceChildren();
    if (bodyOf(slot)) bodyOf(slot).hidden = false;
    part.classList.remove("is-editing");
    const link = slot.dataset.from && $(slot.dataset.from, part);
    if (link) link.focus();
    look();
  }

  async function save(form, submitter) {
    all("button", form).forEach((button) => { button.disabled = true; });
    const looksFor = submitter?.name === "find" || submitter?.name === "add";
    // A disabled button is not sent: what was pressed goes along by hand.
    const fields = fieldsOf(form);
    if (submitter?.name) fields.append(submitter.name, submitter.value);
    const answer = await ask(form.action, fields);
    all("button", form).forEach((button) => { button.disabled = false; });
    if (!answer) return;
    const again = $("[data-deal-form]", parse(answer.html));
    if (again) {
      form.replaceWith(again);
      return looksFor && submitter.name === "find" ? ($(".line-hit", again) || $("[data-find]", again)).focus() : focusIn(again);
    }
    tell(answer);
    if (answer.status !== 200) return;
    const part = slotOf(form)?.closest("[data-part]");
    if (!part) return;
    const slot = slotOf(form);
    slot.replaceChildren();
    await look(part);
    const fresh = $(`[data-part="${part.dataset.part}"]`);
    const link = slot.dataset.from && fresh && $(slot.dataset.from, fresh);
    (link || (fresh && firstOf(fresh)))?.focus({ preventScroll: true });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const { submitter } = event;
    if (!rootOf()) return;
    // While the panel is open the board rests: a dialog is the panel's.
    if (form.matches("[data-deal-action], [data-move-dialog]")) { event.preventDefault(); event.stopPropagation(); once(form, () => move(form, submitter)); }
    else if (form.matches("[data-deal-post]")) { event.preventDefault(); once(form, () => post(form, submitter)); }
    else if (form.matches("[data-edit-slot] [data-deal-form]")) { event.preventDefault(); once(form, () => save(form, submitter)); }
    else if (form.matches(".toast [data-fragments]")) {
      event.preventDefault();
      event.stopPropagation();
      form.closest(".toast").remove();
      move(form, submitter);
    }
  }, true);

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("[data-deal-root] [data-deal-edit]");
    if (link) { event.preventDefault(); return void openForm(link); }
    const cancel = event.target.closest("[data-edit-slot] [data-edit-cancel]");
    if (cancel) { event.preventDefault(); return closeForm(cancel.closest("form")); }
    const copy = event.target.closest("[data-copy-text]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copyText).then(() => say(rootOf()?.dataset.copied || ""));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$("dialog[open]")) {
      const form = event.target.closest?.("[data-edit-slot] form");
      if (form) { event.preventDefault(); event.stopPropagation(); closeForm(form); }
    } else if (event.key === "Enter" && event.target.matches?.("[data-edit-slot] .lines-form input")) {
      event.preventDefault();
      const { form } = event.target;
      form.requestSubmit(event.target.matches("[data-find]") ? $("[name=find]", form) : $(".btn-primary", form));
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.(".deal-comment textarea")) {
      event.target.form.requestSubmit();
    }
  }, true);

  // A page that was loaded anew inside the panel's history: going back to the board loads the board.
  if (rootOf() && !$("#board")) window.addEventListener("popstate", () => location.reload());

  if (rootOf()) remember(rootOf());
  window.oms.deal = { remember, look, ask, setBoard: (address) => { boardAddress = address; } };
})();
