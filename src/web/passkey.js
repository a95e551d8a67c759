// SPDX-License-Identifier: Apache-2.0
// Passkeys: asks the browser for one, writes its answer into the form's hidden fields, and sends the form like any
// other. Without this script, or without passkeys in the browser, the page's other ways in remain.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const key = (id) => ({ type: "public-key", id: bytes(id) });
  const get = async (data) => {
    const found = await navigator.credentials.get({
      publicKey: { challenge: bytes(data.challenge), rpId: data.rp, userVerification: "required", timeout: 240000 },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
    return { id: found.rawId, client: clientDataJSON, data: authenticatorData, signature, handle: userHandle || new ArrayBuffer(0) };
  };
  const create = async (data) => {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(data.challenge),
        rp: { id: data.rp, name: data.site },
        user: { id: bytes(data.handle), name: data.name, displayName: data.name },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: data.attestation,
        excludeCredentials: data.exclude ? data.exclude.split(" ").map(key) : [],
        timeout: 240000,
      },
    });
    return { client: made.response.clientDataJSON, attestation: made.response.attestationObject };
  };
  const coded = document.querySelector("[data-hash]"); // of a message's address: never sent, and out of sight at once
  if (coded && location.hash.length > 1) {
    document.getElementsByName(coded.dataset.hash)[0].value = decodeURIComponent(location.hash.slice(1));
    coded.hidden = true;
    history.replaceState(null, "", location.pathname);
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) break;
    const button = form.querySelector("button");
    const said = form.querySelector("[role=alert]");
    form.querySelector("[data-without]").remove();
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      said.textContent = "";
      try {
        const answer = await (form.dataset.passkey === "get" ? get : create)(form.dataset);
        for (const name of Object.keys(answer)) form.elements.namedItem(name).value = text(answer[name]);
        form.submit();
      } catch (error) {
        said.textContent = form.dataset.failed;
        form.dataset.error = error.name;
        button.disabled = false;
      }
    });
  }
})();
