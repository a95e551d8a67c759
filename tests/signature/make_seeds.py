#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/ and corpus/ anew: AUTHORITY_NOW=2026-11-25T12:00:00 GOST_TOOL=build/tests/signature/gost_tool tests/signature/make_seeds.py"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import authority as a
from authority import NOW

rsa, gost = a.Authority(a.Rsa, "RSA"), a.Authority(a.Gost, "GOST")
CONTENT = b"seed"


def put(path, content):
    path = HERE / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


for label, x in (("rsa", rsa), ("gost", gost)):
    put(f"data/root-{label}.pem", x.root.pem())
    put(f"data/nca-{label}.pem", x.nca.pem())
    put(f"data/person-{label}.der", x.person.der)
    put(f"corpus/certificate/person-{label}", x.person.der)
    put(f"corpus/certificate/root-{label}", x.root.der)
    put(f"corpus/cms/{label}", a.sign(x.person, CONTENT))
    put(f"corpus/cms/{label}-stamped", a.sign(x.person, CONTENT, unsigned=[x.stamped()], extra=[a.bound(x.person)]))
    put(f"corpus/stamp/{label}", a.stamp(CONTENT, x.tsa, policy=x.policy))
    put(f"corpus/stamp/{label}-answer", a.stamp_answer(a.stamp(CONTENT, x.tsa, policy=x.policy)))
    put(f"corpus/list/{label}", a.revocation_list(x.nca, [(x.leaf(), NOW, 1)]))
    put(f"corpus/ocsp/{label}", x.good(rsa.person) if label == "rsa" else a.ocsp(rsa.person, rsa.nca, gost.responder))
put("corpus/certificate/clerk", a.certificate(a.Ecdsa(), a.name(("2.5.4.3", "Clerk")), None, extensions=a.authority_extensions(1)).der)
put("corpus/cms/pem", a.pem("CMS", a.sign(rsa.person, CONTENT)))
put("corpus/cms/ber", a.indefinite(a.sign(gost.person, CONTENT)))
put("corpus/cms/list-inside", a.sign(rsa.person, CONTENT, lists=[a.revocation_list(rsa.nca)]))
put("corpus/cms/detached", a.sign(rsa.person, CONTENT, detached=True))
put("corpus/ocsp/revoked", rsa.good(rsa.person, status="revoked", reason=1, nonce=bytes(16)))
put("corpus/ocsp/unknown", rsa.good(rsa.person, status="unknown", until=NOW))
put("corpus/list/delta", a.revocation_list(rsa.nca, extensions=[a.extension("2.5.29.27", a.integer(3), True)]))
put("corpus/list/point", a.revocation_list(rsa.nca, [(rsa.person, NOW, None)], extensions=[
    a.extension("2.5.29.28", a.seq(a.context(0, a.context(0, a.tlv(0x86, b"http://x/")))), True)]))
put("corpus/der/ber", a.indefinite(a.sign(rsa.person, CONTENT)))
put("corpus/der/oid", a.oid("1.2.840.113549.1.9.16.2.14"))
put("corpus/der/time", a.generalized(NOW))
put("corpus/gost/national", b"\0" + a.octets(gost.key.point) + gost.key.sign(CONTENT))
small = a.Gost(national=False)
put("corpus/gost/rfc", b"\5" + a.octets(small.point) + small.sign(CONTENT))
put("corpus/evidence/all", '{"v":1,"kind":"aina-signature-evidence","collected":"2026-11-25T12:00:00Z","signature":"MAA=","content":"MAA=",'
    '"stamps":["MAA="],"ocsp":["MAA="],"lists":[]}\n')
