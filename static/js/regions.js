/* A part that scrolls sideways must be reachable by keyboard; one that does not scroll is no stop.
   Pages mark all that could with tabindex="0"; here it is taken away where everything is in view.
   What somebody opened (a details with an id) stays open when its part of the page comes anew. */
(function () {
  "use strict";

  function mind(region) {
    const scrolls = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  }

  function watch(part) {
    part.querySelectorAll("[role=region][tabindex]").forEach((region) => watcher.observe(region));
  }

  let opened = [];

  function noteOpened(event) {
    opened = [...event.target.querySelectorAll("details[open][id]")].map((one) => one.id);
  }

  function openAgain() {
    opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  }

  const watcher = new ResizeObserver((seen) => seen.forEach((one) => mind(one.target)));
  document.addEventListener("DOMContentLoaded", () => watch(document));
  document.addEventListener("htmx:beforeSwap", noteOpened);
  document.addEventListener("htmx:afterSwap", openAgain);
  document.addEventListener("htmx:load", (event) => watch(event.target));
})();
