#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signatures as `aina verify --trust` judges them: made by the tests' own authorities, good and wrong in every way that has
a name, and by openssl as a second maker and a second judge."""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import authority as a
from authority import DAY, MINUTE, NOW, YEAR

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
DOCUMENT = "Өтініш: маған тұрғын үй берілсін.\n".encode()


def iso(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    """Two national authorities (RSA and GOST), one of a fictional country, and their trust folders."""

    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-signature-"))
        self.rsa = a.Authority(a.Rsa, "RSA")
        self.gost = a.Authority(a.Gost, "GOST")
        strange = a.Rsa()
        self.other = a.Authority(lambda: strange, "RSA")  # the same names, other keys
        self.trust = self.folder("test", "test: yes\n")
        self.real = self.folder("real", "test: no\n")
        self.count = 0
        self.aral_root = a.certificate(a.Ecdsa(), a.name(("2.5.4.3", "Aral Sea Town Root")), None, extensions=a.authority_extensions())
        self.aral_gost = a.certificate(a.Gost(national=False), a.name(("2.5.4.3", "Aral Sea Town GOST")), None, extensions=a.authority_extensions())
        self.aral = self.aral_folder()

    def folder(self, name, test, missing=None, urls=None):
        folder = self.top / name
        folder.mkdir()
        rules = (ROOT / "jurisdictions/kz/trust/knca.yaml").read_text()
        rules = rules.replace("anchors: []", "anchors: [root-rsa.pem, root-gost.pem]\n" + test.rstrip())
        rules = rules.replace("intermediates: []", "intermediates: [nca-rsa.pem, nca-gost.pem]")
        if missing:
            rules = rules.replace("missing: wait", f"missing: {missing}")
        for old, new in (urls or {}).items():
            rules = rules.replace(old, new)
        (folder / "knca.yaml").write_text(rules)
        for label, authority in (("rsa", self.rsa), ("gost", self.gost)):
            (folder / f"root-{label}.pem").write_text(authority.root.pem())
            (folder / f"nca-{label}.pem").write_text(authority.nca.pem())
        return folder

    def aral_folder(self):
        folder = self.top / "aral"
        shutil.copytree(self.trust, folder)
        (folder / "aral.pem").write_text(self.aral_root.pem())
        (folder / "aral-gost.pem").write_text(self.aral_gost.pem())
        (folder / "aral.yaml").write_text("""\
id: aral
name: {en: "Aral Sea Town"}
anchors: [aral.pem, aral-gost.pem]
algorithms:
  - {oid: 1.2.643.7.1.1.1.1, key: gost-256-b, parameters: 1.2.643.7.1.2.1.1.2, bytes: little-endian}
  - {oid: 1.2.643.7.1.1.3.2, signature: gost-256-b, hash: streebog-256, bytes: big-endian, first: s}
  - {oid: 1.2.643.7.1.1.2.2, hash: streebog-256}
uses:
  - {id: sign, key-usage: [non-repudiation]}
roles:
  - {id: clerk, oid: 2.999.7.1, in: policies, name: {en: "a clerk of the town"}}
numbers:
  - {of: person, attribute: 2.5.4.5, prefix: PNO-, scheme: aral-id}
