# SPDX-License-Identifier: Apache-2.0
"""A faithful test authority: certificates, CMS signatures, OCSP answers, revocation lists and time-stamps as a national
authority makes them, in RSA, ECDSA and GOST, written in DER by hand so that every one of them can also be made wrong."""
import datetime
import hashlib
import os
import secrets
import subprocess
import textwrap
import base64

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

UTC = datetime.timezone.utc
NOW = (datetime.datetime.fromisoformat(os.environ["AUTHORITY_NOW"]).replace(tzinfo=UTC) if "AUTHORITY_NOW" in os.environ else
       datetime.datetime.now(UTC).replace(microsecond=0))
DAY = datetime.timedelta(days=1)
YEAR = datetime.timedelta(days=365)
MINUTE = datetime.timedelta(minutes=1)


# --- DER ---

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else (lambda b: bytes([128 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + length + body


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *sorted(parts))


def context(n, *parts):
    return tlv(0xA0 | n, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted):
    arcs = [int(a) for a in dotted.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = bytes([arc & 127])
        while arc := arc >> 7:
            piece = bytes([128 | arc & 127]) + piece
        out += piece
    return tlv(0x06, out)


def octets(value):
    return tlv(0x04, value)


def bits(value):
    return tlv(0x03, b"\0" + value)


def utf8(text):
    return tlv(0x0C, text.encode())


def printable(text):
    return tlv(0x13, text.encode())


def time_der(t):
    return tlv(0x17, t.strftime("%y%m%d%H%M%SZ").encode()) if t.year < 2050 else generalized(t)


def generalized(t):
    return tlv(0x18, t.strftime("%Y%m%d%H%M%SZ").encode())


NULL = tlv(0x05)
TRUE = tlv(0x01, b"\xff")


def read(der):
    """Tag, content and rest of the first value."""
    n, at = der[1], 2
    if n & 128:
        at += n & 127
        n = int.from_bytes(der[2:at], "big")
    return der[0], der[at:at + n], der[at + n:]


def children(content):
    while content:
        tag, body, rest = read(content)
        yield tag, body, content[:len(content) - len(rest)]
        content = rest


# --- keys ---

class Rsa:
    digest_name = seq(oid("2.16.840.1.101.3.4.2.1"), NULL)
    signature_name = seq(oid("1.2.840.113549.1.1.11"), NULL)

    def __init__(self, size=2048):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=size)

    def spki(self):
        return self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def digest(self, message):
        return hashlib.sha256(message).digest()

    def sign(self, message):
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Ecdsa(Rsa):
    digest_name = seq(oid("2.16.840.1.101.3.4.2.1"))
    signature_name = seq(oid("1.2.840.10045.4.3.2"))

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message):
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


class Gost:
    """As the national authority writes it (512 bits, little-endian, r first), or as RFC 9215 does (256 bits, big-endian, s first)."""
    tool = None

    def __init__(self, national=True):
        self.national = national
        self.bits = 512 if national else 256
        self.secret, x, y = self.ask(f"key {self.bits}").split()
        self.point = bytes.fromhex(x)[::-1] + bytes.fromhex(y)[::-1]
        self.digest_name = seq(oid("1.2.398.3.10.1.3.3" if national else "1.2.643.7.1.1.2.2"))
        self.signature_name = seq(oid("1.2.398.3.10.1.1.2.3.2" if national else "1.2.643.7.1.1.3.2"))

    @classmethod
    def ask(cls, line):
        if cls.tool is None:
            cls.tool = subprocess.Popen([os.environ["GOST_TOOL"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.tool.stdin.write(line + "\n")
        cls.tool.stdin.flush()
        return cls.tool.stdout.readline().strip()

    def spki(self):
        name = (seq(oid("1.2.398.3.10.1.1.2.2"), seq(oid("1.2.398.3.10.1.1.2.2.1"), oid("1.2.398.3.10.1.3.3"))) if self.national else
                seq(oid("1.2.643.7.1.1.1.1"), seq(oid("1.2.643.7.1.2.1.1.2"))))
        return seq(name, bits(octets(self.point)))

    def digest(self, message):
        return bytes.fromhex(self.ask(f"hash {self.bits} {message.hex() or '-'}"))

    def sign(self, message):
        r, s = (bytes.fromhex(x) for x in self.ask(f"sign {self.bits} {self.secret} {message.hex() or '-'}").split())
        return r[::-1] + s[::-1] if self.national else s + r


# --- certificates ---

def name(*pairs):
    return seq(*(set_of(seq(oid(o), printable(v) if o in ("2.5.4.6", "2.5.4.5") else utf8(v))) for o, v in pairs))


def person_name(number="IIN123456789011", cn="ТЕСТОВ ТЕСТ", organisation=None):
    pairs = [("2.5.4.3", cn), ("2.5.4.4", "ТЕСТОВ"), ("2.5.4.5", number), ("2.5.4.6", "KZ"), ("2.5.4.42", "ТЕСТОВИЧ")]
    if organisation:
        pairs += [("2.5.4.10", 'АО "ТЕСТ"'), ("2.5.4.11", organisation)]
    return name(*pairs)


def extension(dotted, value, critical=False):
    return seq(oid(dotted), TRUE if critical else b"", octets(value))


def usage_bits(*names):
    places = {"sign": 0x80, "commit": 0x40, "encipher": 0x20, "certificates": 0x04, "lists": 0x02}
    byte = sum(places[n] for n in names)
    unused = (byte & -byte).bit_length() - 1
    return tlv(0x03, bytes([unused, byte]))


class Certificate:
    def __init__(self, der, key, issuer, subject, serial):
        self.der, self.key, self.issuer, self.subject, self.serial = der, key, issuer, subject, serial

    def pem(self):
        return pem("CERTIFICATE", self.der)

    def id(self):
        return seq((self.issuer or self).subject, integer(self.serial))


def pem(label, der):
    return f"-----BEGIN {label}-----\n" + "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64)) + f"\n-----END {label}-----\n"


def certificate(key, subject, issuer, *, start=NOW - YEAR, end=NOW + YEAR, extensions=(), signer=None, serial=None, version=2):
    """`signer` is the key that really signs (a forger's), else the issuer's."""
    serial = serial or secrets.randbits(120) | 1 << 119
    by = signer or (issuer.key if issuer else key)
    key_id = hashlib.sha1(key.spki()).digest()
    issuer_id = hashlib.sha1((issuer.key if issuer else key).spki()).digest()
    all_extensions = [*extensions, extension("2.5.29.14", octets(key_id)), extension("2.5.29.35", seq(tlv(0x80, issuer_id)))]
    tbs = seq(context(0, integer(version)), integer(serial), by.signature_name, issuer.subject if issuer else subject,
              seq(time_der(start), time_der(end)), subject, key.spki(), context(3, seq(*all_extensions)))
    return Certificate(seq(tbs, by.signature_name, bits(by.sign(tbs))), key, issuer, subject, serial)


def authority_extensions(path_length=None):
    return [extension("2.5.29.19", seq(TRUE, b"" if path_length is None else integer(path_length)), True),
            extension("2.5.29.15", usage_bits("certificates", "lists"), True)]


SIGN, LOGIN = "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2"
OCSP_SIGNING, STAMPING = "1.3.6.1.5.5.7.3.9", "1.3.6.1.5.5.7.3.8"
PERSON, ORGANISATION, HEAD, EMPLOYEE = ("1.2.398.3.3.4.1.1", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.1", "1.2.398.3.3.4.1.2.5")


def leaf_extensions(usage=("sign", "commit"), extended=(SIGN, PERSON), policy="1.2.398.3.3.2.3"):
    """The same set, in the same order, as a certificate of the real authority carries."""
    cps = seq(seq(oid("1.3.6.1.5.5.7.2.1"), tlv(0x16, b"http://pki.gov.kz/cps")))
    url = tlv(0x86, b"http://crl.pki.gov.kz/nca_rsa.crl")
    return [extension("2.5.29.15", usage_bits(*usage), True), extension("2.5.29.37", seq(*map(oid, extended))),
            extension("2.5.29.32", seq(seq(oid(policy), cps))), extension("2.5.29.31", seq(seq(context(0, context(0, url))))),
            extension("2.5.29.46", seq(seq(context(0, context(0, url))))),
            extension("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"http://ocsp.pki.gov.kz"))))]


# --- CMS ---

DATA, SIGNED_DATA, STAMP_INFO = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
BOUND_V2, STAMP_ATTRIBUTE = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14"


def attribute(dotted, *values):
    return seq(oid(dotted), set_of(*values))


def bound(cert):
    return attribute(BOUND_V2, seq(seq(seq(octets(hashlib.sha256(cert.der).digest())))))


def signer_info(cert, content, *, key=None, kind=DATA, signed_at=NOW, attributes=None, extra=(), unsigned=(), sid=None,
                digest_name=None, signature_name=None):
    key = key or cert.key
    if attributes is None:
        attributes = [attribute(CONTENT_TYPE, oid(kind)), attribute(MESSAGE_DIGEST, octets(key.digest(content)))]
        attributes += [attribute(SIGNING_TIME, time_der(signed_at))] if signed_at else []
        attributes += extra
    signature = key.sign(set_of(*attributes))
    unsigned = [make(signature) for make in unsigned]
    return seq(integer(1), sid or cert.id(), digest_name or key.digest_name, context(0, *sorted(attributes)),
               signature_name or key.signature_name, octets(signature), context(1, *unsigned) if unsigned else b"")


def signature_of(info):
    """The signature value inside a SignerInfo."""
    return [body for tag, body, _ in children(read(info)[1]) if tag == 0x04][0]


def cms(infos, certs, content=None, *, kind=DATA, lists=(), digest_names=None):
    return seq(oid(SIGNED_DATA), context(0, seq(
        integer(1 if kind == DATA else 3), set_of(*(digest_names or [Rsa.digest_name])),
        seq(oid(kind), b"" if content is None else context(0, octets(content))),
        context(0, *(c.der for c in certs)) if certs else b"", context(1, *lists) if lists else b"", tlv(0x31, *infos))))


def sign(cert, content, *, detached=False, certs=None, lists=(), **more):
    return cms([signer_info(cert, content, **more)], [cert] if certs is None else certs, None if detached else content, lists=lists)


# --- status and time ---

def certificate_id(cert, issuer, digest=hashlib.sha1, digest_name=None):
    key_bits = [body for tag, body, _ in children(read(issuer.key.spki())[1]) if tag == 0x03][0][1:]
    return seq(digest_name or seq(oid("1.3.14.3.2.26"), NULL), octets(digest(issuer.subject).digest()), octets(digest(key_bits).digest()),
               integer(cert.serial))


def ocsp(cert, issuer, responder, status="good", *, at=NOW, until=None, produced=None, nonce=None, revoked=NOW, reason=None,
         certs=None, key=None, identifier=None):
    key = key or responder.key
    state = {"good": tlv(0x80), "unknown": tlv(0x82)}.get(status) or context(
        1, generalized(revoked), context(0, tlv(0x0A, bytes([reason]))) if reason is not None else b"")
    single = seq(identifier or certificate_id(cert, issuer), state, generalized(at), context(0, generalized(until)) if until else b"")
    extensions = context(1, seq(extension("1.3.6.1.5.5.7.48.1.2", octets(nonce)))) if nonce else b""
    data = seq(context(1, responder.subject), generalized(produced or at), seq(single), extensions)
    basic = seq(data, key.signature_name, bits(key.sign(data)), context(0, seq(*((c.der for c in certs) if certs is not None else [responder.der]))))
    return seq(tlv(0x0A, b"\0"), context(0, seq(oid("1.3.6.1.5.5.7.48.1.1"), octets(basic))))


def revocation_list(issuer, entries=(), *, at=NOW, until=NOW + DAY, key=None, extensions=()):
    """`entries`: (certificate, time, reason)."""
    key = key or issuer.key
    revoked = [seq(integer(c.serial), time_der(t), seq(extension("2.5.29.21", tlv(0x0A, bytes([r])))) if r is not None else b"")
               for c, t, r in entries]
    tbs = seq(integer(1), key.signature_name, issuer.subject, time_der(at), time_der(until) if until else b"",
              seq(*revoked) if revoked else b"", context(0, seq(extension("2.5.29.20", integer(7)), *extensions)))
    return seq(tbs, key.signature_name, bits(key.sign(tbs)))


def stamp(over, tsa, *, at=NOW, policy="1.2.398.3.3.2.6.2", nonce=None, key=None, imprint=None, bind=True, certs=None):
    key = key or tsa.key
    imprint = imprint or seq(key.digest_name, octets(key.digest(over)))
    info = seq(integer(1), oid(policy), imprint, integer(secrets.randbits(64)), generalized(at), tlv(0x02, nonce) if nonce else b"")
    signer = signer_info(tsa, info, key=key, kind=STAMP_INFO, signed_at=at, extra=[bound(tsa)] if bind else [])
    return cms([signer], [tsa] if certs is None else certs, info, kind=STAMP_INFO, digest_names=[key.digest_name])


def stamp_answer(token, status=0):
    return seq(seq(integer(status)), token if status < 2 else b"")


def stamp_attribute(tsa, **more):
    return lambda signature: attribute(STAMP_ATTRIBUTE, stamp(signature, tsa, **more))


def indefinite(der):
    """BER of the same: indefinite lengths at every constructed value, OCTET STRINGs in two pieces."""
    tag, body, _ = read(der)
    if tag == 0x04 and len(body) > 1:
        half = len(body) // 2
        return b"\x24\x80" + tlv(4, body[:half]) + tlv(4, body[half:]) + b"\0\0"
    if not tag & 0x20:
        return der
    return bytes([tag, 0x80]) + b"".join(indefinite(whole) for _, _, whole in children(body)) + b"\0\0"


# --- a whole authority ---

class Authority:
    """Root, issuing authority, OCSP responder, time-stamping service, and the people's certificates."""

    def __init__(self, make_key, label):
        self.root = certificate(make_key(), name(("2.5.4.3", f"НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ ({label} TEST)"), ("2.5.4.6", "KZ")), None,
                                start=NOW - 5 * YEAR, end=NOW + 5 * YEAR, extensions=authority_extensions())
        self.nca = certificate(make_key(), name(("2.5.4.3", f"ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ ({label} TEST)"), ("2.5.4.6", "KZ")), self.root,
                               start=NOW - 4 * YEAR, end=NOW + 4 * YEAR, extensions=authority_extensions(0))
        self.key = make_key()  # one key for all people: what differs is what the authority says of it
        self.responder = self.service("OCSP " + label, [OCSP_SIGNING], make_key())
        self.tsa = self.service("TSA " + label, [STAMPING], make_key(), critical=True)
        self.person = self.leaf()
        self.policy = "1.2.398.3.3.2.6.4" if label == "GOST" else "1.2.398.3.3.2.6.2"

    def service(self, cn, extended, key, critical=False):
        return certificate(key, name(("2.5.4.3", cn), ("2.5.4.6", "KZ")), self.nca, start=NOW - 3 * YEAR, extensions=[
            extension("2.5.29.15", usage_bits("sign"), True), extension("2.5.29.37", seq(*map(oid, extended)), critical)])

    def leaf(self, subject=None, usage=("sign", "commit"), extended=(SIGN, PERSON), policy="1.2.398.3.3.2.3", extra=(), **more):
        return certificate(more.pop("key", self.key), subject or person_name(), more.pop("issuer", self.nca),
                           extensions=[*leaf_extensions(usage, extended, policy), *extra], **more)

    def head(self, number="BIN123456789021", role=HEAD):
        return self.leaf(person_name(organisation=number), extended=(SIGN, ORGANISATION, role), policy="1.2.398.3.3.2.1")

    def good(self, cert, **more):
        return ocsp(cert, self.nca, self.responder, **more)

    def stamped(self, **more):
        return stamp_attribute(self.tsa, policy=self.policy, **more)
