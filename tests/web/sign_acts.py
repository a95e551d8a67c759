#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Acts that law wants signed: an applicant's, a withdrawal, a co-signer's; the case keeps the evidence."""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "signature")]
import authority as a  # noqa: E402
from devices import AINA  # noqa: E402
from sign_place import DRIVER, Place, main, said  # noqa: E402


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


if __name__ == "__main__":
    main()
