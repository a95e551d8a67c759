#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing on our pages with a certificate authority's key: to make a passkey, to act for an organisation, to give a mandate, to
decide a case as an official; by file, by a program on the computer, by an app on the phone; in two countries; and what is refused:
forged, expired, revoked, another's, replayed, re-wrapped."""
import base64
import hashlib
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "signature")]
import authority as a  # noqa: E402
from authority import DAY, NOW, YEAR  # noqa: E402
from authority_services import Services  # noqa: E402
DRIVER = os.environ.get("CASE_DRIVER")
from devices import AINA, ROOT, Stranger, aina  # noqa: E402


class Client(Stranger):
    """A browser without scripts."""

    def __init__(self, port, language="en"):
        super().__init__(port)
        self.language = language

    def call(self, method, path, form=None, headers=None):
        return super().call(method, path, form, {"Accept-Language": self.language, **(headers or {})})

    def token(self, page, action):
        form = page[page.index(f'action="{action}"'):]
        return re.search(r'name="token" value="([^"]+)"', form)[1]

    def press(self, page, action, **fields):
        return self.call("POST", action, {"token": self.token(page, action), **fields})

    def begin(self, path="/login/signature"):
        """The address of a new request to sign, and the text to be signed."""
        page = self.call("GET", path)[1]
        answer = self.press(page, path)[0]
        assert answer.status == 303, answer.status
        where = answer.headers["Location"]
        return where, self.call("GET", where + "/text")[1].encode()

    def give(self, where, file):
        page = self.call("GET", where)[1]
        answer, page = self.press(page, where, signature=base64.b64encode(file).decode() if isinstance(file, bytes) else file)
        return answer.status, page

    def done(self, where):
        page = self.call("GET", where)[1]
        return self.press(page, where + "/done")


def said(page):
    return re.search(r'<div class="errors" role="alert"><h2>[^<]*</h2><p>([^<]*)</p>', page)[1]