stamps: {missing: accept}
status: {missing: accept}
""")
        return folder

    def file(self, content, suffix=""):
        self.count += 1
        path = self.top / f"f{self.count}{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def verify(self, signature, *, trust=None, content=None, ocsp=(), crl=(), stamps=(), options=(), at=None):
        words = [AINA, "verify", self.file(signature, ".cms"), "--trust", trust or self.trust, "--json", *options]
        if content is not None:
            words += ["--content", self.file(content)]
        for name, items in (("--ocsp", ocsp), ("--crl", crl), ("--timestamp", stamps)):
            for item in items:
                words += [name, self.file(item)]
        if at:
            words += ["--at", iso(at)]
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=30)
        if not done.stdout:
            raise AssertionError(f"exit {done.returncode}: {done.stderr}")
        verdict = json.loads(done.stdout.splitlines()[0])
        assert (done.returncode == 0) == verdict["proven"], done
        return verdict


W = None


def setUpModule():
    global W
    W = World()


def tearDownModule():
    shutil.rmtree(W.top)
    if a.Gost.tool:
        a.Gost.tool.stdin.close()
        a.Gost.tool.wait(10)
        a.Gost.tool.stdout.close()


SEEN = set()


class Case(unittest.TestCase):
    def proven(self, signature, **more):
        verdict = W.verify(signature, **more)
        self.assertTrue(verdict["proven"], json.dumps(verdict, ensure_ascii=False, indent=1))
        self.assertFalse([c for c in verdict["checks"] if c["status"] == "failed"])
        return verdict

    def refused(self, why, signature, **more):
        verdict = W.verify(signature, **more)
        self.assertFalse(verdict["proven"])
        failed = [c["id"] for c in verdict["checks"] if c["status"] == "failed"]
        self.assertEqual(failed, [why], json.dumps(verdict, ensure_ascii=False, indent=1))
        self.assertTrue(all(len(c["words"]) > 20 for c in verdict["checks"]))
        SEEN.add(why)
        return verdict


class Good(Case):
    def test_rsa_and_gost_attached_and_detached_with_all_evidence(self):
        for authority in (W.rsa, W.gost):
            for detached in (False, True):
                signature = a.sign(authority.person, DOCUMENT, detached=detached, unsigned=[authority.stamped()])
                verdict = self.proven(signature, content=DOCUMENT if detached else None, ocsp=[authority.good(authority.person)])
                signer = verdict["signers"][0]
                self.assertEqual(signer["person"], "123456789011")
                self.assertEqual(signer["name"], "ТЕСТОВ ТЕСТ")
                self.assertEqual(signer["roles"], ["person"])
                self.assertTrue(signer["stamped"])
                ids = [c["id"] for c in verdict["checks"]]
                self.assertEqual(ids, ["form", "content", "signature", "time-stamp", "certificate", "test-authority", "use", "role",
                                       "number", "status", "beyond"])

    def test_a_director_signs_for_the_company(self):
        head = W.gost.head()
        verdict = self.proven(a.sign(head, DOCUMENT, unsigned=[W.gost.stamped()]), ocsp=[W.gost.good(head)],
                              options=["--organisation", "123456789021", "--role", "head"])
        self.assertEqual(verdict["signers"][0]["organisation"], "123456789021")
        self.assertEqual(verdict["signers"][0]["roles"], ["organisation", "head"])

    def test_two_signers_rsa_and_gost(self):
        infos = [a.signer_info(x.person, DOCUMENT, unsigned=[x.stamped()]) for x in (W.rsa, W.gost)]
        both = a.cms(infos, [W.rsa.person, W.gost.person], DOCUMENT, digest_names=[a.Rsa.digest_name, W.gost.key.digest_name])
        answers = [x.good(x.person) for x in (W.rsa, W.gost)]
        self.assertEqual(len(self.proven(both, ocsp=answers)["signers"]), 2)
        verdict = W.verify(both, ocsp=answers[:1])
        self.assertEqual([c["id"] for c in verdict["checks"] if c["status"] == "failed"], ["status-other"])
        intruder = W.gost.leaf(a.person_name("IIN999999999999", "ЧУЖОЙ"))
        mixed = a.cms([infos[0], a.signer_info(intruder, DOCUMENT, unsigned=[W.gost.stamped()])], [W.rsa.person, intruder], DOCUMENT)
        verdict = W.verify(mixed, ocsp=[answers[0], W.gost.good(intruder)], options=["--person", "123456789011"])
        self.assertEqual([c["id"] for c in verdict["checks"] if c["status"] == "failed"], ["other-person"])
        self.assertEqual([s["holds"] for s in verdict["signers"]], [True, False])

    def test_another_country_is_another_file(self):
        for anchor, key in ((W.aral_root, a.Ecdsa()), (W.aral_gost, a.Gost(national=False))):
            extensions = [a.extension("2.5.29.15", a.usage_bits("commit"), True), a.extension("2.5.29.32", a.seq(a.seq(a.oid("2.999.7.1"))))]
            clerk = a.certificate(key, a.name(("2.5.4.3", "Aru Aral"), ("2.5.4.5", "PNO-77")), anchor, extensions=extensions)
            verdict = W.verify(a.sign(clerk, DOCUMENT), trust=W.aral, options=["--role", "clerk"])
            # its numbers' scheme is none that the program knows, and it is no test authority: so the number is refused,
            self.assertEqual([c["id"] for c in verdict["checks"] if c["status"] == "failed"], ["number-wrong"])
            rules = (W.aral / "aral.yaml")
            whole = rules.read_text()
            rules.write_text(whole.replace("PNO-, scheme: aral-id", "PNO-, scheme: kg-pin").replace("anchors:", "test: yes\nanchors:"))
            verdict = self.proven(a.sign(clerk, DOCUMENT), trust=W.aral, options=["--role", "clerk"])
            rules.write_text(whole)
            self.assertEqual((verdict["signers"][0]["authority"], verdict["signers"][0]["person"]), ("aral", "77"))
            self.refused("issuer-unknown" if isinstance(key, a.Ecdsa) else "algorithm-unknown", a.sign(clerk, DOCUMENT), trust=W.trust)

    def test_pem_base64_and_ber(self):
        der = a.sign(W.rsa.person, DOCUMENT, unsigned=[W.rsa.stamped()])
        for form in (a.pem("CMS", der), a.pem("PKCS7", der), a.base64.b64encode(der), a.indefinite(der)):
            self.proven(form, ocsp=[W.rsa.good(W.rsa.person)])

    def test_what_is_not_known_is_said_and_not_proven(self):
        verdict = W.verify(a.sign(W.rsa.person, DOCUMENT))
        self.assertFalse(verdict["proven"])
        waiting = {c["id"] for c in verdict["checks"] if c["status"] == "not-checked"}
        self.assertEqual(waiting, {"test-authority", "time-stamp", "status", "beyond"})

    def test_evidence_holds_years_later_and_without_a_network(self):
        """Stamped while valid; the certificate expires and is even revoked later: the signature still holds."""
        cert = W.gost.leaf(start=NOW - 2 * YEAR, end=NOW - YEAR)
        signed = NOW - YEAR - 60 * DAY
        signature = a.sign(cert, DOCUMENT, detached=True, signed_at=signed, unsigned=[W.gost.stamped(at=signed)])
        kept = W.top / "kept.evidence"
        words = ["--keep", str(kept)]
        self.proven(signature, content=DOCUMENT, ocsp=[W.gost.good(cert, at=signed + MINUTE)], options=words)
        again = subprocess.run([AINA, "verify", str(kept), "--trust", str(W.trust)], capture_output=True, text=True)
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertIn("PROVEN", again.stdout)
        self.assertIn("signed by  ТЕСТОВ ТЕСТ, kz-iin 123456789011", again.stdout)
        second = subprocess.run([AINA, "verify", str(kept), "--trust", str(W.trust), "--keep", str(kept)], capture_output=True, text=True)
        self.assertEqual(second.returncode, 1)
        self.assertIn("never overwritten", second.stderr)
        later = W.gost.good(cert, status="revoked", revoked=signed + 10 * DAY, at=signed + 20 * DAY)
        verdict = self.proven(signature, content=DOCUMENT, ocsp=[later])
        self.assertIn("revoked later", str(verdict))
        self.refused("expired", a.sign(cert, DOCUMENT, signed_at=signed), ocsp=[W.gost.good(cert, at=signed)])
        changed = json.loads(kept.read_text())
        changed["content"] = a.base64.b64encode(DOCUMENT + b".").decode()
        self.refused("content-changed", json.dumps(changed, separators=(",", ":")))

    def test_lists_instead_of_answers(self):
        signature = a.sign(W.rsa.person, DOCUMENT, unsigned=[W.rsa.stamped()])
        others = [(W.rsa.leaf(), NOW - DAY, 1), (W.rsa.leaf(), NOW - DAY, None)]
        self.proven(signature, crl=[a.revocation_list(W.rsa.nca, others)])
        self.proven(a.sign(W.rsa.person, DOCUMENT, unsigned=[W.rsa.stamped()], lists=[a.revocation_list(W.rsa.nca)]))
        self.refused("revoked", signature, crl=[a.revocation_list(W.rsa.nca, [*others, (W.rsa.person, NOW - DAY, 1)])])


class Wrong(Case):
    def test_the_document(self):
        good = a.sign(W.rsa.person, DOCUMENT)
        self.refused("content-changed", a.sign(W.rsa.person, DOCUMENT, detached=True), content=DOCUMENT + b" ")
        self.refused("content-changed", a.cms([a.signer_info(W.rsa.person, DOCUMENT)], [W.rsa.person], DOCUMENT.replace(b"\n", b"!")))
        self.refused("content-missing", a.sign(W.rsa.person, DOCUMENT, detached=True))
        self.refused("content-other", good, content=b"something else")

    def test_forged(self):
        for authority in (W.rsa, W.gost):
            stranger = type(authority.key)()
            self.refused("signature-wrong", a.sign(authority.person, DOCUMENT, key=stranger))
            self.refused("issuer-forged", a.sign(authority.leaf(signer=stranger, key=stranger), DOCUMENT))
            der = bytearray(a.sign(authority.person, DOCUMENT))
            der[-3] ^= 1
            self.refused("signature-wrong", bytes(der))
        self.refused("issuer-unknown", a.sign(W.other.person, DOCUMENT))  # another authority of the same name
        lone = a.certificate(W.rsa.key, a.person_name(), None, extensions=a.leaf_extensions())
        self.refused("issuer-unknown", a.sign(lone, DOCUMENT))

    def test_re_wrapped(self):
        """Signed attributes passed off as a document; another's certificate put in; attributes moved."""
        info = a.signer_info(W.rsa.person, DOCUMENT)
        attributes = [whole for tag, _, whole in a.children(a.read(info)[1]) if tag == 0xA0][0]
        inner = b"\x31" + attributes[1:]
        bare = a.seq(a.integer(1), W.rsa.person.id(), W.rsa.key.digest_name, W.rsa.key.signature_name, a.octets(a.signature_of(info)))
        self.refused("bare-signature", a.cms([bare], [W.rsa.person], inner))
        twin = W.rsa.leaf(a.person_name("IIN999999999999"), serial=W.rsa.person.serial)  # same key, same serial, another person
        self.proven(a.sign(W.rsa.person, DOCUMENT, extra=[a.bound(W.rsa.person)], unsigned=[W.rsa.stamped()]), ocsp=[W.rsa.good(W.rsa.person)])
        bound_to = a.signer_info(W.rsa.person, DOCUMENT, extra=[a.bound(W.rsa.person)])
        self.refused("certificate-other", a.cms([bound_to], [twin], DOCUMENT))
        self.refused("certificate-missing", a.sign(W.rsa.person, DOCUMENT, certs=[W.gost.person]))
        self.refused("content-type", a.cms([info], [W.rsa.person], DOCUMENT, kind=a.STAMP_INFO))

    def test_attributes(self):
        kind = a.attribute(a.CONTENT_TYPE, a.oid(a.DATA))
        digest = a.attribute(a.MESSAGE_DIGEST, a.octets(W.rsa.key.digest(DOCUMENT)))
        other = a.attribute(a.MESSAGE_DIGEST, a.octets(W.rsa.key.digest(b"other")))
        two = a.attribute(a.MESSAGE_DIGEST, a.octets(W.rsa.key.digest(DOCUMENT)), a.octets(W.rsa.key.digest(b"other")))
        for attributes in ([kind], [digest], [kind, digest, other], [kind, two], [kind, digest, a.seq(a.NULL)], [kind, digest, kind]):
            self.refused("attribute", a.sign(W.rsa.person, DOCUMENT, attributes=attributes))

    def test_a_hash_is_no_document(self):
        """NCALayer's `digested`: whoever signed a hash as if it were a document did not sign the document, nor the other way round."""
        digest = W.rsa.key.digest(DOCUMENT)
        self.refused("content-changed", a.sign(W.rsa.person, digest, detached=True), content=DOCUMENT)
        self.refused("content-changed", a.sign(W.rsa.person, DOCUMENT, detached=True), content=digest)
        self.refused("content-other", a.sign(W.rsa.person, digest), content=DOCUMENT)
        kind = a.attribute(a.CONTENT_TYPE, a.oid(a.DATA))
        for value in (DOCUMENT, W.gost.key.digest(DOCUMENT), W.rsa.key.digest(digest), digest[:16]):  # the document itself, another method's hash ...
            self.refused("content-changed", a.sign(W.rsa.person, DOCUMENT, attributes=[kind, a.attribute(a.MESSAGE_DIGEST, a.octets(value))]))

    def test_time(self):
        self.refused("expired", a.sign(W.rsa.leaf(start=NOW - 2 * YEAR, end=NOW - DAY), DOCUMENT, signed_at=NOW - 2 * DAY))
        self.refused("not-yet-valid", a.sign(W.rsa.leaf(start=NOW + DAY), DOCUMENT))
        self.refused("expired", a.sign(W.rsa.person, DOCUMENT), at=NOW + 2 * YEAR)
        self.refused("signing-time", a.sign(W.rsa.person, DOCUMENT, signed_at=NOW + DAY))
        self.refused("signing-time", a.sign(W.rsa.person, DOCUMENT, signed_at=NOW - 3 * YEAR))
        self.refused("issuer-validity", a.sign(W.rsa.leaf(start=NOW - 9 * YEAR), DOCUMENT, signed_at=NOW - 4.5 * YEAR), at=NOW - 4.5 * YEAR)
        # expired when it was signed, but stamped before: a contradiction; expired now, stamped while valid: see evidence
        old = W.rsa.leaf(start=NOW - 2 * YEAR, end=NOW - DAY)
        self.refused("signing-time", a.sign(old, DOCUMENT, signed_at=NOW, unsigned=[W.rsa.stamped(at=NOW - 2 * DAY)]))

    def test_issuers(self):
        mere = W.rsa.person
        self.refused("issuer-not-authority", self.chained(mere))
        sub = a.certificate(W.rsa.key, a.name(("2.5.4.3", "Sub")), W.rsa.nca, extensions=a.authority_extensions())
        self.refused("issuer-not-authority", self.chained(sub))  # its issuer allows no authority below itself
        beside = a.certificate(W.rsa.key, a.name(("2.5.4.3", "Beside")), W.rsa.root, extensions=a.authority_extensions(0))
        leaf = W.rsa.leaf(issuer=beside)
        self.proven(a.sign(leaf, DOCUMENT, certs=[leaf, beside], unsigned=[W.rsa.stamped()]), ocsp=[a.ocsp(leaf, beside, beside)])
        gone = a.revocation_list(W.rsa.root, [(beside, NOW - DAY, 2)])
        self.refused("revoked", a.sign(leaf, DOCUMENT, certs=[leaf, beside], unsigned=[W.rsa.stamped()]), ocsp=[a.ocsp(leaf, beside, beside)], crl=[gone])
        critical = W.rsa.leaf(extra=[a.extension("2.5.29.30", a.seq(), True)])
        self.refused("certificate-missing", a.sign(critical, DOCUMENT))

    def chained(self, issuer):
        leaf = W.rsa.leaf(issuer=issuer)
        return a.sign(leaf, DOCUMENT, certs=[leaf, issuer])

    def test_use_policy_role(self):
        login = W.rsa.leaf(usage=("sign", "encipher"), extended=(a.LOGIN, a.PERSON), policy="1.2.398.3.3.2.4")
        self.refused("key-usage", a.sign(login, DOCUMENT))
        self.proven(a.sign(login, DOCUMENT, unsigned=[W.rsa.stamped()]), ocsp=[W.rsa.good(login)], options=["--use", "login"])
        self.refused("extended-key-usage", a.sign(W.rsa.person, DOCUMENT), options=["--use", "login"])
        self.refused("extended-key-usage", a.sign(W.rsa.leaf(extended=(a.LOGIN,)), DOCUMENT))
        self.refused("policy", a.sign(W.rsa.leaf(policy="1.2.398.3.3.2.9"), DOCUMENT))
        self.refused("policy", a.sign(W.rsa.person, DOCUMENT), options=["--use", "encrypt"])
        self.refused("key-usage", a.sign(W.rsa.nca, DOCUMENT))
        employee = W.rsa.head(role=a.EMPLOYEE)
        self.refused("role", a.sign(employee, DOCUMENT), options=["--role", "head"])
        self.refused("role", a.sign(W.rsa.person, DOCUMENT), options=["--role", "head"])

    def test_whose(self):
        self.refused("other-person", a.sign(W.rsa.person, DOCUMENT), options=["--person", "900101390459"])
        namesake = W.rsa.leaf(a.person_name("IIN900101390459"))  # the same name in the same certificate, another number
        self.refused("other-person", a.sign(namesake, DOCUMENT), options=["--person", "123456789011"])
        self.refused("other-organisation", a.sign(W.rsa.head(), DOCUMENT), options=["--organisation", "000740000728"])
        self.refused("other-organisation", a.sign(W.rsa.person, DOCUMENT), options=["--organisation", "123456789021"])
        self.refused("number-missing", a.sign(W.rsa.leaf(a.name(("2.5.4.3", "IIN900101390459"))), DOCUMENT))
        self.refused("number-missing", a.sign(W.rsa.leaf(policy="1.2.398.3.3.2.1"), DOCUMENT))
        twice = a.name(("2.5.4.5", "IIN123456789011"), ("2.5.4.5", "IIN999999999999"))
        self.refused("number-twice", a.sign(W.rsa.leaf(twice), DOCUMENT))
        self.refused("number-wrong", a.sign(W.rsa.leaf(a.person_name("IIN")), DOCUMENT))
        # a wrong check digit passes under a test anchor alone
        self.refused("number-wrong", a.sign(W.rsa.person, DOCUMENT), trust=W.real)
        real = W.rsa.leaf(a.person_name("IIN900101390459"))
        verdict = self.proven(a.sign(real, DOCUMENT, unsigned=[W.rsa.stamped()]), trust=W.real, ocsp=[W.rsa.good(real)])
        self.assertNotIn("test-authority", [c["id"] for c in verdict["checks"]])

    def test_algorithms(self):
        old = a.seq(a.oid("1.2.398.3.10.1.1.1.2"))
        verdict = self.refused("algorithm-refused", a.sign(W.rsa.person, DOCUMENT, signature_name=old))
        self.assertIn("GOST 34.310-2004", str(verdict))
        self.refused("algorithm-refused", a.sign(W.rsa.person, DOCUMENT, digest_name=a.seq(a.oid("1.3.14.3.2.26"), a.NULL)))
        self.refused("algorithm-refused", a.sign(W.rsa.person, DOCUMENT, signature_name=a.seq(a.oid("1.2.840.113549.1.1.5"), a.NULL)))
        self.refused("algorithm-unknown", a.sign(W.rsa.person, DOCUMENT, signature_name=a.seq(a.oid("2.999.1"))))
        self.refused("algorithm-mixed", a.sign(W.rsa.person, DOCUMENT, signature_name=a.Ecdsa.signature_name))
        self.refused("algorithm-mixed", a.sign(W.rsa.person, DOCUMENT, signature_name=a.seq(a.oid("1.2.840.113549.1.1.12"), a.NULL)))
        self.refused("key-weak", a.sign(W.rsa.leaf(key=(weak := a.Rsa(1024))), DOCUMENT, key=weak))
        off = a.Gost()
        off.point = bytes([off.point[0] ^ 1]) + off.point[1:]
        self.refused("key", a.sign(W.gost.leaf(key=off), DOCUMENT, key=off))
        bare_name = a.sign(W.rsa.person, DOCUMENT, signature_name=a.seq(a.oid("1.2.840.113549.1.1.1"), a.NULL), unsigned=[W.rsa.stamped()])
        self.proven(bare_name, ocsp=[W.rsa.good(W.rsa.person)])

    def test_stamps(self):
        def stamped(**more):
            return a.sign(W.rsa.person, DOCUMENT, unsigned=[a.stamp_attribute(more.pop("tsa", W.rsa.tsa), **more)])
        info = a.signer_info(W.rsa.person, DOCUMENT)
        plain = a.cms([info], [W.rsa.person], DOCUMENT)
        good = a.stamp(a.signature_of(info), W.rsa.tsa)
        answers = [W.rsa.good(W.rsa.person)]
        for token in (good, a.stamp_answer(good), a.indefinite(good)):
            self.proven(plain, stamps=[token], ocsp=answers)
        self.refused("stamp-not-granted", plain, stamps=[a.stamp_answer(b"", 2)])
        self.refused("stamp-other", plain, stamps=[a.stamp(b"another signature", W.rsa.tsa)])
        self.refused("stamp-signature", stamped(key=a.Rsa()))
        self.refused("stamp-signer", stamped(tsa=W.rsa.service("x", [a.SIGN], W.rsa.key, critical=True)))
        self.refused("stamp-signer", stamped(tsa=W.rsa.service("x", [a.STAMPING], W.rsa.key)))
        self.refused("stamp-signer", stamped(tsa=W.rsa.service("x", [a.STAMPING, a.SIGN], W.rsa.key, critical=True)))
        self.refused("stamp-signer", stamped(tsa=W.other.tsa))
        self.refused("stamp-signer", stamped(certs=[W.rsa.person]))
        self.refused("stamp-policy", stamped(policy="1.2.398.3.3.2.6.1"))
        self.refused("stamp-future", stamped(at=NOW + DAY))
        self.refused("stamp-form", stamped(bind=False))
        self.refused("stamp-form", plain, stamps=[b"\x30\x03\x02\x01\x05"])
        self.refused("stamp-form", plain, stamps=[b"nonsense"])
        self.refused("algorithm-refused", stamped(imprint=a.seq(a.seq(a.oid("1.3.14.3.2.26"), a.NULL), a.octets(b"x" * 20))))
        self.refused("stamp-missing", plain, trust=self.strict())

    def strict(self):
        folder = W.top / "strict"
        return folder if folder.exists() else W.folder("strict", "test: yes\n", missing="refuse")

    def test_status(self):
        cert, nca, responder = W.rsa.person, W.rsa.nca, W.rsa.responder
        signature = a.sign(cert, DOCUMENT, unsigned=[W.rsa.stamped()])

        def answer(**more):
            return a.ocsp(cert, nca, responder, **more)
        self.refused("revoked", signature, ocsp=[answer(status="revoked", revoked=NOW - DAY)])
        self.refused("on-hold", signature, ocsp=[answer(status="revoked", revoked=NOW - DAY, reason=6)])
        # "unknown" as some responders say it: suspended since 1970
        epoch = a.datetime.datetime(1970, 1, 1, tzinfo=a.UTC)
        self.refused("status-unknown", signature, ocsp=[answer(status="revoked", revoked=epoch, reason=6)])
        self.refused("status-unknown", signature, ocsp=[answer(status="unknown")])
        self.refused("status-other", signature, ocsp=[a.ocsp(W.rsa.leaf(), nca, responder)])
        self.refused("status-other", signature, ocsp=[answer(identifier=a.certificate_id(cert, W.gost.nca))])
        self.refused("status-late", signature, ocsp=[answer(at=NOW - DAY)])
        self.refused("status-late", signature, ocsp=[answer(at=NOW - 50 * MINUTE, until=NOW - 20 * MINUTE)])
        self.proven(signature, ocsp=[answer(at=NOW - 50 * MINUTE)])
        self.refused("status-future", signature, ocsp=[answer(at=NOW + DAY)])
        self.refused("status-signature", signature, ocsp=[answer(key=a.Rsa())])
        self.refused("status-signer", signature, ocsp=[a.ocsp(cert, nca, W.rsa.leaf())])
        self.refused("status-signer", signature, ocsp=[a.ocsp(cert, nca, W.other.responder)])
        self.refused("status-signer", signature, ocsp=[answer(certs=[])])
        self.refused("status-no-answer", signature, ocsp=[a.seq(a.tlv(0x0A, b"\x06"))])
        self.refused("status-form", signature, ocsp=[b"\x30\x80garbage"])
        self.proven(signature, ocsp=[a.ocsp(cert, nca, nca)])  # the issuer itself
        self.proven(signature, ocsp=[a.ocsp(cert, nca, W.gost.responder)])  # the folder lets the authority's other responder answer
        only_issuer = W.top / "issuer"
        shutil.copytree(W.trust, only_issuer)
        rules = (only_issuer / "knca.yaml")
        rules.write_text(rules.read_text().replace("responder: authority", "responder: issuer"))
        self.refused("status-signer", signature, trust=only_issuer, ocsp=[a.ocsp(cert, nca, W.gost.responder)])
        self.refused("status-missing", signature, trust=self.strict())
        # an answer that lies does not outweigh a list that tells the truth
        self.refused("revoked", signature, ocsp=[answer()], crl=[a.revocation_list(nca, [(cert, NOW - DAY, 1)])])
        sha256 = a.certificate_id(cert, nca, a.hashlib.sha256, a.Rsa.digest_name)
        self.proven(signature, ocsp=[answer(identifier=sha256)])

    def test_lists(self):
        nca = W.rsa.nca
        signature = a.sign(W.rsa.person, DOCUMENT, unsigned=[W.rsa.stamped()])
        self.refused("status-late", signature, crl=[a.revocation_list(nca, at=NOW - 3 * DAY, until=NOW - 2 * DAY)])
        self.refused("status-other", signature, crl=[a.revocation_list(W.gost.nca)])
        self.refused("status-signature", signature, crl=[a.revocation_list(nca, key=a.Rsa())])
        self.refused("status-form", signature, crl=[b"\x30\x00"])
        delta = a.extension("2.5.29.27", a.integer(3), True)
        self.refused("list-kind", signature, crl=[a.revocation_list(nca, extensions=[delta])])
        partial = a.extension("2.5.29.28", a.seq(a.tlv(0x82, b"\xff")), True)
        self.refused("list-kind", signature, crl=[a.revocation_list(nca, extensions=[partial])])
        point = a.extension("2.5.29.28", a.seq(a.context(0, a.context(0, a.tlv(0x86, b"http://x/")))), True)
        self.proven(signature, crl=[a.revocation_list(nca, extensions=[point])])

    def test_broken_bytes(self):
        good = a.sign(W.rsa.person, DOCUMENT)
        for broken in (b"", b"0", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 5000, good[:-1], good + b"\0", b"\x1f" * 40, b"not a signature\n",
                       a.pem("CERTIFICATE", W.rsa.person.der), good.replace(b"\x02\x01\x01", b"\x02\x01\x7f", 1)):
            self.refused("form", broken)
        self.refused("no-signer", a.cms([], [W.rsa.person], DOCUMENT))
        self.refused("many-signers", a.cms([a.signer_info(W.rsa.person, DOCUMENT)] * 9, [W.rsa.person], DOCUMENT))
        self.refused("form", a.cms([a.signer_info(W.rsa.person, DOCUMENT)], [W.rsa.person] * 40, DOCUMENT))
        v1 = W.rsa.leaf(version=0)
        self.refused("certificate-missing", a.sign(v1, DOCUMENT))

    def test_large(self):
        content = os.urandom(1 << 20) * 30
        signature = a.sign(W.rsa.person, content, unsigned=[W.rsa.stamped()])
        self.proven(signature, ocsp=[W.rsa.good(W.rsa.person)])
        self.refused("too-large", b"\x30" + bytes(65 << 20))

    def test_words_that_are_off(self):
        path = W.file(a.sign(W.rsa.person, DOCUMENT))
        for words, code in ((["--at", "yesterday"], 2), (["--content", "/nosuch"], 1), (["--nosuch", "x"], 2)):
            done = subprocess.run([AINA, "verify", path, "--trust", W.trust, *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, words)
            self.assertTrue(done.stderr)
        for folder, words in ((W.top / "nosuch", "cannot open"), (ROOT / "jurisdictions/ainabulak/agencies", "has errors")):
            done = subprocess.run([AINA, "verify", path, "--trust", folder], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
        for text in ('{"v":1,"kind":"aina-signature-evidence"}', '{"v":1,"kind":"aina-signature-evidence",'):
            done = subprocess.run([AINA, "verify", W.file(text), "--trust", W.trust], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr)


class Folder(Case):
    BAD = [("anchors: [root-rsa.pem, root-gost.pem]", "anchors: [root-rsa.pem, nosuch.pem]", "there is no file"),
           ("anchors: [root-rsa.pem, root-gost.pem]", "anchors: [root-rsa.pem, root-gost.pem, nca-rsa.pem]", "must be signed by itself"),
           ("anchors: [root-rsa.pem, root-gost.pem]", "anchors: [root-rsa.pem]", "no authority names"),
           ("hash: streebog-512}", "hash: md5}", "no method"),
           ("oid: 1.2.398.3.10.1.3.3,", "oid: 1.2.x,", "not an object identifier"),
           ("oid: 1.2.398.3.10.1.3.3,", "oid: 2.16.840.1.101.3.4.2.1,", "has a meaning already"),
           ("use: login", "use: log-in", "unknown use"),
           ("key-usage: [digital-signature]", "key-usage: [everything]", "not a key usage"),
           ("missing: wait", "missing: perhaps", "may be one of these"),
           ("of: person", "of: cat", "may be one of these"),
           ("id: knca", "idd: knca", "unknown key"),
           ("extended: [1.3.6.1.5.5.7.3.4]", "extended: [[1]]", "something else"),
           ("prefix: IIN, ", "", "'prefix' is missing"),
           ("late-minutes: 60", "late-minutes: soon", "must be a number")]

    def test_each_fault_of_a_folder_is_found(self):
        folder = W.top / "bad"
        shutil.copytree(W.trust, folder)
        rules = folder / "knca.yaml"
        whole = rules.read_text()
        path = W.file(a.sign(W.rsa.person, DOCUMENT))
        for old, new, what in self.BAD:
            self.assertIn(old, whole)
            rules.write_text(whole.replace(old, new, 1))
            done = subprocess.run([AINA, "verify", path, "--trust", folder], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, new)
            self.assertIn(what, done.stderr, new)
            self.assertRegex(done.stderr, r"(knca\.yaml|\.pem):\d+:\d+: error: ", new)
        rules.write_text("- x\n")
        self.assertEqual(subprocess.run([AINA, "verify", path, "--trust", folder], capture_output=True).returncode, 1)

    def test_a_jurisdiction_with_its_trust_folder(self):
        place = W.top / "kz"
        shutil.copytree(ROOT / "jurisdictions/kz", place)
        shutil.rmtree(place / "trust")
        shutil.copytree(W.trust, place / "trust")
        done = subprocess.run([AINA, "check", place], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("has no certificate yet", done.stdout)
        self.proven(a.sign(W.rsa.person, DOCUMENT, unsigned=[W.rsa.stamped()]), trust=place, ocsp=[W.rsa.good(W.rsa.person)])
        (place / "trust/root-rsa.pem").write_text("nothing\n")
        done = subprocess.run([AINA, "check", place], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds no certificate", done.stdout)


class Services(Case):
    """The authority's services over HTTP: asked, late, lying, broken, gone."""

    @classmethod
    def setUpClass(cls):
        cls.mood, cls.asked = "good", []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, bytes_, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(bytes_)))
                self.end_headers()
                self.wfile.write(bytes_)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                cls.asked.append(self.path)
                if cls.mood == "error":
                    return self.answer(b"down", 500)
                if cls.mood == "huge":
                    return self.answer(bytes(1 << 20))
                if cls.mood == "redirect":
                    self.send_response(302)
                    self.send_header("Location", "http://127.0.0.1:1/")
                    return self.end_headers()
                if self.path == "/tsp":
                    parts = list(a.children(a.read(body)[1]))
                    nonce = [b for t, b, _ in parts if t == 0x02][1]
                    if cls.mood == "replay":
                        nonce = b"\x01" * 8
                    return self.answer(a.stamp_answer(a.stamp(b"", W.rsa.tsa, imprint=parts[1][2], nonce=nonce)))
                nonce = body[-16:] if cls.mood != "replay" else b"\x02" * 16
                status = "revoked" if cls.mood == "revoked" else "good"
                cert = next(c for c in cls.known if a.integer(c.serial) in body)
                return self.answer(a.ocsp(cert, W.rsa.nca, W.rsa.responder, status=status, revoked=NOW - DAY, nonce=nonce))

            def do_GET(self):
                cls.asked.append(self.path)
                self.answer(a.revocation_list(W.rsa.nca))

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # the program hangs up on answers that are too large

        cls.known = [W.rsa.person]
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{cls.server.server_address[1]}"
        cls.trust = W.folder("services", "test: yes\n", urls={
            "http://tsp.pki.gov.kz/": base + "/tsp", "http://ocsp.pki.gov.kz/": base + "/ocsp", "https://crl.pki.gov.kz/nca_rsa_2022.crl": base + "/crl"})

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def ask(self, mood, *more):
        type(self).mood = mood
        type(self).asked.clear()
        path = W.file(a.sign(W.rsa.person, DOCUMENT))
        done = subprocess.run([AINA, "verify", path, "--trust", self.trust, "--fetch", "--json", *more], capture_output=True, text=True, timeout=60)
        verdict = json.loads(done.stdout)
        return verdict, {c["id"]: c["status"] for c in verdict["checks"]}, done.stderr, list(self.asked)

    def test_asked_and_kept(self):
        kept = W.top / "fetched.evidence"
        verdict, checks, errors, asked = self.ask("good", "--keep", str(kept))
        self.assertTrue(verdict["proven"], verdict)
        self.assertEqual((errors, asked), ("", ["/tsp", "/ocsp"]))
        type(self).mood = "error"
        again = subprocess.run([AINA, "verify", kept, "--trust", self.trust], capture_output=True, text=True)
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual(self.asked, ["/tsp", "/ocsp"])  # no network

    def test_revoked(self):
        self.assertEqual(self.ask("revoked")[1]["revoked"], "failed")

    def test_replayed_broken_and_huge_answers_are_not_taken(self):
        for mood, words in (("replay", "not the answer"), ("error", "did not answer"), ("huge", "more than 65536|did not answer"), ("redirect", "did not answer|nothing|302")):
            cache = W.top / ("cache-" + mood)
            cache.mkdir()
            verdict, checks, errors, asked = self.ask(mood, "--cache", str(cache))
            self.assertFalse(verdict["proven"], mood)
            self.assertEqual(checks["time-stamp"], "not-checked", mood)
            self.assertRegex(errors, words, mood)
            self.assertEqual(checks["status"], "proven", mood)  # by the list instead
            self.assertEqual(asked[-1], "/crl")
            self.assertNotIn("/crl", self.ask(mood, "--cache", str(cache))[3])  # from the cache


class SecondOpinion(Case):
    """openssl as maker and as judge of the same bytes."""

    def openssl(self, *words, code=0):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, code == 0, done.stderr)
        return done

    def test_openssl_accepts_what_we_make_and_refuses_what_we_refuse(self):
        chain = W.file(W.rsa.root.pem() + W.rsa.nca.pem())
        good = W.file(a.sign(W.rsa.person, DOCUMENT))
        self.openssl("cms", "-verify", "-inform", "DER", "-in", good, "-CAfile", chain, "-out", os.devnull)
        revoked = W.file(a.sign(W.other.person, DOCUMENT))
        self.openssl("cms", "-verify", "-inform", "DER", "-in", revoked, "-CAfile", chain, "-out", os.devnull, code=1)
        answer = W.file(W.rsa.good(W.rsa.person))
        done = self.openssl("ocsp", "-respin", answer, "-issuer", W.file(W.rsa.nca.pem()), "-cert", W.file(W.rsa.person.pem()), "-CAfile", chain)
        self.assertIn(": good", done.stdout)
        token = W.file(a.stamp(b"signature value", W.rsa.tsa))
        self.openssl("ts", "-verify", "-token_in", "-in", token, "-data", W.file(b"signature value"), "-CAfile", chain)
        crl = W.file(a.pem("X509 CRL", a.revocation_list(W.rsa.nca, [(W.rsa.person, NOW - DAY, 1)])))
        self.openssl("verify", "-CAfile", chain, "-crl_check", "-CRLfile", crl, W.file(W.rsa.person.pem()), code=1)

    def test_gost_by_another_implementation(self):
        """OpenSSL's GOST engine, which shares no code with nettle, on the encoding that both know."""
        if "gost" not in subprocess.run(["openssl", "engine", "gost"], capture_output=True, text=True).stdout:
            self.fail("libengine-gost-openssl is not installed; script/build --tests installs it")
        key = a.Gost(national=False)
        cert = a.certificate(key, a.name(("2.5.4.3", "Aru Aral")), W.aral_gost)
        forged = a.certificate(key, a.name(("2.5.4.3", "Aru Aral")), W.aral_gost, signer=key)
        root = W.file(W.aral_gost.pem())
        self.openssl("verify", "-engine", "gost", "-CAfile", root, W.file(cert.pem()))
        self.openssl("verify", "-engine", "gost", "-CAfile", root, W.file(forged.pem()), code=1)

    def test_we_accept_what_openssl_makes(self):
        key, cert, document = W.file(W.rsa.key.pem()), W.file(W.rsa.person.pem()), W.file(DOCUMENT)
        for words in ([], ["-nodetach"], ["-nodetach", "-stream"], ["-keyid", "-nodetach"], ["-cades", "-nodetach"]):
            out = W.top / "openssl.cms"
            self.openssl("cms", "-sign", "-binary", "-in", document, "-signer", cert, "-inkey", key, "-md", "sha256", "-outform", "DER",
                         "-out", out, *words)
            info = [w for t, _, w in a.children(self.signed_data(out.read_bytes())) if t == 0x31][-1]
            token = a.stamp(a.signature_of(a.read(info)[1]), W.rsa.tsa)
            self.proven(out.read_bytes(), content=None if "-nodetach" in words else DOCUMENT, stamps=[token], ocsp=[W.rsa.good(W.rsa.person)])
        out = W.top / "bare.cms"
        self.openssl("cms", "-sign", "-binary", "-noattr", "-nodetach", "-in", document, "-signer", cert, "-inkey", key, "-outform", "DER", "-out", out)
        self.refused("bare-signature", out.read_bytes())

    def signed_data(self, der):
        der = self.definite(der)
        return a.read(a.read(a.read(der)[1][len(a.oid(a.SIGNED_DATA)):])[1])[1]

    def definite(self, ber):
        """DER of what `openssl cms -stream` writes, by a second reader."""
        def value(at):
            tag, first = ber[at], ber[at + 1]
            at += 2
            if first == 0x80:
                parts = []
                while ber[at:at + 2] != b"\0\0":
                    part, at = value(at)
                    parts.append(part)
                body = b"".join(a.read(p)[1] for p in parts) if tag == 0x24 else b"".join(parts)
                return a.tlv(4 if tag == 0x24 else tag, body), at + 2
            n = first
            if first & 128:
                n, at = int.from_bytes(ber[at:at + (first & 127)], "big"), at + (first & 127)
            if tag & 0x20:
                parts, end = [], at + n
                while at < end:
                    part, at = value(at)
                    parts.append(part)
                return a.tlv(tag, *parts), at
            return a.tlv(tag, ber[at:at + n]), at + n
        return value(0)[0]


class Words(unittest.TestCase):
    def test_every_refusal_is_documented(self):
        header = (ROOT / "src/signature/refusal.h").read_text()
        names = set(re.findall(r'X\(REFUSED_\w+, +"([a-z-]+)"', header.replace("\\\n", " "))) - {"none"}
        self.assertGreater(len(names), 50)
        manual = (ROOT / "docs/signatures.md").read_text()
        self.assertEqual([n for n in sorted(names) if f"`{n}`" not in manual], [])


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
