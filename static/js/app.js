// What every page shares: menus that close, the search key, the colour scheme, toasts, and requests that carry the token.
"use strict";

window.oms = (() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const csrfToken = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || "";
  const isTyping = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
  // A letter or sign that does something wherever the focus is: not while writing, and not for who switched such keys off.
  const isShortcut = (event) => !(event.ctrlKey || event.metaKey || event.altKey) && !isTyping(event.target) && document.documentElement.dataset.singleKeys !== "off";
  // Letters are read from the key's place where the layout writes none of ours (Ukrainian, say).
  function letterOf(event) {
    if (/^[a-z?]$/i.test(event.key)) return event.key.toLowerCase();
    return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
  }

  // Same-origin only; `HX-Request` makes the server answer with fragments instead of a page.
  async function send(url, fields) {
    const post = fields !== undefined;
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    if (post) headers["X-CSRFToken"] = csrfToken();
    const response = await fetch(url, {
      method: post ? "POST" : "GET",
      headers,
      body: post ? new URLSearchParams(fields) : undefined,
      credentials: "same-origin",
    });
    const away = response.headers.get("HX-Redirect");
    if (away) location.assign(away);
    return { status: response.status, html: response.status === 204 ? "" : await response.text() };
  }

  // The parts that a request of a script is answered with; a whole page (an error, say) has none of them.
  const parse = (html) => {
    const template = document.createElement("template");
    if (!/^\s*<(!doctype|html)\b/i.test(html)) template.innerHTML = html;
    return template.content;
  };

  // ---- News in place of the old: who stands on one of its controls stays on it.

  const CONTROLS = "a[href], button, summary, input, select, textarea";
  const wordsOf = (control) => control.getAttribute("aria-label") || control.textContent.trim();
  // What a control does, or the words on it: the same before and after, however much changed around it.
  const signOf = (control) => control.id || control.dataset.figure || control.getAttribute("href")
    || [control.form?.getAttribute("action"), control.name, control.name && control.matches("button") ? control.value : wordsOf(control)].join();
  const twin = (control, part) => all(CONTROLS, part).find((other) => signOf(other) === signOf(control));
  // As the server wrote it: the token is masked anew in each answer, and is no news.
  const textOf = (part) => part.outerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");

  function swap(old, part) {
    if (textOf(old) === textOf(part)) return;
    const control = old.contains(document.activeElement) ? document.activeElement : null;
    const place = control ? all(CONTROLS, old).indexOf(control) : -1;
    old.replaceWith(part);
    if (control) (twin(control, part) || all(CONTROLS, part)[place])?.focus({ preventScroll: true });
  }

  // A dialog that came back: to the field that is wrong, else to the first that is empty.
  function focusWrong(dialog) {
    const fields = all("input:not([type=hidden]), select, textarea", dialog);
    ($("[aria-invalid]", dialog) || fields.find((field) => !field.value) || fields[0])?.focus();
  }

  // ---- Toasts: they leave by themselves, except while the pointer or the focus is on them.

  function showToast(toast) {
    const region = $("#toasts");
    if (toast.dataset.key) all(`[data-key="${CSS.escape(toast.dataset.key)}"]`, region).forEach((old) => old.remove());
    region.append(toast);
    while (region.children.length > 3) region.firstElementChild.remove();
    const seconds = Number(toast.dataset.seconds || 6);
    const bar = $(".toast-bar", toast);
    if (bar) bar.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: seconds * 1000, fill: "forwards" });
    countDown(toast, seconds);
  }

  function countDown(toast, seconds) {
    const clock = $("[data-countdown]", toast);
    const end = Date.now() + seconds * 1000;
    // Nine seconds take less room than ten: Undo stays where the finger is.
    if (clock) clock.parentElement.style.minWidth = `${clock.parentElement.offsetWidth}px`;
    const tick = () => {
      if (!toast.isConnected) return;
      const left = Math.ceil((end - Date.now()) / 1000);
      const shown = String(Math.max(0, left));
      if (clock && clock.textContent !== shown) clock.textContent = shown;
      if (left > 0) return void setTimeout(tick, 250);
      if (toast.matches(":hover, :focus-within") && !toast.dataset.undo) return void setTimeout(tick, 1000);
      toast.remove();
    };
    tick();
  }

  function say(text, bad = false) {
    const toast = document.createElement("div");
    toast.className = bad ? "toast toast-bad" : "toast";
    const line = document.createElement("p");
    line.textContent = text;
    toast.append(line);
    showToast(toast);
  }

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) close.closest(".toast").remove();
  });

  // ---- Menus: one open at a time; a click elsewhere or Escape closes.

  document.addEventListener("click", (event) => {
    all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all("details[data-menu][open]").forEach((menu) => { menu.open = false; $("summary", menu).focus(); });
  });

  // ---- `/` searches from everywhere.

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !isShortcut(event)) return;
    const search = $("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // ---- Light or dark: a cookie, so that the server writes it into the page and nothing flashes.

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });
  all("[data-theme-toggle]").forEach((button) => { button.hidden = false; });

  // ---- Single keys on or off, kept in the same way: who speaks to the computer, or rests a hand on it, sets none off.

  all("[data-keys-switch]").forEach((button) => {
    const root = document.documentElement;
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.singleKeys = root.dataset.singleKeys === "off" ? "on" : "off";
      button.setAttribute("aria-pressed", String(root.dataset.singleKeys === "on"));
      document.cookie = `keys=${root.dataset.singleKeys}; path=/; max-age=31536000; samesite=lax`;
    });
  });

  // ---- htmx: the token goes with every request; a lost connection is told.

  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = csrfToken(); });
  document.addEventListener("htmx:sendError", () => say(document.body.dataset.offline || "Offline", true));

  // ---- Fields that send their form when changed; dialogs closed by plain buttons.

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close-dialog]");
    if (closer && closer.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });

  // ---- A row of tabs that scrolls on a phone begins where one is.

  const tab = $(".stock-rooms [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

  all("#toasts > .toast").forEach(showToast);
  return { $, all, send, parse, showToast, say, isTyping, isShortcut, letterOf, twin, textOf, swap, focusWrong };
})();
