// The editor of message templates in admin: names go in at the cursor, and the preview follows what is written.
// Without it the page still works: its buttons post the form and show the answer in a new tab.
(() => {
  "use strict";

  const PAUSE = 350;

  document.addEventListener("DOMContentLoaded", () => {
    const editor = document.querySelector("[data-template-editor]");
    const form = editor && document.getElementById(editor.dataset.form);
    if (!form) return;

    const find = (selector) => editor.querySelector(selector);
    const field = (name) => form.elements[name];
    const order = find("[data-order]");
    const notes = find("[data-notes]");
    const look = find("[data-look]");
    const said = find("[data-said]");
    const wordEmpty = find("[data-word-empty]").textContent;
    const example = find("[data-order-shown]").dataset.example || order.placeholder;
    let lastField = field("body");
    let waiting = 0;
    let running = null;

    find("[data-without-script]").hidden = true;
    // What is said about the text stands right below it, above the buttons.
    field("body").closest(".field-body, .form-row")?.after(notes);

    // Names

    for (const name of ["subject", "body"]) {
      field(name).addEventListener("focus", () => { lastField = field(name); });
    }

    editor.addEventListener("click", (event) => {
      const button = event.target.closest("[data-insert]");
      if (!button) return;
      const text = button.dataset.insert;
      const target = text.includes("\n") ? field("body") : lastField;
      const start = target.selectionStart ?? target.value.length;
      target.setRangeText(text, start, target.selectionEnd ?? start, "end");
      // Between the two halves of an "if" is where one goes on writing.
      const gap = text.indexOf("%}{%");
      if (gap > 0) target.setSelectionRange(start + gap + 2, start + gap + 2);
      target.focus();
      target.dispatchEvent(new Event("input", { bubbles: true }));
    });

    find("[data-find]").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      for (const item of editor.querySelectorAll("[data-words]")) {
        item.hidden = !item.dataset.words.toLowerCase().includes(wanted);
      }
    });

    function showNames(names) {
      for (const item of editor.querySelectorAll("[data-name]")) {
        const shown = names[item.dataset.name];
        if (!shown) continue;
        const value = item.querySelector("[data-value]");
        value.textContent = shown.value || (shown.why ? `${wordEmpty}: ${shown.why}` : wordEmpty);
        value.classList.toggle("te-empty", !shown.value);
      }
      find("[data-order-shown]").textContent = order.value.trim() || example;
    }

    // Preview

    const post = (address, signal) => fetch(address, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      signal,
    }).then((answer) => {
      if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Error(answer.statusText);
      return answer.json();
    });

    async function preview() {
      running?.abort();
      running = new AbortController();
      const mine = running;
      look.setAttribute("aria-busy", "true");
      try {
        const answer = await post(editor.dataset.preview, mine.signal);
        notes.innerHTML = answer.notes;
        look.classList.toggle("te-stale", !answer.is_good);
        if (answer.is_good) showLook(answer.preview);
        showNames(answer.names);
      } catch (error) {
        if (error.name === "AbortError") return;
        notes.textContent = editor.dataset.lost;
      }
      if (mine === running) look.removeAttribute("aria-busy");
    }

    // Frames that are there already only get new words: replacing them would flash with every letter.
    function showLook(html) {
      const fresh = document.createElement("template");
      fresh.innerHTML = html;
      const old = look.querySelectorAll("iframe");
      const next = fresh.content.querySelectorAll("iframe");
      if (!next.length || old.length !== next.length) {
        look.innerHTML = html;
        return;
      }
      next.forEach((frame, index) => {
        if (old[index].srcdoc !== frame.srcdoc) old[index].srcdoc = frame.srcdoc;
      });
      for (const part of [".te-subject", "[data-text]"]) {
        look.querySelector(part).innerHTML = fresh.content.querySelector(part).innerHTML;
      }
    }

    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(preview, PAUSE);
    }

    function fitChannel() {
      const channel = field("channel").value;
      for (const part of editor.querySelectorAll("[data-only]")) part.hidden = part.dataset.only !== channel;
      const isSms = channel === "sms";
      const rowOf = (name) => field(name).closest(".field-row, .form-row") || field(name).parentElement;
      rowOf("subject").hidden = isSms && !field("subject").value;
      rowOf("plain_letters").hidden = !isSms;
    }

    form.addEventListener("input", later);
    form.addEventListener("change", () => { fitChannel(); later(); });

    // Orders

    let asked = 0;
    function offerOrders() {
      clearTimeout(asked);
      asked = setTimeout(async () => {
        const query = new URLSearchParams({ shop: field("shop").value, q: order.value });
        const answer = await fetch(`${editor.dataset.orders}?${query}`).catch(() => null);
        if (!answer?.ok) return;
        const list = order.list;
        list.replaceChildren(...(await answer.json()).orders.map(({ number, label }) => {
          const option = document.createElement("option");
          option.value = number;
          option.textContent = label;
          return option;
        }));
      }, PAUSE);
    }
    order.addEventListener("input", offerOrders);
    field("shop").addEventListener("change", async () => {
      const query = new URLSearchParams({ shop: field("shop").value });
      const answer = await fetch(`${editor.dataset.orders}?${query}`).catch(() => null);
      order.value = answer?.ok ? (await answer.json()).orders[0]?.number ?? "" : "";
      offerOrders();
      later();
    });

    // A test to oneself

    const send = find("[data-send-test]");
    send.addEventListener("click", async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        const answer = await post(editor.dataset.test);
        said.textContent = answer.sentence;
        said.className = `te-said te-note ${answer.sent ? "te-good" : "te-bad"}`;
      } catch {
        said.textContent = editor.dataset.lost;
        said.className = "te-said te-note te-bad";
      }
      send.disabled = false;
    });

    fitChannel();
    preview();
  });
})();
