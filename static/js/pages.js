// Order and shop pages: a form that arrives in the dialog opens it; texts that are copied by a button.
"use strict";

(() => {
  const dialog = document.getElementById("action-dialog");
  const body = document.getElementById("action-dialog-body");

  if (dialog) {
    document.addEventListener("htmx:afterSettle", (event) => {
      if (!body.contains(event.detail.elt) && event.detail.elt !== body) return;
      if (!dialog.open) dialog.showModal();
      const wanted = ["[aria-invalid=true]", "[autofocus]", ".field input, .field select, .field textarea", "button"];
      const field = wanted.map((selector) => body.querySelector(selector)).find(Boolean);
      if (field) field.focus();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.classList.add("is-done");
    });
  });
})();
