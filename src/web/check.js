// SPDX-License-Identifier: Apache-2.0
// Checks the code of a document in this browser: nothing of it is sent anywhere. The list of issuers and the
// status lists are kept, so that it goes on working without a network. The rules are those of
// src/document/{paper,cose,status_list,verify}.c; without this script the form asks the server.
(() => {
  "use strict";
  const form = document.querySelector("form[action=\"/check\"]");
  if (!form || !window.crypto || !crypto.subtle || !window.DecompressionStream || !window.caches) return;
  const ISSUERS = "/.well-known/aina-documents.json";
  const DAY = 86400, SLACK = 300, PAPER_MAX = 65536, LIST_MAX = 4194304;
  const fail = () => { throw new Error("form"); };
  const need = (good) => good || fail();

  // --- bytes ---
  const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const base45 = (text) => {
    const out = [];
    for (let i = 0; i < text.length; i += 3) {
      const part = [...text.slice(i, i + 3)].map((c) => DIGITS.indexOf(c));
      need(part.length > 1 && part.every((d) => d >= 0));
      const value = part.reduce((sum, d, k) => sum + d * 45 ** k, 0);
      need(value < (part.length === 3 ? 65536 : 256));
      if (part.length === 3) out.push(value >> 8);
      out.push(value & 255);
    }
    return new Uint8Array(out);
  };
  const base64url = (text) => {
    need(/^[\w-]*$/.test(text));
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  };
  const unpack = async (bytes, most) => {
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    const parts = [];
    let n = 0;
    for (let got; !(got = await reader.read()).done; parts.push(got.value)) need((n += got.value.length) <= most);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  };
  const utf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

  // --- CBOR in its one form ---
  const reader = (bytes) => {
    let at = 0;
    const head = () => {
      need(at < bytes.length);
      const first = bytes[at++], small = first & 31;
      let value = small;
      need(small < 28);
      if (small > 23) {
        const n = 1 << (small - 24);
        need(at + n <= bytes.length);
        value = 0;
        for (let i = 0; i < n; i++) value = value * 256 + bytes[at++];
        need(value >= (n === 1 ? 24 : 2 ** (4 * n)) && Number.isSafeInteger(value));
      }
      return [first >> 5, value];
    };
    const item = (depth) => {
      const [major, n] = head();
      need(depth > 0);
      if (major < 2) return major ? -1 - n : n;
      if (major < 4) {
        need(at + n <= bytes.length);
        const part = bytes.slice(at, (at += n));
        return major === 2 ? part : utf8(part);
      }
      if (major === 4) return Array.from({ length: need(n <= bytes.length) && n }, () => item(depth - 1));
      need(major === 5 && n <= bytes.length);
      const map = new Map();
      for (let i = 0, last = ""; i < n; i++) {
        const from = at, key = item(1);
        const name = Array.from(bytes.slice(from, at), (b) => String.fromCharCode(b)).join("");
        need(!i || name > last);
        last = name;
        map.set(key, item(depth - 1));
      }
      return map;
    };
    return { head, item, end: () => need(at === bytes.length) };
  };
  const whole = (bytes, depth) => {
    const r = reader(bytes), value = r.item(depth);
    r.end();
    return value;
  };
  const headOf = (major, n) =>
    n < 24 ? [(major << 5) | n] : n < 256 ? [(major << 5) | 24, n] : [(major << 5) | 25, n >> 8, n & 255];
  const bstr = (bytes) => [...headOf(2, bytes.length), ...bytes];

  // --- the paper ---
  const isBytes = (x, n) => x instanceof Uint8Array && (!n || x.length === n);
  const CLAIMS = [1, 4, 6, 7, 169, 65535, -65537];
  const read = async (text) => {
    need(text.startsWith("AD1:") && text.length <= 4296);
    const r = reader(await unpack(base45(text.slice(4)), PAPER_MAX));
    const tag = r.head(), list = r.item(2);
    need(tag[0] === 6 && tag[1] === 18 && Array.isArray(list) && list.length === 4);
    r.end();
    const [head, open, payload, signature] = list;
    need(isBytes(head) && open instanceof Map && open.size === 0 && isBytes(payload) && isBytes(signature, 64));
    const h = whole(head, 2), p = whole(payload, 4);
    need(h instanceof Map && h.size === 2 && h.get(1) === -7 && isBytes(h.get(4), 8) && p instanceof Map);
    need([...p.keys()].every((key) => CLAIMS.includes(key)) && isBytes(p.get(7), 16));
    const fields = p.get(-65537), person = p.get(169) || new Map(), status = p.get(65535);
    const place = status && status.get("status_list");
    need(typeof p.get(1) === "string" && p.get(1) && p.get(6) > 0 && fields instanceof Map && fields.size && person instanceof Map);
    for (const map of [fields, person]) need([...map].every(([key, x]) => key >= 0 && (typeof x !== "object" || isBytes(x))));
    need(!status || (place instanceof Map && place.size === 2 && place.get("idx") >= 0 && typeof place.get("uri") === "string"));
    const signed = new Uint8Array([0x84, 0x6a, ...new TextEncoder().encode("Signature1"), ...bstr(head), 0x40, ...bstr(payload)]);
    return { kid: h.get(4), signed, signature, issuer: p.get(1), expires: p.get(4), issued: p.get(6), fields, person, place };
  };

  const holds = async (key, signature, signed) => {
    const { kty, crv, x, y } = key;
    const imported = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, signature, signed);
  };
  const inUse = (key, time) => time >= key.from && (!key.until || time <= key.until);

  // --- the status list ---
  const statusOf = async (place, keys, now) => {
    const path = new URL(place.get("uri")).pathname;
    if (!/^\/status\/\d+$/.test(path)) return ["STATUS_NONE", "open"];
    const answer = await fetch(path, { credentials: "omit" }).catch(() => null);
    if (!answer || !answer.ok) return ["STATUS_NONE", "open"];
    try {
      const [head, body, mark] = (await answer.text()).trim().split(".");
      const h = JSON.parse(utf8(base64url(head))), b = JSON.parse(utf8(base64url(body)));
      const signed = new TextEncoder().encode(head + "." + body);
      need(h.alg === "ES256" && h.typ === "statuslist+jwt" && [1, 2, 4, 8].includes(b.status_list.bits) && b.iat > 0);
      let good = false;
      for (const key of keys) good = good || (inUse(key, b.iat) && (await holds(key, base64url(mark), signed)));
      need(good);
      if (b.sub !== place.get("uri")) return ["STATUS_OTHER", "bad"];
      const bits = b.status_list.bits, bytes = await unpack(base64url(b.status_list.lst), LIST_MAX);
      const index = place.get("idx") * bits, at = Math.floor(index / 8);
      if (at >= bytes.length) return ["STATUS_SHORT", "bad"];
      if (b.iat > now + SLACK) return ["STATUS_LATER", "bad"];
      const status = (bytes[at] >> (index % 8)) & ((1 << bits) - 1);
      if (status) return [status === 2 ? "SUSPENDED" : "REVOKED", "bad"];
      return now - b.iat > DAY || (b.exp && now >= b.exp) ? ["STATUS_OLD", "open"] : ["STATUS_OK", "good"];
    } catch {
      return ["STATUS_BAD", "bad"];
    }
  };

  const verify = async (text, tell) => {
    let paper, list;
    try {
      paper = await read(text);
    } catch {
      return tell("FORM_BAD", "bad"), null;
    }
    tell("FORM_OK", "good");
    try {
      list = await (await fetch(ISSUERS, { credentials: "omit" })).json();
    } catch {
      return tell("KEY_NONE", "open"), null;
    }
    const named = list.keys.filter((key) => same(base64url(key.kid), paper.kid));
    let key = null;
    for (const one of named) if (!key && (await holds(one, paper.signature, paper.signed))) key = one;
    if (!key) return tell(named.length ? "SIGNATURE_BAD" : "KEY_UNKNOWN", "bad"), null;
    tell("SIGNATURE_OK", "good");
    const now = Math.floor(Date.now() / 1000);
    if (paper.issuer !== list.issuer) return tell("ISSUER_BAD", "bad"), null;
    if (!(key.documents || []).includes(paper.fields.get(1))) return tell("KIND_BAD", "bad"), null;
    tell("KIND_OK", "good");
    if (paper.issued > now + SLACK) return tell("ISSUED_LATER", "bad"), null;
    if (!inUse(key, paper.issued)) return tell("ISSUED_BAD", "bad"), null;
    tell("ISSUED_OK", "good");
    if (paper.expires && now >= paper.expires) return tell("EXPIRED", "bad"), paper;
    tell(paper.expires ? "NOT_EXPIRED" : "NO_END", "good");
    tell(...(paper.place ? await statusOf(paper.place, list.keys, now) : ["STATUS_NEVER", "good"]));
    tell("HOLDER", "open");
    return paper;
  };

  // --- the page ---
  const result = document.getElementById("result");
  // Days of the jurisdiction, as numbers: browsers do not know the months of every language.
  const day = (seconds) => seconds && new Date((seconds + 60 * result.dataset.offset) * 1000).toISOString().slice(0, 10);
  const show = async (text) => {
    const box = document.getElementById("outcome").content.cloneNode(true);
    const lines = box.querySelector("ul"), words = document.getElementById("words").content;
    let worst = "good";
    const tell = (check, kind) => {
      const line = words.querySelector(`[data-check="${check}"]`).cloneNode(true);
      line.className = kind;
      lines.append(line);
      if (kind === "bad" || (kind === "open" && check !== "HOLDER" && worst === "good")) worst = kind;
    };
    const paper = await verify(text, tell);
    for (const title of box.querySelectorAll("[data-outcome]")) if (title.dataset.outcome !== worst) title.remove();
    const agency = paper && words.querySelector(`[data-agency="${CSS.escape(paper.fields.get(5) || "")}"]`);
    const values = paper && {
      title: paper.fields.get(3), words: paper.fields.get(4), number: paper.fields.get(2), agency: agency ? agency.textContent : paper.fields.get(5),
      name: paper.person.get(4), person: paper.person.get(1), issued: day(paper.issued), expires: day(paper.expires && paper.expires - 1), replaces: paper.fields.get(7),
    };
    if (!values) for (const part of box.querySelectorAll("section, dl")) part.remove();
    for (const place of box.querySelectorAll("[data-field]")) {
      const value = values && values[place.dataset.field];
      if (value) place.textContent = value;
      else if (place.matches("dd")) place.parentNode.remove();
    }
    if (values) box.querySelector("section").lang = paper.fields.get(6) || "";
    result.replaceChildren(box);
    result.focus();
  };
  const said = document.getElementById("no-code");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.hidden = true;
    show(form.elements.code.value.trim());
  });

  // --- camera and pictures, where the browser reads codes ---
  const tools = document.getElementById("tools");
  const detector = window.BarcodeDetector ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  const look = async (source) => (await detector.detect(source)).map((code) => code.rawValue).find((text) => text.startsWith("AD1:"));
  const found = (text) => {
    said.hidden = Boolean(text);
    if (text) {
      form.elements.code.value = text;
      show(text);
    }
  };
  if (detector) {
    const [camera, picture, video] = ["button", "input", "video"].map((name) => tools.querySelector(name));
    tools.hidden = false;
    picture.addEventListener("change", async () => found(picture.files[0] && (await look(await createImageBitmap(picture.files[0])).catch(() => null))));
    camera.hidden = !navigator.mediaDevices;
    camera.addEventListener("click", async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null);
      if (!stream) return found(null);
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      let text = null;
      for (const until = Date.now() + 60000; !text && Date.now() < until; ) {
        await new Promise((done) => setTimeout(done, 150));
        text = await look(video).catch(() => null);
      }
      stream.getTracks().forEach((track) => track.stop());
      video.hidden = true;
      found(text);
    });
  }

  // --- kept for when there is no network: this page as a stranger sees it, its files, the lists ---
  const keep = async () => {
    const cache = await caches.open("check");
    const files = [...document.querySelectorAll("link[href], script[src]")].map((e) => e.getAttribute("href") || e.getAttribute("src"));
    const page = new Request("/check", { credentials: "omit", headers: { "Accept-Language": document.documentElement.lang } });
    await cache.addAll([page, ISSUERS, ...files]);
    const { status } = await (await cache.match(ISSUERS)).json();
    await Promise.all((status || []).map((uri) => cache.add(new URL(uri).pathname).catch(() => null)));
    document.getElementById("kept").hidden = false;
  };
  if (navigator.serviceWorker)
    navigator.serviceWorker.register("/check-worker.js", { scope: "/check" }).then(() => navigator.onLine && keep()).catch(() => null);
})();
