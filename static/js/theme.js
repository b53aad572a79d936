/* Light or dark: the system's choice until somebody chooses here. Runs in the head, before the
   first paint, so that no page flashes. Pages are complete without it. */
(function () {
  "use strict";
  const root = document.documentElement;
  const key = "bulkhead-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function remembered() {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is blocked: follow the system
    }
  }

  function current() {
    return root.getAttribute("data-bs-theme");
  }

  function follow() {
    root.setAttribute("data-bs-theme", remembered() || (system.matches ? "dark" : "light"));
  }

  function label(button) {
    button.querySelector("span").textContent =
      current() === "dark" ? button.dataset.useLight : button.dataset.useDark;
  }

  function start(button) {
    button.hidden = false;
    label(button);
    system.addEventListener("change", () => label(button));
    button.addEventListener("click", () => {
      const next = current() === "dark" ? "light" : "dark";
      root.setAttribute("data-bs-theme", next);
      label(button);
      try {
        localStorage.setItem(key, next);
      } catch {
        // not remembered, still applied
      }
    });
  }

  follow();
  system.addEventListener("change", follow);
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-theme-toggle]").forEach(start);
  });
})();
