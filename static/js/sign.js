/* Signing a form with a passkey. A button with data-sign="URL" sends its form there first and gets
   what to sign; the answer of the passkey goes into the field `signed`, and the form is sent as usual.
   What was refused or cancelled is said in the form's own [data-sign-trouble]. */
(function () {
  "use strict";

  function say(form, words) {
    const trouble = form.querySelector("[data-sign-trouble]");
    trouble.textContent = words;
    trouble.hidden = !words;
    if (words) trouble.scrollIntoView({ block: "nearest" });
  }

  async function ask(form, button) {
    const data = new FormData(form);
    if (button.name) data.append(button.name, button.value);
    const answer = await fetch(button.dataset.sign, { method: "POST", body: data });
    const session = answer.headers.get("X-Bulkhead-Session");
    if (session) document.dispatchEvent(new CustomEvent("bulkhead:session", { detail: session }));
    const type = answer.headers.get("Content-Type") || "";
    if (!type.startsWith("application/json")) throw new Error(button.dataset.failed);
    const asked = await answer.json();
    if (!answer.ok) throw new Error(asked.error);
    return asked;
  }

  async function passkey(asked, button) {
    try {
      return await window.webauthnJSON.get({ publicKey: asked.publicKey });
    } catch (error) {
      const cancelled = error.name === "NotAllowedError" || error.name === "AbortError";
      throw new Error(cancelled ? button.dataset.cancelled : button.dataset.failed);
    }
  }

  async function sign(form, button) {
    say(form, "");
    const asked = await ask(form, button);
    const given = await passkey(asked, button);
    form.elements.signed.value = JSON.stringify({
      statement: asked.statement,
      nonce: asked.nonce,
      credentialId: given.rawId,
      authenticatorData: given.response.authenticatorData,
      clientDataJSON: given.response.clientDataJSON,
      signature: given.response.signature,
    });
    form.requestSubmit(button);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!button || !button.dataset.sign || form.elements.signed.value) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    sign(form, button)
      .catch((error) => say(form, error.message))
      .finally(() => delete form.dataset.busy);
  });
  // A page that is shown again, by the way back, must not send an old signature.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("input[name=signed]").forEach((field) => {
      field.value = "";
    });
  });
})();