class Place(unittest.TestCase):
    """An instance whose folder trusts a test authority, and the authority's services."""

    serve = ()
    jurisdiction, digits = "kz", 12

    @classmethod
    def front(cls, text):
        return text

    @classmethod
    def authority(cls):
        """Makes the authority and its services, and puts its certificates into the folder."""
        cls.ca = a.Authority(a.Rsa, "RSA")
        strange = a.Rsa()
        cls.other_ca = a.Authority(lambda: strange, "RSA")  # the same names, other keys
        cls.services = Services(cls.ca)
        trust = cls.rules / "trust/knca.yaml"
        text = trust.read_text().replace("anchors: []", "anchors: [root.pem]").replace("intermediates: []", "intermediates: [nca.pem]")
        for old, new in (("http://tsp.pki.gov.kz/", "/tsp"), ("http://ocsp.pki.gov.kz/", "/ocsp"), ("https://crl.pki.gov.kz/nca_rsa_2022.crl", "/crl")):
            text = text.replace(old, cls.services.base + new)
        trust.write_text(cls.front(text))
        (cls.rules / "trust/root.pem").write_text(cls.ca.root.pem())
        (cls.rules / "trust/nca.pem").write_text(cls.ca.nca.pem())

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-sign-"))
        cls.rules = cls.folder / cls.jurisdiction
        shutil.copytree(ROOT / "jurisdictions" / cls.jurisdiction, cls.rules)
        cls.authority()
        cls.place = cls.folder / "place"
        aina("init", cls.place, "--jurisdiction", cls.rules, "--yes")
        out = aina("demo", cls.place, "--people", 10)
        cls.numbers = re.findall(rf"\b\d{{{cls.digits}}}\b", out.splitlines()[0])
        found = re.search(r"organisation \(kz-bin\): (\d{12})", out)
        cls.organisation = found and found[1]
        cls.log = open(cls.folder / "log", "w+")
        cls.server = subprocess.Popen([AINA, "serve", cls.place, "--port", "0", *cls.serve], stdout=subprocess.PIPE, stderr=cls.log, text=True)
        cls.port = int(cls.server.stdout.readline().split(":")[2].split("/")[0])

    @classmethod
    def tearDownClass(cls):
        cls.services.close()
        cls.server.terminate()
        cls.server.wait(20)
        cls.server.stdout.close()
        cls.log.close()
        code = cls.server.returncode
        text = (cls.folder / "log").read_text()
        shutil.rmtree(cls.folder)
        assert code == 0, (code, text)
        if os.environ.get('SHOW_LOG'):
            print(text[-3000:])

    def setUp(self):
        self.services.mood = "good"

    def person(self, number, **more):
        return self.services.knows(self.ca.leaf(a.person_name("IIN" + number), **more))

    def head(self, number, organisation, role=a.HEAD):
        return self.services.knows(self.ca.leaf(a.person_name("IIN" + number, organisation="BIN" + organisation),
                                                extended=(a.SIGN, a.ORGANISATION, role), policy="1.2.398.3.3.2.1"))

    def enrol(self, number, language="en"):
        c = Client(self.port, language)
        where, text = c.begin()
        self.assertEqual(c.give(where, a.sign(self.person(number), text))[0], 303)
        answer = c.done(where)[0]
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/me/keys"))
        return c

    def demo(self, as_whom):
        """Logged in by a demonstration's button; `as_whom` begins the role's name, or is None: the first person."""
        c = Client(self.port)
        page = c.call("GET", "/demo")[1]
        who = re.search(r'name="who" value="(\d+)"', page if as_whom is None else self.form_with(page, as_whom))[1]
        answer = c.press(page, "/demo", who=who)[0]
        self.assertEqual(answer.status, 303)
        return c

    def form_with(self, page, words):
        at = page.index(words)
        return page[page.rindex("<form", 0, at) if page.rfind("<form", 0, at) > page.rfind("</form", 0, at) else page.index("<form", at):]

    def signed(self, c, answer, cert):
        """Led to sign by `answer`; signs, and sends what waited. The last answer."""
        self.assertEqual(answer.status, 303)
        where = answer.headers["Location"]
        self.assertRegex(where, "^/sign/")
        text = c.call("GET", where + "/text")[1].encode()
        status, page = c.give(where, a.sign(cert, text))
        self.assertEqual(status, 303, page[-400:])
        return self.send(c, where)

    def send(self, c, where):
        answer, page = c.done(where)
        self.assertEqual(answer.status, 200, page[-400:])
        form = re.search(r'<form method="post" action="([^"]+)".*?</form>', page[page.index("<main"):], re.S)
        fields = {html.unescape(k): html.unescape(v) for k, v in re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])}
        return *c.call("POST", form[1], fields), form[1], fields

    def verify(self, evidence, *words):
        file = self.folder / f"{hashlib.sha256(evidence.encode()).hexdigest()[:12]}.evidence"
        file.write_text(evidence)
        done = subprocess.run([AINA, "verify", file, "--trust", self.rules, "--json", *words], capture_output=True, text=True)
        return json.loads(done.stdout)

    def entries(self, c):
        return "".join(c.call("GET", link)[1] for link in set(re.findall(r'href="(/me/looks/\d+)"', c.call("GET", "/me/looks")[1])))

    def phone(self, where, method="GET", rest="", body=None, token=None, language="ru"):
        connection = __import__("http.client").client.HTTPConnection("localhost", self.port, timeout=20)
        headers = {"Host": f"localhost:{self.port}", "Accept-Language": language, **({"Authorization": f"Bearer {token}"} if token else {}),
                   **({"Content-Type": "application/json"} if body is not None else {})}
        connection.request(method, f"{where}/phone{rest}", body if isinstance(body, (str, bytes)) or body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        self.as_described(method, "/sign/{id}/phone" + rest, answer.status, answer.headers["Content-Type"], text)
        return answer.status, json.loads(text)

    def as_described(self, method, path, status, kind, text):
        """Each answer to the app is what the OpenAPI file says of it."""
        if not hasattr(type(self), "described"):
            type(self).described = yaml.load(Client(self.port).call("GET", "/api/openapi.yaml")[1], yaml.CSafeLoader)
        said = self.described["paths"][path][method.lower()]["responses"][str(status)]["content"]
        self.assertIn(kind, said)
        jsonschema.Draft202012Validator(said[kind]["schema"] | {"components": self.described["components"]}).validate(json.loads(text))


class Sign(Place):
    # --- a passkey ---

    def test_who_signs_is_let_in_to_make_a_passkey(self):
        c = Client(self.port)
        self.assertIn('href="/login/signature"', c.call("GET", "/login")[1])
        where, text = c.begin()
        for part in (f"http://localhost:{self.port}", "to make a passkey", where.split("/")[-1], "Sign only if you began this yourself"):
            self.assertIn(part, text.decode())
        page = c.call("GET", where)[1]
        self.assertIn("without one it has to wait", page)  # the folder's rule, for the person to read
        status, page = c.give(where, a.sign(self.person(self.numbers[1]), text, detached=True))
        self.assertEqual(status, 303, page[-300:])
        page = c.call("GET", where)[1]
        self.assertIn("The signature holds", page)
        self.assertIn("ТЕСТОВ ТЕСТ", page)
        self.assertNotIn(self.numbers[1], page)  # masked
        answer = c.done(where)[0]
        self.assertEqual(answer.headers["Location"], "/me/keys")
        page = c.call("GET", "/me/keys")[1]
        self.assertIn("By your signing key", page)
        self.assertIn('data-passkey="create"', page)
        self.assertEqual(c.call("GET", "/me")[0].status, 200)
        # Used once.
        page = c.call("GET", where)[1]
        self.assertIn("signed and used already", page)
        self.assertNotIn(where + "/done", page)

    def test_what_one_signed_is_kept_shown_and_in_the_log(self):
        c = self.enrol(self.numbers[1])
        self.assertIn('href="/me/signatures"', c.call("GET", "/me/keys")[1])
        page = c.call("GET", "/me/signatures")[1]
        self.assertIn("A passkey for my page", page)
        path = re.search(r'href="(/me/signatures/[0-9a-f]{64})"', page)[1]
        page = c.call("GET", path)[1]
        for words in ("it held when it was made, and holds", "ТЕСТОВ ТЕСТ", "to make a passkey", "by the time-stamping service", "Not revoked",
                      "Not revoked, by the authority’s answer of", "aina verify", "without one it has to wait"):
            self.assertIn(words, page)
        self.assertNotIn(self.numbers[1], page)
        self.assertEqual(len(set(re.findall(r'<code class="data">([0-9a-f]{20,40})</code>', page))), 3)  # the chain: signer, authority, root
        evidence = c.call("GET", path + "/file")[1]
        self.assertTrue(self.verify(evidence, "--person", self.numbers[1])["proven"])
        # Years later, when the certificate and the authority's own have ended, it is still known what held then.
        self.assertTrue(self.verify(evidence, "--at", (NOW + 20 * YEAR).strftime("%Y-%m-%dT%H:%M:%SZ"))["proven"])
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), page)
        entries = self.entries(c)
        self.assertIn("Logged in with a signing key, to make a passkey", entries)
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), entries)
        stranger = self.enrol(self.numbers[2])
        for rest in ("", "/file"):
            self.assertEqual(stranger.call("GET", path + rest)[0].status, 404)
            self.assertEqual(Client(self.port).call("GET", path + rest)[0].status, 401)

    # --- mandates ---

    def give_mandate(self, c, number, path="/me/mandates/signed", **more):
        page = c.call("GET", path)[1]
        answer, page = c.press(page, path, **{"number": number, "scope": "*", "until": (NOW + YEAR).strftime("%Y-%m-%d"), **more})
        self.assertEqual(answer.status, 303, page[-300:])
        return answer

    def test_an_attorney_by_signature(self):
        giver, taker = self.numbers[2], self.numbers[3]
        c = self.enrol(giver)
        page = c.call("GET", "/me/mandates/signed")[1]
        answer, page = c.press(page, "/me/mandates/signed", number="1", scope="*", until="yesterday")
        self.assertEqual(answer.status, 422)
        self.assertIn("not a number of a person", page)
        answer = self.give_mandate(c, taker)
        where = answer.headers["Location"]
        text = c.call("GET", where + "/text")[1]
        self.assertIn(taker, text)
        self.assertIn("in all matters", text)
        self.assertIn("another person", said(c.give(where, a.sign(self.person(taker), text.encode()))[1]))
        answer, _, path, fields = self.signed(c, answer, self.person(giver))
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/me/mandates"))
        page = c.call("GET", "/me/mandates")[1]
        mandate = re.search(r'/me/mandates/([0-9a-z]{26})/evidence', page)[1]
        evidence = c.call("GET", f"/me/mandates/{mandate}/evidence/file")[1]
        self.assertTrue(self.verify(evidence, "--person", giver)["proven"])
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), self.entries(c))
        # The signature is used: the same form again leads to sign again, and with other words too.
        for more in ({}, {"scope": "id.address"}):
            self.assertRegex(c.call("POST", path, {**fields, **more})[0].headers["Location"], "^/sign/")
        taken = self.enrol(taker)
        page = taken.call("GET", "/me/mandates")[1]
        self.assertIn("By mandate", page)
        self.assertEqual(taken.call("GET", f"/me/mandates/{mandate}/evidence")[0].status, 200)
        answer = taken.press(page, "/me/act", mandate=mandate)[0]
        self.assertEqual(answer.status, 303)
        # Taken back at once.
        answer = c.press(c.call("GET", "/me/mandates")[1], "/me/mandates/end", mandate=mandate)[0]
        self.assertEqual(answer.status, 303)
        self.assertIn("has ended", taken.call("GET", "/me/mandates")[1])

    def test_a_director_lets_an_employee_act(self):
        first, employee = self.numbers[0], self.numbers[4]
        c, answer, _ = self.act_for(first, self.head(first, self.organisation))
        page = c.call("GET", "/me/mandates")[1]
        mandate = re.search(r'name="mandate" value="([0-9a-z]{26})"', page[page.index('action="/me/act"'):])[1]
        self.assertEqual(c.press(page, "/me/act", mandate=mandate)[0].status, 303)
        answer = self.give_mandate(c, employee)
        where = answer.headers["Location"]
        text = c.call("GET", where + "/text")[1].encode()
        self.assertIn("As the head of the organisation " + self.organisation, text.decode())
        # Not with a citizen's key, not as an employee, not with another organisation's.
        self.assertIn("not of this organisation", said(c.give(where, a.sign(self.person(first), text))[1]))
        self.assertIn("does not carry the role", said(c.give(where, a.sign(self.head(first, self.organisation, a.EMPLOYEE), text))[1]))
        self.assertIn("not of this organisation", said(c.give(where, a.sign(self.head(first, "000740000728"), text))[1]))
        answer = self.signed(c, answer, self.head(first, self.organisation))[0]
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/me/mandates"))
        page = c.call("GET", "/me/mandates")[1]
        page = page[page.index("Who acts for the organisation"):]
        self.assertIn("Employee of an organisation", page)
        given = next(m for m in re.findall(r'/me/mandates/([0-9a-z]{26})/evidence', page) if m != mandate)
        evidence = c.call("GET", f"/me/mandates/{given}/evidence/file")[1]
        self.assertTrue(self.verify(evidence, "--person", first, "--organisation", self.organisation, "--role", "head")["proven"])
        e = self.enrol(employee)
        page = e.call("GET", "/me/mandates")[1]
        self.assertIn("Employee of an organisation", page)
        self.assertEqual(e.call("GET", f"/me/mandates/{given}/evidence")[0].status, 200)
        self.assertEqual(e.press(page, "/me/act", mandate=given)[0].status, 303)
        self.assertEqual(e.call("GET", "/me/mandates/signed")[0].status, 403)  # an employee gives none on
        self.assertEqual(c.call("POST", "/me/mandates/signed", {"number": employee})[0].status, 403)  # no form token
        self.assertEqual(c.press(c.call("GET", "/me/mandates")[1], "/me/mandates/end", mandate=given)[0].status, 303)
        self.assertIn("has ended", e.call("GET", "/me/mandates")[1])

    def test_a_file_is_taken_as_der_pem_and_base64(self):
        cert = self.person(self.numbers[2])
        for make in (lambda f: a.pem("CMS", f), lambda f: a.pem("PKCS7", f), lambda f: base64.b64encode(f).decode()):
            c = Client(self.port)
            where, text = c.begin()
            status, page = c.give(where, make(a.sign(cert, text)))
            self.assertEqual(status, 303, page[-300:])
        for file in (a.sign(cert, b"-"), None):
            c = Client(self.port)
            where, text = c.begin()
            status, page = self.upload(c, where, a.sign(cert, text) if file else b"")
            self.assertEqual(status, 303 if file else 422, page[-300:])

    def upload(self, c, where, file, token=None, boundary="xXx"):
        page = c.call("GET", where)[1]
        token = c.token(page, where + "/file") if token is None else token
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n--{boundary}\r\n'
                f'Content-Disposition: form-data; name="file"; filename="text.p7s"\r\nContent-Type: application/octet-stream\r\n\r\n').encode()
        body += file + f"\r\n--{boundary}--\r\n".encode()
        connection = __import__("http.client").client.HTTPConnection("localhost", self.port, timeout=20)
        connection.request("POST", where + "/file", body, {
            "Host": f"localhost:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in c.cookies.items()),
            "Origin": f"http://localhost:{self.port}", "Content-Type": f"multipart/form-data; boundary={boundary}"})
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        return answer.status, page

    def test_what_is_refused_is_refused_in_words(self):
        number = self.numbers[3]
        good = self.person(number)
        other = self.other_ca.leaf(a.person_name("IIN" + number))
        forged = a.certificate(self.ca.key, a.person_name("IIN" + number), self.ca.nca, signer=self.other_ca.nca.key, extensions=a.leaf_extensions())
        cases = [
            ("forged", lambda t: a.sign(forged, t), "did not sign it"),
            ("other-authority", lambda t: a.sign(other, t), "issued by nobody"),
            ("expired", lambda t: a.sign(self.person(number, start=NOW - YEAR, end=NOW - DAY), t, signed_at=NOW - 2 * DAY), "had expired"),
            ("not-yet", lambda t: a.sign(self.person(number, start=NOW + DAY, end=NOW + YEAR), t, signed_at=None), "not yet valid"),
            ("login-key", lambda t: a.sign(self.person(number, usage=("sign", "encipher"), extended=(a.LOGIN, a.PERSON), policy="1.2.398.3.3.2.4"), t),
             "may not be used for this"),
            ("re-wrapped", lambda t: a.cms([a.signer_info(good, b"another text")], [good], t), "not the one that was signed"),
            ("other-text", lambda t: a.sign(good, t + b"!"), "not the one inside the signed file"),
            ("no-number", lambda t: a.sign(self.services.knows(self.ca.leaf(a.name(("2.5.4.3", "X")))), t), "no person&#39;s number"),
            ("impossible", lambda t: a.sign(self.person("123456789011"), t), "not a possible number"),
            ("two", lambda t: a.cms([a.signer_info(good, t), a.signer_info(good, t)], [good], t), "several signatures"),
            ("nothing", lambda t: b"hello", "not a signature of the form"),
            ("unknown", None, None)]
        for name, make, words in cases[:-1]:
            with self.subTest(name):
                c = Client(self.port)
                where, text = c.begin()
                status, page = c.give(where, make(text))
                self.assertEqual(status, 422, page[-300:])
                self.assertIn(words, said(page))
                self.assertNotIn(where + "/done", page)
                self.assertEqual(c.call("GET", "/me")[0].status, 401)
        for mood, words in (("revoked", "was revoked"), ("unknown", "does not know this certificate")):
            with self.subTest(mood):
                self.services.mood = mood
                c = Client(self.port)
                where, text = c.begin()
                self.assertIn(words, said(c.give(where, a.sign(good, text))[1]))

    def test_refusals_are_in_the_readers_language(self):
        for language, words in (("ru", "принадлежит другому человеку"), ("kk", "басқа адамдікі"), ("en", "another person&#39;s")):
            c = self.enrol(self.numbers[4], language)
            where, text = c.begin()  # logged in: the signature must be the same person's
            self.assertIn(words, said(c.give(where, a.sign(self.person(self.numbers[1]), text))[1]))

    def test_another_browser_and_another_time(self):
        cert = self.person(self.numbers[1])
        c, thief = Client(self.port), Client(self.port)
        where, text = c.begin()
        thief.begin()
        self.assertEqual(thief.call("GET", where)[0].status, 404)
        self.assertEqual(thief.call("GET", where + "/text")[0].status, 404)
        signed = a.sign(cert, text)
        self.assertEqual(c.give(where, signed)[0], 303)
        other, text_2 = c.begin()
        self.assertIn("not the one inside", said(c.give(other, signed)[1]))  # replayed
        self.assertIn("not the one that was signed", said(c.give(other, a.sign(cert, text, detached=True))[1]))
        page = c.call("GET", "/login/signature")[1]
        self.assertEqual(c.call("POST", where, {"signature": "AA=="})[0].status, 403)  # no form token
        self.assertEqual(c.call("POST", where + "/done", {})[0].status, 403)
        self.assertEqual(self.upload(c, other, signed, token="x")[0], 403)
        self.assertEqual(c.call("POST", "/login/signature", {"token": c.token(page, "/login/signature")}, {"Origin": "http://evil"})[0].status, 403)

    def test_a_number_that_nobody_has(self):
        c = Client(self.port)
        where, text = c.begin()
        self.assertEqual(c.give(where, a.sign(self.person("900101390459"), text))[0], 303)
        answer, page = c.done(where)
        self.assertEqual(answer.status, 403)
        self.assertIn("not known here", page)

    def test_what_cannot_be_asked_waits_as_the_folder_says(self):
        for mood in ("error", "late", "lie"):
            with self.subTest(mood):
                self.services.mood = mood
                c = Client(self.port)
                where, text = c.begin()
                status, page = c.give(where, a.sign(self.person(self.numbers[2]), text))
                self.assertEqual(status, 422)
                if mood == "error":
                    self.assertIn("try again in a few minutes", said(page))
                    self.services.mood = "good"
                    self.assertEqual(c.press(page, where + "/again")[0].status, 303)
                    self.assertIn("The signature holds", c.call("GET", where)[1])
                else:
                    self.assertNotIn(where + "/done", page)

    def test_a_signing_key_opens_no_more_than_ones_own_page(self):
        c = self.enrol(self.numbers[3])
        page = c.call("GET", "/me/keys")[1]
        self.assertNotRegex(page, r'action="/me/keys/[0-9a-f]{64}/end"')
        self.assertEqual(c.call("GET", "/me/mandates")[0].status, 200)
        page = c.call("GET", "/me/mandates")[1]
        answer, page = c.press(page, "/me/mandates", number=self.numbers[4], scope="*", until="2026-12-30")
        self.assertIn("Your passkey first", page)  # it gives no mandate

    # --- an organisation ---

    def act_for(self, number, cert):
        c = self.enrol(number)
        where, text = c.begin("/me/organisation")
        self.assertIn("I head the organisation", text.decode())
        status, page = c.give(where, a.sign(cert, text))
        self.assertEqual(status, 303, page[-300:])
        return c, *c.done(where)

    def test_a_head_acts_by_certificate_and_register_both(self):
        first, second = self.numbers[0], self.numbers[4]
        c, answer, page = self.act_for(first, self.head(first, self.organisation))
        self.assertEqual(answer.status, 303, page[-300:])
        page = c.call("GET", "/me/mandates")[1]
        self.assertIn("Head of an organisation", page)
        mandate = re.search(r'/me/mandates/([0-9a-z]{26})/evidence', page)[1]
        page = c.call("GET", f"/me/mandates/{mandate}/evidence")[1]
        self.assertIn("it held when it was made, and holds", page)
        evidence = c.call("GET", f"/me/mandates/{mandate}/evidence/file")
        self.assertEqual(evidence[0].status, 200)
        file = self.folder / "head.evidence"
        file.write_text(evidence[1])
        done = subprocess.run([AINA, "verify", file, "--trust", self.rules, "--organisation", self.organisation, "--role", "head", "--json"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(json.loads(done.stdout)["proven"])
        stranger = self.enrol(second)
        self.assertEqual(stranger.call("GET", f"/me/mandates/{mandate}/evidence")[0].status, 404)
        self.assertEqual(stranger.call("GET", f"/me/mandates/{mandate}/evidence/file")[0].status, 404)
        # The certificate alone: the register names another.
        _, answer, page = self.act_for(second, self.head(second, self.organisation))
        self.assertEqual(answer.status, 403)
        self.assertIn("The register names somebody else", page)
        # The register alone: the certificate says only that one works there, or nothing of an organisation.
        for cert in (self.head(first, self.organisation, a.EMPLOYEE), self.person(first)):
            _, answer, page = self.act_for(first, cert)
            self.assertEqual(answer.status, 403)
            self.assertIn("does not say that you head", page)
        _, answer, page = self.act_for(first, self.head(first, "000740000728"))
        self.assertIn("not in the register here", page)

    # --- the phone ---

    def test_an_app_on_the_phone_signs(self):
        c = Client(self.port)
        where, text = c.begin()
        page = c.call("GET", where)[1]
        self.assertRegex(page, r'<svg class="qr" role="img".*<path stroke="#000" d="M4 4.5h7m')  # lines, and a colour to see them by
        self.assertIn(f"https://m.egov.kz/mobileSign?link=http%3A%2F%2Flocalhost%3A{self.port}%2Fsign%2F", page)
        status, asked = self.phone(where)
        self.assertEqual(status, 200)
        self.assertEqual(set(asked), {"description", "expiry_date", "organisation", "document"})
        self.assertIn("localhost", asked["description"])
        self.assertEqual(asked["document"]["auth_type"], "Token")
        token = asked["document"]["auth_token"]
        self.assertTrue(asked["document"]["uri"].endswith(where + "/phone/document"))
        self.assertEqual(self.phone(where, rest="/document")[0], 401)
        self.assertEqual(self.phone(where, rest="/document", token="0" * 26)[0], 401)
        status, document = self.phone(where, rest="/document", token=token)
        self.assertEqual((status, document["signMethod"]), (200, "CMS_SIGN_ONLY"))
        file = document["documentsToSign"][0]["document"]["file"]
        self.assertEqual(base64.b64decode(file["data"]), text)
        self.assertEqual(json.loads(c.call("GET", where + "/state")[1]), {"changed": False})
        wrong = base64.b64encode(a.sign(self.person(self.numbers[1]), b"x", detached=True)).decode()
        for bad in ("{", "[]", {"documentsToSign": []}, {"documentsToSign": [{"document": {"file": {"data": wrong}}}]}):
            status, answer = self.phone(where, "PUT", "/document", bad, token)
            self.assertEqual(status, 403, answer)
            self.assertRegex(answer["message"], "[а-я]")
        file["data"] = base64.b64encode(a.sign(self.person(self.numbers[1]), text, detached=True)).decode()
        self.assertEqual(self.phone(where, "PUT", "/document", document)[0], 401)
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 200)
        self.assertEqual(json.loads(c.call("GET", where + "/state")[1]), {"changed": True})
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 404)  # once
        answer = c.done(where)[0]
        self.assertEqual(answer.headers["Location"], "/me/keys")
        # The session is the browser's that asked, never the phone's.
        self.assertNotIn("aina", json.dumps(dict(answer.headers)).split("Location")[0].lower().split("set-cookie")[0])


