// SPDX-License-Identifier: Apache-2.0
// The page for checking documents, without a network: what it kept answers when the server does not. Pages are
// never kept here: check.js keeps the one page as a stranger sees it.
"use strict";
const kept = (path) => path.startsWith("/static/") || path.startsWith("/status/") || path === "/.well-known/aina-documents.json";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET" || !(path === "/check" || kept(path))) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open("check");
      try {
        const answer = await fetch(request);
        if (answer.ok && kept(path)) await cache.put(path, answer.clone());
        return answer;
      } catch (error) {
        const answer = await cache.match(path, { ignoreVary: true, ignoreSearch: true });
        if (answer) return answer;
        throw error;
      }
    })(),
  );
});
