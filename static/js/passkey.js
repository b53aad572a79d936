/* A passkey that was refused, cancelled or unknown must not end in silence: allauth only raises an
   event. The message is part of the page (components/_messages.html) and shown here. */
(function () {
  "use strict";
  document.addEventListener("allauth.error", (event) => {
    const message = document.getElementById("passkey-trouble");
    if (!message) return;
    event.preventDefault();
    message.hidden = false;
    message.scrollIntoView({ block: "nearest" });
  });
})();
