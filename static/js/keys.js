/* Keys of whoever may decide: of a list, of the pages that come one after the other, and from any page
   to Approvals.

   An element with data-key="x" answers to that key: a link or an opener is clicked, a button or a field
   only gets the focus, so that no key decides by itself. In a list (data-rows) J and K move through the
   links of its rows. Keys do nothing in fields, in an open dialog, or with Ctrl, Alt or Meta, leave no
   form in which something was written, also where a page (data-unsent) shows it again, nor words that
   no other page has (data-shown-once), and can be turned off in the list of keys (data-opens="keys",
   the first of the page), which is remembered.

   data-focus-after="ID" moves the focus to a button once, as the page comes, if what led to the page was
   a key, and all of that element and the button itself are in sight: what would be approved by Enter has
   been on the screen. For a moment Enter does nothing there, nor does a key that is still held down.
   Space scrolls on every button that was focused here, until the focus leaves it. */
(function () {
  "use strict";
  const remembered = "bulkhead-keys";
  const byKey = "bulkhead-by-key";
  const READ_FIRST_MS = 700;

  function areOn() {
    try {
      return localStorage.getItem(remembered) !== "off";
    } catch {
      return true; // storage is blocked: on, as for everybody
    }
  }

  function remember(on) {
    try {
      localStorage.setItem(remembered, on ? "on" : "off");
    } catch {
      // not remembered
    }
  }

  function noteHow(event) {
    if (!event.target.closest("a[href], button")) return;
    try {
      // A click that a key made counts no clicks.
      sessionStorage.setItem(byKey, event.detail === 0 ? "yes" : "no");
    } catch {
      // not noted: no focus is moved on the page that follows
    }
  }

  function cameByKey() {
    try {
      const how = sessionStorage.getItem(byKey);
      sessionStorage.removeItem(byKey);
      return how === "yes";
    } catch {
      return false;
    }
  }

  function isTyping(target) {
    return target.closest("input, textarea, select, [contenteditable]") !== null;
  }

  function isWritten() {
    if (document.querySelector("[data-shown-once]")) return true;
    const isShownAgain = document.querySelector("[data-unsent]") !== null;
    const fields = document.querySelectorAll("main form[method=post] :is(textarea, input)");
    return [...fields].some((field) => {
      const isText = field.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio])");
      return field.value !== (isShownAgain && isText ? "" : field.defaultValue);
    });
  }

  function keyed(key) {
    if (key === "/") return document.querySelector("main input[type=search]");
    return [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  }

  function act(element) {
    if (element.matches("a[href]")) {
      if (!isWritten()) element.click();
    } else if (element.matches("[data-opens]")) {
      element.click();
    } else {
      element.focus();
      if (element.matches("button")) scrollBySpace(element);
      element.scrollIntoView({ block: "nearest" });
    }
  }

  function step(rows, by) {
    const links = [...rows.querySelectorAll("tbody th a")];
    const at = links.findIndex((link) => link === document.activeElement);
    const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
    links[next]?.focus();
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || !areOn()) return;
    const key = event.key.toLowerCase();
    const rows = document.querySelector("[data-rows]");
    const element = keyed(key);
    if (rows && (key === "j" || key === "k")) {
      step(rows, key === "j" ? 1 : -1);
    } else if (element) {
      act(element);
    } else {
      return;
    }
    event.preventDefault();
  }

  function isInSight(element) {
    const box = element.getBoundingClientRect();
    const bar = document.querySelector(".bh-decide");
    const isCovered = bar && !bar.contains(element);
    const end = isCovered ? bar.getBoundingClientRect().top : innerHeight;
    return box.top >= 0 && box.bottom <= Math.min(end, innerHeight);
  }

  function scrollBySpace(button) {
    const whileFocused = new AbortController();
    const onSpace = (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      const page = innerHeight * (event.shiftKey ? -0.85 : 0.85);
      if (event.type === "keydown") scrollBy({ top: page });
    };
    button.addEventListener("keydown", onSpace, { signal: whileFocused.signal });
    button.addEventListener("keyup", onSpace, { signal: whileFocused.signal });
    button.addEventListener("blur", () => whileFocused.abort(), { once: true });
  }

  function holdBack(button) {
    setTimeout(() => {
      button.dataset.armed = "yes";
    }, READ_FIRST_MS);
    button.addEventListener("keydown", (event) => {
      const isEarly = event.repeat || !button.dataset.armed;
      if (event.key === "Enter" && isEarly) event.preventDefault();
    });
  }

  function begin() {
    const isByKey = cameByKey();
    const list = document.getElementById("keys");
    const opener = document.querySelector("[data-opens=keys]");
    if (list && opener) {
      opener.hidden = false;
      opener.addEventListener("click", () => list.showModal());
      const choice = list.querySelector("[data-keys-on]");
      choice.checked = areOn();
      choice.addEventListener("change", () => remember(choice.checked));
    }
    const button = document.querySelector("[data-focus-after]");
    if (!button || !isByKey || !areOn()) return;
    const read = document.getElementById(button.dataset.focusAfter);
    if (!read || !isInSight(read) || !isInSight(button)) return;
    holdBack(button);
    button.focus({ preventScroll: true });
    scrollBySpace(button);
  }

  document.addEventListener("click", noteHow, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("DOMContentLoaded", begin);
})();