class Acts(Place):
    """An act that law wants signed. The co-signer comes by a demonstration's button, which stands for their passkey."""
    serve = ("--demo",)

    def citizen(self):
        return self.demo(None)

    def test_a_co_signer_signs_and_the_case_keeps_it(self):
        applicant, owner = self.numbers[1], self.numbers[0]
        number = subprocess.run([DRIVER, self.place, "id.address", applicant, "0", "new-address=Абай 1", f"owner={owner}"], capture_output=True, text=True,
                                check=True).stdout.split()[0]
        c = self.citizen()
        path = f"/me/sign/{number}"
        for _ in range(50):
            answer, page = c.call("GET", path)
            if answer.status == 200:
                break
        self.assertIn("Абай 1", page)
        answer, page = c.press(page, path, answer="yes")
        self.assertEqual(answer.status, 303, page[-300:])
        where = answer.headers["Location"]
        self.assertRegex(where, "^/sign/")
        text = c.call("GET", where + "/text")[1].encode()
        self.assertIn("Абай 1", text.decode())
        # Another person's signature is not the owner's.
        self.assertIn("another person", said(c.give(where, a.sign(self.person(applicant), text))[1]))
        self.assertEqual(c.give(where, a.sign(self.person(owner), text))[0], 303)
        answer, page = c.done(where)
        self.assertEqual(answer.status, 200)
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page[page.index(f'action="{path}"'):]))
        self.assertEqual(fields["answer"], "yes")
        # For other words, another answer's form or another browser it is worth nothing: one is led to sign again.
        stranger = self.enrol(applicant)
        self.assertEqual(stranger.call("GET", path)[0].status, 404)
        answer, page = c.call("POST", path, fields)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, path))
        self.assertIn("signed and used already", c.call("GET", where)[1])
        page = c.call("GET", path)[1]
        self.assertNotIn("<form method=\"post\" action=\"" + path, page)
        # The applicant has the evidence, and it holds without us; its hash is in the log.
        self.assertRegex(stranger.call("GET", f"/me/cases/{number}")[1], rf'href="/me/cases/{number}/signature/\d+"')
        evidence = None
        for n in range(1, 8):
            answer, body = stranger.call("GET", f"/me/cases/{number}/signature/{n}/file")
            if answer.status == 200:
                self.assertIn("Абай 1", stranger.call("GET", f"/me/cases/{number}/signature/{n}")[1])
            evidence = body if answer.status == 200 else evidence
            for rest in ("", "/file"):
                self.assertEqual(c.call("GET", f"/me/cases/{number}/signature/{n}{rest}")[0].status, 404)  # it is not the owner's case
        file = self.folder / "case.evidence"
        file.write_text(evidence)
        done = subprocess.run([AINA, "verify", file, "--trust", self.rules, "--person", owner, "--json"], capture_output=True, text=True)
        self.assertTrue(json.loads(done.stdout)["proven"], done.stdout)
        entries = "".join(stranger.call("GET", link)[1] for link in set(re.findall(r'href="(/me/looks/\d+)"', stranger.call("GET", "/me/looks")[1])))
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), entries)

    @classmethod
    def authority(cls):
        """Here the application itself is signed too."""
        super().authority()
        path = cls.rules / "services/id.address.yaml"
        path.write_text(path.read_text().replace("\nactions:\n", """
actions:
  - id: file
    name: {kk: "Өтініш беру", ru: "Подать заявление", en: "File the application"}
    who: [applicant]
    from: [draft]
    does: file
    to: filed
    needs: [signature]
  - id: withdraw
    name: {kk: "Қайтарып алу", ru: "Отозвать", en: "Withdraw"}
    who: [applicant]
    from: [filed, returned]
    to: withdrawn
    needs: [signature]
""", 1))

    def test_an_application_and_its_withdrawal_are_signed(self):
        citizen = self.numbers[0]
        c = self.citizen()
        answer = c.press(c.call("GET", "/services/id.address")[1], "/services/id.address/start")[0]
        for _ in range(8):
            answer, page = c.call("GET", "/me/apply/id.address")
            if answer.status != 303:
                break
            where = answer.headers["Location"]
            typed = {"new-address": "Абай 3", "owner": self.numbers[3]}[where.split("/")[-1]]
            self.assertEqual(c.press(c.call("GET", where)[1], where, **{where.split("/")[-1]: typed})[0].status, 303)
        path = "/me/apply/id.address"
        for forged in ({}, {"signed": "0" * 26}):
            answer = c.press(page, path, **forged)[0]
            self.assertRegex(answer.headers["Location"], "^/sign/")
        text = c.call("GET", answer.headers["Location"] + "/text")[1]
        for words in ("I apply for", "Абай 3", self.numbers[3]):
            self.assertIn(words, text)
        answer, page, *_ = self.signed(c, answer, self.person(citizen))
        self.assertEqual(answer.status, 303, page[-400:])
        number = re.search("/me/cases/([A-Z0-9-]{14})", answer.headers["Location"])[1]
        page = c.call("GET", f"/me/cases/{number}/signature/1")[1]
        self.assertIn("I apply for", page)
        self.assertIn("it held when it was made, and holds", page)
        evidence = c.call("GET", f"/me/cases/{number}/signature/1/file")[1]
        self.assertTrue(self.verify(evidence, "--person", citizen)["proven"])
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), self.entries(c))
        path = f"/me/cases/{number}/withdraw"
        answer = c.press(c.call("GET", path)[1], path)[0]
        where = answer.headers["Location"]
        text = c.call("GET", where + "/text")[1].encode()
        self.assertIn(number, text.decode())
        self.assertIn("another person", said(c.give(where, a.sign(self.person(self.numbers[3]), text))[1]))
        answer = self.signed(c, answer, self.person(citizen))[0]
        self.assertEqual(answer.headers["Location"], f"/me/cases/{number}?done=yes")
        self.assertEqual(c.call("GET", f"/me/cases/{number}/signature/2")[0].status, 200)

    def test_without_a_signature_the_act_is_not_done(self):
        applicant, owner = self.numbers[1], self.numbers[0]
        number = subprocess.run([DRIVER, self.place, "id.address", applicant, "0", "new-address=Абай 2", f"owner={owner}"], capture_output=True, text=True,
                                check=True).stdout.split()[0]
        c = self.citizen()
        path = f"/me/sign/{number}"
        page = c.call("GET", path)[1]
        for forged in ({"signed": "0" * 26}, {"signed": "x"}, {}):
            answer = c.press(page, path, answer="yes", **forged)[0]
            self.assertRegex(answer.headers["Location"], "^/sign/")
        self.assertIn(f'action="{path}"', c.call("GET", path)[1])  # still asked


