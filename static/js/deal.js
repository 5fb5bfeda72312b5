// The deal's page: a change that needs data asks in a dialog; afterwards the page is loaded again, with Undo on it.
"use strict";

(() => {
  const { $, send, parse, showToast, say } = window.oms;

  async function submit(form, submitter) {
    const fields = Object.fromEntries(new FormData(form, submitter));
    const { status, html } = await send(form.action, fields);
    if (status === 200) return location.reload();
    const parts = parse(html);
    const dialog = $("dialog", parts);
    const open = $("#dialogs dialog[open]");
    if (dialog && open) return $("form", open).replaceWith($("form", dialog));
    if (dialog) {
      $("#dialogs").replaceChildren(dialog);
      dialog.addEventListener("close", () => dialog.remove());
      return dialog.showModal();
    }
    open?.close();
    const toast = $(".toast", parts);
    if (toast) showToast(toast);
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-deal-action], [data-move-dialog]")) return;
    event.preventDefault();
    submit(event.target, event.submitter).catch(() => say(document.body.dataset.offline, true));
  });
})();
