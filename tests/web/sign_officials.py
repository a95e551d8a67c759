#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What officials decide, signed with a key of the certificate authority; and the same in another country, in which not a line of
the program differs."""
import hashlib
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "signature")]
import authority as a  # noqa: E402
from authority import NOW, YEAR  # noqa: E402
from authority_services import Services  # noqa: E402
from sign_place import DRIVER, Client, Place, main, said  # noqa: E402


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
    main()
