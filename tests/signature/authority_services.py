# SPDX-License-Identifier: Apache-2.0
"""A test authority's services over HTTP, for tests that need them good, absent, late or lying."""
import http.server
import threading

import authority as a
from authority import DAY, NOW


class Services:
    def __init__(self, ca):
        self.ca, self.mood, self.known, self.issuers, outer = ca, "good", [], {}, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, bytes_, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(bytes_)))
                self.end_headers()
                self.wfile.write(bytes_)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.mood == "error":
                    return self.answer(b"down", 500)
                if self.path == "/tsp":
                    parts = list(a.children(a.read(body)[1]))
                    nonce = [b for t, b, _ in parts if t == 0x02][1]
                    return self.answer(a.stamp_answer(a.stamp(b"", ca.tsa, imprint=parts[1][2], nonce=nonce, policy=ca.policy, at=a.datetime.datetime.now(a.UTC).replace(microsecond=0))))
                if outer.mood == "list":
                    return self.answer(b"down", 500)
                cert = next((c for c in outer.known if a.integer(c.serial) in body), None)
                if cert is None:
                    return self.answer(b"?", 404)
                now = a.datetime.datetime.now(a.UTC).replace(microsecond=0)
                status = outer.mood if outer.mood in ("revoked", "unknown") else "good"
                more = {"nonce": body[-16:], "at": now}
                if outer.mood == "late":
                    more["at"] = NOW - 3 * DAY
                if outer.mood == "lie":
                    more["key"] = a.Rsa()
                self.answer(a.ocsp(cert, outer.issuers.get(cert.serial, ca.nca), ca.responder, status=status, revoked=NOW - DAY, **more))

            def do_GET(self):
                if outer.mood != "list":
                    return self.answer(b"", 404)
                self.answer(a.revocation_list(ca.nca))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def knows(self, cert, issuer=None):
        self.known.append(cert)
        if issuer:
            self.issuers[cert.serial] = issuer
        return cert

    def close(self):
        self.server.shutdown()
        self.server.server_close()