class Officials(Place):
    """What an official decides, signed: the land registrar of the worked example, in RSA."""
    serve = ("--demo",)
    service, case_form = "land.rights-reg", ("cadastral-number=registry:01-001", "contract=c.pdf")
    roles = (("state-corporation", "registration", "A registrar"), ("state-corporation", "registration", "Another registrar"),
             ("state-corporation", "administration", "An administrator"))
    languages = ("kk", "ru", "en")
    reader = "2.5.4.5"

    @classmethod
    def authority(cls):
        super().authority()
        cls.add_roles()

    @classmethod
    def add_roles(cls):
        demo = cls.rules / "demo.yaml"
        text = demo.read_text()
        at = text.index("\nlooks:") + 1
        words = lambda name: "{" + ", ".join(f'{code}: "{name}"' for code in cls.languages) + "}"
        roles = "".join(f"  - {{as: official, agency: {agency}, office: {office}, name: {words(name)}, about: {words(name)}}}\n" for agency, office, name in cls.roles)
        demo.write_text(text[:at] + roles + text[at:])

    def clerk_key(self, number, role=a.EMPLOYEE, organisation="940740000911"):
        return self.head(number, organisation, role)

    def citizen_key(self, number):
        return self.person(number)

    def file(self):
        return subprocess.run([DRIVER, self.place, self.service, self.numbers[1], "0", *self.case_form, *self.more()], capture_output=True, text=True,
                              check=True).stdout.split()[0]

    def more(self):
        return (f"counterparty={self.numbers[2]}",)

    def act(self, c, number, action="grant", **fields):
        """Sends the form; where none is shown, with the token and the version of another action's."""
        path, other = f"/desk/cases/{number}/do/{action}", f"/desk/cases/{number}/do/offer-hearing"
        page = c.call("GET", other)[1]
        return c.call("POST", path, {"token": c.token(page, other), "seen": re.search(r'name="seen" value="(\d+)"', page)[1], **fields})

    def test_an_official_decides_with_a_signature(self):
        clerk, admin, number = self.demo("A registrar"), self.demo("An administrator"), self.file()
        key = self.clerk_key(self.numbers[3])
        page = clerk.call("GET", f"/desk/cases/{number}/do/grant")[1]
        self.assertIn("your signing key is not confirmed yet", page)
        self.assertNotIn("<form method=\"post\" action=\"/desk/cases", page)
        answer, page = self.act(clerk, number)
        self.assertEqual(answer.status, 409)
        self.assertIn("Enter your signing key first", page)
        # The key is entered by signing with it, and by no citizen's key.
        where, text = clerk.begin("/desk/signing-key")
        self.assertIn("does not carry the role", said(clerk.give(where, a.sign(self.citizen_key(self.numbers[3]), text))[1]))
        self.assertEqual(clerk.give(where, a.sign(key, text))[0], 303)
        answer = clerk.done(where)[0]
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/desk/signing-key"))
        self.assertIn("It waits for an administrator", clerk.call("GET", "/desk/signing-key")[1])
        answer, page = self.act(clerk, number)
        self.assertEqual(answer.status, 409)
        self.assertIn("It waits for an administrator", page)
        # Confirmed by another person.
        self.assertEqual(clerk.call("GET", "/desk/admin/signing-keys")[0].status, 403)
        page = admin.call("GET", "/desk/admin/signing-keys")[1]
        self.assertNotIn(self.numbers[3], page)
        value = re.search(r'name="key" value="([^"]+)"', page)[1]
        confirm = "/desk/admin/signing-keys/confirm"
        self.assertEqual(admin.call("POST", confirm, {"key": value})[0].status, 403)  # no form token
        self.assertEqual(admin.press(page, confirm, key=value.split()[0] + " " + "0" * 26)[0].status, 422)
        self.assertEqual(admin.press(page, confirm, key=value)[0].status, 303)
        self.assertIn("you can sign acts", clerk.call("GET", "/desk/signing-key")[1])
        # Both are entries in the official's own list at the agency, which names no number; the administrator reads the same.
        code = value.split()[0]
        for page in (clerk.call("GET", "/me/office")[1], admin.call("GET", "/desk/admin/log/" + code)[1]):
            for words in ("A signing key for acts was entered", "signature, SHA-256 of its evidence", "The signing key for acts was confirmed"):
                self.assertIn(words, page)
            self.assertNotIn(self.numbers[3], page)
        # The act.
        answer, page = self.act(clerk, number)
        where = answer.headers["Location"]
        text = clerk.call("GET", where + "/text")[1]
        for words in (number, "the official with the staff code", "SHA-256 of the act as it is sent"):
            self.assertIn(words, text)
        for cert, words in ((self.clerk_key(self.numbers[4]), "another person"), (self.citizen_key(self.numbers[3]), self.not_an_officials)):
            self.assertIn(words, said(clerk.give(where, a.sign(cert, text.encode()))[1]))
        self.other_organisation(clerk, where, text)
        self.assertEqual(clerk.give(where, a.sign(key, text.encode()))[0], 303)
        # Not for another act, not by another official; each is led to sign anew, or told to enter a key.
        signed = where.split("/")[-1]
        answer, page = self.act(clerk, number, signed=signed, seen="2")
        self.assertEqual(answer.status, 409)
        other = self.demo("Another registrar")
        answer, page = self.act(other, number, signed=signed)
        self.assertIn("Enter your signing key first", page)
        second = self.file()
        answer, page = self.act(clerk, second, signed=signed)
        self.assertRegex(answer.headers["Location"], "^/sign/")
        self.assertNotEqual(answer.headers["Location"], where)
        answer, _, path, fields = self.send(clerk, where)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, f"/desk/cases?done={number}"))
        self.evidence(clerk, other, number, key)
        # Another official's key is not confirmed but dropped: that is an entry too.
        where, text = other.begin("/desk/signing-key")
        self.assertEqual(other.give(where, a.sign(self.clerk_key(self.numbers[4]), text))[0], 303)
        other.done(where)
        page = admin.call("GET", "/desk/admin/signing-keys")[1]
        value = re.search(r'name="key" value="([^"]+)"', page)[1]
        self.assertEqual(admin.call("POST", "/desk/admin/signing-keys/drop", {"key": value})[0].status, 403)  # no form token
        self.assertEqual(admin.press(page, "/desk/admin/signing-keys/drop", key=value)[0].status, 303)
        self.assertIn("The signing key for acts was dropped", other.call("GET", "/me/office")[1])
        self.assertNotIn("was dropped", clerk.call("GET", "/me/office")[1])

    not_an_officials = "not of this organisation"

    def other_organisation(self, clerk, where, text):
        self.assertIn("not of this organisation", said(clerk.give(where, a.sign(self.clerk_key(self.numbers[3], organisation="000740000728"), text.encode()))[1]))
        self.assertIn("does not carry the role", said(clerk.give(where, a.sign(self.clerk_key(self.numbers[3], role="1.2.398.3.3.4.1.2.4"), text.encode()))[1]))

    def applicant(self):
        return self.enrol(self.numbers[1])

    def evidence(self, clerk, other, number, key):
        page = clerk.call("GET", f"/desk/cases/{number}")[1]
        path = re.search(rf'href="(/desk/cases/{number}/signature/\d+)"', page)[1]
        page = clerk.call("GET", path)[1]
        for words in ("it held when it was made, and holds", "What was signed", number, "Whose word it rests on", "the official with the staff code"):
            self.assertIn(words, page)
        evidence = clerk.call("GET", path + "/file")[1]
        self.assertTrue(self.verify(evidence, "--person", self.numbers[3], *self.as_role)["proven"])
        self.assertTrue(self.verify(evidence, "--at", (NOW + 9 * YEAR).strftime("%Y-%m-%dT%H:%M:%SZ"), *self.as_role)["proven"])
        self.assertIn("Case " + number, clerk.call("GET", "/me/signatures")[1])
        # Without the right to it.
        self.assertEqual(Client(self.port).call("GET", path)[0].status, 401)
        self.assertEqual(self.demo(None).call("GET", path)[0].status, 403)
        self.assertEqual(clerk.call("GET", f"/desk/cases/{number}/signature/1")[0].status, 404)
        # The applicant has the same file, and its hash stands in the decision's entry.
        c = self.applicant()
        path = re.search(rf'href="(/me/cases/{number}/signature/\d+)"', c.call("GET", f"/me/cases/{number}")[1])[1]
        self.assertEqual(c.call("GET", path + "/file")[1], evidence)
        self.assertIn(hashlib.sha256(evidence.encode()).hexdigest(), self.entries(c))

    as_role = ("--role", "employee", "--organisation", "940740000911")


