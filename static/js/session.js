/* Sessions that end while somebody is writing. The page stays whatever happens to the session.

   1. Before the end a warning offers to stay signed in.
   2. A background request that is answered "signed out" shows #signed-out. Polls stop meanwhile.
   3. Once the same person is signed in again, in another tab, the page gets the proof of origin that
      began with that sign-in, and everything on it can be sent.

   The server tells the seconds that are left; no clock of this computer is used for it. */
(function () {
  "use strict";
  const WARN_SECONDS = 600;
  const body = document.body;
  let timer = null;
  let isEnded = false;

  function show(id) {
    ["signed-out", "signed-in-other", "session-warning"].forEach((one) => {
      const banner = document.getElementById(one);
      if (!banner) return;
      banner.hidden = one !== id;
      if (one === id) uncover(banner);
    });
  }

  function uncover(banner) {
    // What is being written is not to be written under the banner.
    const field = document.activeElement;
    if (!field?.closest("form")) return;
    const covered = banner.getBoundingClientRect().bottom + 8 - field.getBoundingClientRect().top;
    if (covered > 0) window.scrollBy(0, -covered);
  }

  function token() {
    return JSON.parse(body.getAttribute("hx-headers"))["X-CSRFToken"];
  }

  function renew(fresh) {
    body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": fresh }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => {
      field.value = fresh;
    });
  }

  function ended() {
    isEnded = true;
    clearTimeout(timer);
    show("signed-out");
  }

  function rearm(left) {
    clearTimeout(timer);
    const next = left > WARN_SECONDS ? left - WARN_SECONDS : left;
    timer = setTimeout(check, (next + 1) * 1000);
  }

  function warn(state) {
    const banner = document.getElementById("session-warning");
    const minutes = Math.max(1, Math.floor(state.left / 60));
    const words = banner.querySelector("[data-session-minutes]");
    const canStay = state.most > state.left + 1;
    words.textContent = minutes === 1 ? words.dataset.one : words.dataset.more.replace("%s", minutes);
    banner.querySelectorAll("[data-session-can-stay]").forEach((part) => (part.hidden = !canStay));
    banner.querySelectorAll("[data-session-cannot-stay]").forEach((part) => (part.hidden = canStay));
    show("session-warning");
  }

  function goOn() {
    // What was asked for meanwhile was not answered: ask again for whatever follows the form.
    document.querySelectorAll("form[data-follows]").forEach((form) => {
      form.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  function take(state) {
    if (String(state.person) !== body.dataset.person) {
      isEnded = true;
      show("signed-in-other");
      return;
    }
    const wasEnded = isEnded || state.token !== token();
    isEnded = false;
    renew(state.token);
    rearm(state.left);
    if (state.left <= WARN_SECONDS) warn(state);
    else show(null);
    if (wasEnded && state.wanted) goOn();
  }

  async function ask(method, wanted) {
    const headers = { "HX-Request": "true", "X-CSRFToken": token() };
    try {
      const answer = await fetch(body.dataset.sessionUrl, { method, headers });
      if (answer.status === 401) ended();
      else if (answer.ok) take({ ...(await answer.json()), wanted });
      else rearm(60);
    } catch {
      rearm(60); // not reachable now: live.js says so where it matters
    }
  }

  function check() {
    return ask("GET", false);
  }

  function hear(said) {
    if (said === "ended") ended();
    if (said === "stale") ask("GET", true);
  }

  document.addEventListener("htmx:responseError", (event) => {
    hear(event.detail.xhr.getResponseHeader("X-Bulkhead-Session"));
  });
  document.addEventListener("bulkhead:session", (event) => hear(event.detail));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isEnded && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-session-stay]")) ask("POST", false);
    if (event.target.closest("[data-session-check]")) ask("GET", true);
  });
  // Who comes back from the tab in which they signed in again goes on at once.
  window.addEventListener("focus", () => isEnded && ask("GET", true));
  document.addEventListener("visibilitychange", () => {
    if (isEnded && !document.hidden) ask("GET", true);
  });
  rearm(Number(body.dataset.sessionLeft));
})();
