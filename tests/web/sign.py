#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing on our pages with a certificate authority's key: to make a passkey, to act for an organisation, to give a mandate; by file
and by an app on the phone; and what is refused: forged, expired, revoked, another's, replayed, re-wrapped."""
import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "signature")]
import authority as a  # noqa: E402
from authority import DAY, NOW, YEAR  # noqa: E402
from devices import AINA, ROOT  # noqa: E402
from sign_place import Client, Place, main, said  # noqa: E402


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

    def test_a_key_of_the_national_gost(self):
        c = Client(self.port, "kk")
        where, text = c.begin()
        cert = self.services.knows(self.gost.leaf(a.person_name("IIN" + self.numbers[3])), self.gost.nca)
        self.assertEqual(c.give(where, a.sign(cert, text, key=a.Gost()))[0], 422)  # by another key of the same curve
        self.assertEqual(c.give(where, a.sign(cert, text))[0], 303)
        self.assertEqual(c.done(where)[0].headers["Location"], "/me/keys")
        path = re.search(r'href="(/me/signatures/[0-9a-f]{64})"', c.call("GET", "/me/signatures")[1])[1]
        self.assertTrue(self.verify(c.call("GET", path + "/file")[1], "--person", self.numbers[3])["proven"])

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
                self.assertRegex(page, 'role="alert"><h2>[^<]*</h2><p>[^<]*</p><p>(Choose|Save|Get|Sign|Set|Ask) ')  # what would mend it
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

    def test_where_nobody_answers_the_list_of_revoked_certificates_is_asked(self):
        self.services.mood = "list"
        c = Client(self.port)
        where, text = c.begin()
        cert = self.person(self.numbers[4])
        self.assertEqual(c.give(where, a.sign(cert, text))[0], 303)
        self.assertEqual(c.done(where)[0].status, 303)
        path = re.search(r'href="(/me/signatures/[0-9a-f]{64})"', c.call("GET", "/me/signatures")[1])[1]
        self.assertIn("Not revoked, by the revocation list of", c.call("GET", path)[1])
        self.assertTrue(self.verify(c.call("GET", path + "/file")[1], "--person", self.numbers[4])["proven"])

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
        state = re.search(r'data-state="([^"]+)"', page)[1]
        self.assertEqual(json.loads(c.call("GET", state)[1]), {"changed": False})
        self.assertEqual(json.loads(c.call("GET", where + "/state?seen=x")[1]), {"changed": False})
        wrong = base64.b64encode(a.sign(self.person(self.numbers[1]), b"x", detached=True)).decode()
        for bad in ("{", "[]", {"documentsToSign": []}, {"documentsToSign": [{"document": {"file": {"data": wrong}}}]}):
            status, answer = self.phone(where, "PUT", "/document", bad, token)
            self.assertEqual(status, 403, answer)
            self.assertRegex(answer["message"], "[а-я]")
        self.assertIn("подпишите именно этот файл", answer["message"])  # what would mend it
        self.assertEqual(json.loads(c.call("GET", state)[1]), {"changed": True})  # the page shows the refusal, and goes on waiting
        state = re.search(r'data-state="([^"]+)"', c.call("GET", where)[1])[1]
        self.assertEqual(json.loads(c.call("GET", state)[1]), {"changed": False})
        file["data"] = base64.b64encode(a.sign(self.person(self.numbers[1]), text, detached=True)).decode()
        self.assertEqual(self.phone(where, "PUT", "/document", document)[0], 401)
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 200)
        self.assertEqual(json.loads(c.call("GET", state)[1]), {"changed": True})
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 404)  # once
        answer = c.done(where)[0]
        self.assertEqual(answer.headers["Location"], "/me/keys")
        # The session is the browser's that asked, never the phone's.
        self.assertNotIn("aina", json.dumps(dict(answer.headers)).split("Location")[0].lower().split("set-cookie")[0])


class Words(unittest.TestCase):
    def test_every_refusal_says_what_would_mend_it(self):
        codes = set(re.findall(r'X\((?:REFUSED|SIGNING_REFUSED)_\w+,\s+"([a-z-]+)"', "".join((ROOT / path).read_text().replace("\\\n", " ") for path in (
            "src/signature/refusal.h", "src/people/signing.h"))))
        table = re.search(r"mends\[\] = \{(.*?)\n\};", (ROOT / "src/web/sign.c").read_text(), re.S)[1]
        mended = re.findall(r"[a-z-]+", " ".join(re.findall(r'" ([a-z -]+) ?"', re.sub(r'"\s*\n\s*"', "", table))))
        self.assertGreater(len(codes), 55)
        self.assertEqual(sorted(codes - {"none", "staff-key", "unsure"}), sorted(mended))


if __name__ == "__main__":
    main()
