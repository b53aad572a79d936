/* Copy buttons. They stay hidden where the browser gives pages no clipboard (plain http, no script):
   the text beside them can be selected by hand.

   data-copy="ID" copies the text of that element; data-copy-text="…" copies the value itself. */
(function () {
  "use strict";
  const BACK_AFTER_MS = 2500;

  function wanted(button) {
    const source = button.dataset.copy && document.getElementById(button.dataset.copy);
    return source ? source.textContent : button.dataset.copyText;
  }

  function say(button, words) {
    const shown = button.querySelector("[data-copy-label]");
    const live = document.getElementById("live");
    const before = shown.textContent;
    shown.textContent = words;
    if (live) live.textContent = words;
    setTimeout(() => {
      shown.textContent = before;
    }, BACK_AFTER_MS);
  }

  function reveal(part) {
    part.querySelectorAll("[data-copy], [data-copy-text]").forEach((button) => {
      button.hidden = false;
    });
  }

  if (!navigator.clipboard) return;
  document.addEventListener("DOMContentLoaded", () => reveal(document));
  document.addEventListener("htmx:load", (event) => reveal(event.target));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-text]");
    if (!button || button.dataset.busy) return;
    button.dataset.busy = "yes";
    navigator.clipboard
      .writeText(wanted(button))
      .then(() => say(button, button.dataset.done), () => say(button, button.dataset.failed))
      .finally(() => setTimeout(() => delete button.dataset.busy, BACK_AFTER_MS));
  });
})();
