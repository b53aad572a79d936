/* What htmx does not do by itself.

   1. The text of data-announce in a new page or a swapped part goes to the status region that
      data-announce-in names, or to #live: each has one purpose, and none overwrites another's words.
   2. A failed background request shows the message #trouble; the next success hides it.
   3. A poll (an element with data-poll) makes no request while the tab is hidden.
   4. data-dismiss closes the nearest .bh-alert. Messages stay until then. */
(function () {
  "use strict";

  function announce(part) {
    const marked = part.matches?.("[data-announce]") ? part : part.querySelector("[data-announce]");
    const live = marked && document.getElementById(marked.dataset.announceIn || "live");
    if (live && live.textContent !== marked.dataset.announce) {
      live.textContent = marked.dataset.announce;
    }
  }

  function trouble(is) {
    const message = document.getElementById("trouble");
    if (message) message.hidden = !is;
  }

  function revealDismiss(part) {
    part.querySelectorAll("[data-dismiss]").forEach((button) => {
      button.hidden = false;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    revealDismiss(document);
    announce(document);
  });
  document.addEventListener("htmx:load", (event) => {
    revealDismiss(event.target);
    announce(event.target);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
  });
  document.addEventListener("htmx:sendError", () => trouble(true));
  document.addEventListener("htmx:timeout", () => trouble(true));
  document.addEventListener("htmx:responseError", (event) => {
    // session.js has something to say about these.
    if (!event.detail.xhr.getResponseHeader("X-Bulkhead-Session")) trouble(true);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) trouble(false);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (!button) return;
    button.closest(".bh-alert").remove();
    document.getElementById("main").focus();
  });
})();