class KeyHouse:
    """The fictional town's authority: ECDSA, one level, roles among the policies, the number in another attribute."""
    policy = "2.999.7.3.1"

    def __init__(self):
        self.root = self.nca = a.certificate(a.Ecdsa(), a.name(("2.5.4.3", "Key house of Ainabulak (TEST)")), None, start=NOW - 5 * YEAR, end=NOW + 5 * YEAR,
                                             extensions=a.authority_extensions())
        self.key = a.Ecdsa()
        self.responder, self.tsa = self.service("Key house, answers", a.OCSP_SIGNING), self.service("Key house, clock", a.STAMPING, True)

    def service(self, cn, use, critical=False):
        return a.certificate(a.Ecdsa(), a.name(("2.5.4.3", cn)), self.root, start=NOW - 3 * YEAR, extensions=[
            a.extension("2.5.29.15", a.usage_bits("sign"), True), a.extension("2.5.29.37", a.seq(a.oid(use)), critical)])

    def leaf(self, number, *roles):
        subject = a.name(("2.5.4.3", "Deniz"), ("0.9.2342.19200300.100.1.1", "TOWN:" + number))
        return a.certificate(self.key, subject, self.root, extensions=[
            a.extension("2.5.29.15", a.usage_bits("commit"), True), a.extension("2.5.29.37", a.seq(a.oid("2.999.7.5.1"))),
            a.extension("2.5.29.32", a.seq(*(a.seq(a.oid(p)) for p in ("2.999.7.1.1", *roles))))])


