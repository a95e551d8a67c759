# SPDX-License-Identifier: Apache-2.0
"""A program on the person's own computer that signs, as pages know it: a WebSocket with TLS on 127.0.0.1 that greets with its
version and answers the module kz.gov.pki.knca.basics. What it was asked is kept; its mood says what it answers."""
import base64
import datetime
import hashlib
import ipaddress
import json
import os
import socket
import ssl
import struct
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import authority as a


def own_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    path = os.path.join(folder, "ncalayer.pem")
    with open(path, "wb") as file:
        file.write(cert.public_bytes(serialization.Encoding.PEM))
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


class Layer:
    def __init__(self, cert, tsa=None):
        self.cert, self.tsa, self.mood, self.asked = cert, tsa, "good", []
        self.folder = tempfile.TemporaryDirectory(prefix="aina-layer-")
        self.pem = own_certificate(self.folder.name)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.pem)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def address(self):
        return f"wss://127.0.0.1:{self.port}"

    def close(self):
        self.socket.close()
        self.folder.cleanup()

    def serve(self):
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(plain,), daemon=True).start()

    def talk(self, plain):
        try:
            with self.tls.wrap_socket(plain, server_side=True) as s:
                file = s.makefile("rb")
                key = None
                while (line := file.readline().strip()):
                    if line.lower().startswith(b"sec-websocket-key:"):
                        key = line.split(b":")[1].strip()
                accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
                self.say(s, {"result": {"version": "1.4"}})
                while (text := self.hear(file)) is not None:
                    self.say(s, self.answer(json.loads(text)))
        except (OSError, ValueError, TypeError):
            pass

    def say(self, s, value):
        data = json.dumps(value).encode()
        head = bytes([0x81, len(data)]) if len(data) < 126 else bytes([0x81, 126]) + struct.pack(">H", len(data))
        s.sendall(head + data)

    def hear(self, file):
        """One text message of a client, always masked; None at the end."""
        head = file.read(2)
        if len(head) < 2 or head[0] & 15 == 8:
            return None
        n = head[1] & 127
        if n == 126:
            n = struct.unpack(">H", file.read(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", file.read(8))[0]
        mask = file.read(4)
        return bytes(b ^ mask[i % 4] for i, b in enumerate(file.read(n))).decode()

    def answer(self, request):
        if request.get("module") != "kz.gov.pki.knca.basics" or request.get("method") != "sign":
            return {"status": False, "code": "MODULE_NOT_FOUND", "message": "no such module", "details": ""}
        self.asked.append(request)
        args = request["args"]
        if self.mood == "cancelled":
            return {"status": True, "body": {}}
        if self.mood == "failed" or args["format"] != "cms" or not args["signingParams"]["decode"]:
            return {"status": False, "code": "500", "message": "no key", "details": "-"}
        text = base64.b64decode(args["data"])
        unsigned = [a.stamp_attribute(self.tsa, at=datetime.datetime.now(a.UTC).replace(microsecond=0))] if self.tsa and "tsaProfile" in args["signingParams"] else []
        made = a.sign(self.cert, text, detached=not args["signingParams"]["encapsulate"], unsigned=unsigned)
        made = base64.b64encode(made).decode()
        return {"status": True, "body": {"result": [made] if self.mood == "list" else made}}
