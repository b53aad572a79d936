/* The request form while somebody types. The preview brings what is wrong by now ([data-wrong-now]);
   fields that were left once, or that were wrong at the last try, say so at once and take it back as
   soon as it is right. So the form never says otherwise than the preview beside it.

   Without script the same stands on the page after "Preview" or "Submit". */
(function () {
  "use strict";
  const left = new Set();

  function mark(control, text) {
    const id = `${control.id}_error`;
    let said = document.getElementById(id);
    if (!text) {
      said?.remove();
    } else if (!said) {
      said = document.createElement("div");
      said.id = id;
      const line = document.createElement("p");
      line.className = "bh-error mb-0";
      said.append(line);
      control.after(said);
    }
    if (said && text) said.querySelector("p").lastChild?.remove();
    if (said && text) said.querySelector("p").append(text);
    const ids = (control.getAttribute("aria-describedby") || "").split(" ").filter(Boolean);
    const others = ids.filter((one) => one !== id);
    control.setAttribute("aria-describedby", (text ? [...others, id] : others).join(" "));
    control.classList.toggle("is-invalid", Boolean(text));
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  function follow(form, list) {
    const wrong = new Map();
    list.querySelectorAll("[data-field]").forEach((line) => {
      const before = wrong.get(line.dataset.field);
      wrong.set(line.dataset.field, before ? `${before} ${line.textContent}` : line.textContent);
    });
    form.querySelectorAll("input.form-control, textarea.form-control, select").forEach((control) => {
      const text = wrong.get(control.id) || "";
      const isName = control.id === "id_name"; // what is wrong with it stands beneath it already
      const wasWrong = control.getAttribute("aria-invalid") === "true";
      if (wasWrong && !text) mark(control, "");
      else if (text && !isName && (left.has(control.id) || wasWrong)) mark(control, text);
    });
    openMore(form);
  }

  function openMore(form) {
    const more = form.querySelector("#more");
    if (more && more.querySelector("[aria-invalid=true]")) more.open = true;
  }

  function nameChecked(form, target) {
    const name = form.querySelector("#id_name");
    if (!name) return;
    if (target.querySelector("[data-name-problem]")) {
      document.getElementById("id_name_error")?.remove();
      name.classList.add("is-invalid");
      name.setAttribute("aria-invalid", "true");
    } else if (target.textContent.trim()) {
      mark(name, "");
    }
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest("#request-form") && event.target.id) left.add(event.target.id);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#id_"]');
    const field = link && document.getElementById(link.hash.slice(1));
    const more = field?.closest("details");
    if (more) more.open = true;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const form = document.getElementById("request-form");
    const list = document.querySelector("#preview [data-wrong-now]");
    if (!form) return;
    if (event.target.id === "preview" && list) follow(form, list);
    if (event.target.id === "name-live") nameChecked(form, event.target);
  });
  // What was kept through a sign-in is on the form: ask what it comes to.
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("request-form");
    if (!form) return;
    if (form.querySelector("[data-kept]")) {
      form.querySelectorAll("#id_name, #id_cluster").forEach((field) => {
        field.dispatchEvent(new Event("change", { bubbles: true }));
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
    openMore(form);
  });
})();