class Town(Officials):
    """The same in another country: other methods, identifiers, numbers and rules, and not a line of the program."""
    jurisdiction, digits = "ainabulak", 9
    service, case_form = "new-address", ("street=registry:Old Street 2", "new-street=Market Street 1")
    roles = (("town-hall", "registrar", "A registrar"), ("town-hall", "registrar", "Another registrar"), ("town-hall", "personnel", "An administrator"))
    languages = ("en", "tr")
    as_role = ("--role", "clerk")
    not_an_officials = "does not carry the role"

    @classmethod
    def authority(cls):
        cls.ca = KeyHouse()
        cls.services = Services(cls.ca)
        trust = cls.rules / "trust/key-house.yaml"
        text = trust.read_text().replace("anchors: []", "anchors: [root.pem]")
        for old, new in (("http://keys.ainabulak.example/stamp", "/tsp"), ("http://keys.ainabulak.example/ocsp", "/ocsp"), ("http://keys.ainabulak.example/revoked.crl", "/crl")):
            text = text.replace(old, cls.services.base + new)
        trust.write_text(text)
        (cls.rules / "trust/root.pem").write_text(cls.ca.root.pem())
        cls.add_roles()

    def clerk_key(self, number, *_, **__):
        return self.services.knows(self.ca.leaf(number, "2.999.7.2.2"))

    def citizen_key(self, number):
        return self.services.knows(self.ca.leaf(number, "2.999.7.2.1"))

    def person(self, number):
        return self.citizen_key(number)

    def other_organisation(self, *_):
        pass  # the town has none

    def more(self):
        return ("owner=",)

    def test_a_resident_is_let_in(self):
        c = self.enrol(self.numbers[2])
        path = re.search(r'href="(/me/signatures/[0-9a-f]{64})"', c.call("GET", "/me/signatures")[1])[1]
        self.assertIn("Key house of Ainabulak", c.call("GET", path)[1])

    def test_the_towns_rules_are_shown_and_kept(self):
        c = Client(self.port)
        where, text = c.begin()
        page = c.call("GET", where)[1]
        self.assertIn("without one it is refused", page)
        self.assertNotIn("NCALayer", page)
        self.assertNotIn("data-sign", page)  # the town names neither a program nor an app: a file it is
        self.services.mood = "error"
        self.assertIn("rules ask for one", said(c.give(where, a.sign(self.person(self.numbers[2]), text))[1]))
        self.services.mood = "good"
        # A certificate as another country's authority writes it says nothing here: its anchor is not the town's.
        stranger = a.Authority(a.Ecdsa, "EC")
        self.assertIn("issued by nobody", said(c.give(where, a.sign(stranger.leaf(), text))[1]))


if __name__ == "__main__":
    unittest.main()
