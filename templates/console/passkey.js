"use strict";
// Asks the browser for a passkey when a form with data-passkey is sent, and puts its answer into the form.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const create = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: (asked.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) })),
      },
    });
    const { clientDataJSON, attestationObject } = made.response;
    return { made, response: { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) } };
  };

  const get = async (asked) => {
    const made = await navigator.credentials.get({ publicKey: { ...asked, challenge: bytes(asked.challenge) } });
    const { clientDataJSON, authenticatorData, signature, userHandle } = made.response;
    const response = {
      clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    };
    return { made, response };
  };

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[data-needs-script]");
    form.querySelector("button").disabled = false;
    note.textContent = "";
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const ask = form.dataset.passkey === "create" ? create : get;
        const { made, response } = await ask(JSON.parse(form.dataset.asked));
        const answer = { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response };
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      } catch (error) {
        note.textContent = error.message;
      }
    });
  }
})();
