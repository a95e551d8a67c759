# SPDX-License-Identifier: Apache-2.0
"""The form that sends a file, byte by byte."""
import http.client
import re
import socket

LINE = "----aina"


def answer(s):
    got = http.client.HTTPResponse(s)
    got.begin()
    got.words = got.read().decode("utf-8", "replace")
    return got


class Sender:
    """`client` (walk.py) has a draft of the service."""

    def __init__(self, client, service, field):
        self.client, self.path = client, f"/me/files/{service}/{field}"
        page = client.get(self.path)
        self.token = re.search(r'multipart/form-data"><input type="hidden" name="token" value="([^"]+)"', page.html)[1]

    def body(self, content, name="photo.jpg", token=None, end=f"\r\n--{LINE}--\r\n"):
        return (f'--{LINE}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token or self.token}\r\n--{LINE}\r\nContent-Disposition: form-data; '
                f'name="file"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n').encode() + content + end.encode()

    def head(self, length):
        host = f"127.0.0.1:{self.client.served.port}"
        cookies = "; ".join(f"{k}={v}" for k, v in self.client.cookies.items())
        framing = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
        return (f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nOrigin: http://{host}\r\nAccept: text/html\r\n"
                f"Content-Type: multipart/form-data; boundary={LINE}\r\n{framing}\r\n\r\n").encode()

    def open(self):
        return socket.create_connection(("127.0.0.1", self.client.served.port), 30)

    def send(self, body, length=-1):
        with self.open() as s:
            s.sendall(self.head(len(body) if length == -1 else length))
            s.sendall(body)
            return answer(s)
