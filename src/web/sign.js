// SPDX-License-Identifier: Apache-2.0
// Signing: asks a program on this computer (protocol "ncalayer") for a signature of the page's text, writes it into the
// form and sends the form like any other; and looks whether the phone has signed. Without this script the page's other
// ways remain.
(() => {
  "use strict";
  const ask = (form) =>
    new Promise((done, fail) => {
      const data = form.dataset;
      const socket = new WebSocket(data.address);
      let greeted = false;
      socket.onerror = () => fail("absent");
      socket.onclose = () => fail(greeted ? "failed" : "absent");
      socket.onmessage = (event) => {
        const answer = JSON.parse(event.data);
        if (!greeted) {
          greeted = true;
          socket.send(JSON.stringify({
            module: "kz.gov.pki.knca.basics",
            method: "sign",
            args: {
              allowedStorages: null,
              format: "cms",
              data: data.text,
              signingParams: { decode: true, encapsulate: false, digested: false, tsaProfile: {} },
              signerParams: { extKeyUsageOids: data.usages ? data.usages.split(" ") : [] },
              locale: document.documentElement.lang,
            },
          }));
          return;
        }
        const result = answer.status === true && answer.body ? answer.body.result : undefined;
        if (answer.status !== true) fail("failed");
        else if (result === undefined) fail("cancelled");
        else done(Array.isArray(result) ? result[0] : result);
        socket.onclose = null;
        socket.close();
      };
    });
  for (const form of document.querySelectorAll("form[data-sign=ncalayer]")) {
    const button = form.querySelector("button");
    const said = form.querySelector("[role=alert]");
    form.querySelector("[data-without]").remove();
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      said.textContent = "";
      try {
        form.elements.namedItem("signature").value = await ask(form);
        form.submit();
      } catch (reason) {
        said.textContent = form.dataset[reason] || form.dataset.failed;
        button.disabled = false;
      }
    });
  }
  const waiting = document.querySelector("[data-state]");
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.state, { credentials: "same-origin" });
      if (!answer.ok) return;
      if ((await answer.json()).changed) return location.reload();
    } catch {
      // The network is away: look again.
    }
    setTimeout(look, 2000);
  };
  if (waiting) setTimeout(look, 2000);
})();
