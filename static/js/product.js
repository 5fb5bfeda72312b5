// The product's form: a barcode reader types and presses Enter, which must go on to the next field, not send the form.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input[data-scan]")) return;
  event.preventDefault();
  const fields = Array.from(event.target.form.querySelectorAll("input:not([type=hidden]), select, textarea, button[type=submit]"));
  const next = fields[fields.indexOf(event.target) + 1];
  if (next) next.focus();
});
