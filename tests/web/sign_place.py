# SPDX-License-Identifier: Apache-2.0
"""Where people sign: an instance whose folder trusts a test authority, the authority's services, and a browser without scripts."""
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
from authority_services import Services  # noqa: E402
from devices import AINA, ROOT, Stranger, aina  # noqa: E402

DRIVER = os.environ.get("CASE_DRIVER")


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
        cls.gost = a.Authority(a.Gost, "GOST")
        cls.services = Services(cls.ca)
        trust = cls.rules / "trust/knca.yaml"
        text = trust.read_text().replace("anchors: []", "anchors: [root.pem, root-gost.pem]").replace("intermediates: []", "intermediates: [nca.pem, nca-gost.pem]")
        for old, new in (("http://tsp.pki.gov.kz/", "/tsp"), ("http://ocsp.pki.gov.kz/", "/ocsp"), ("https://crl.pki.gov.kz/nca_rsa_2022.crl", "/crl")):
            text = text.replace(old, cls.services.base + new)
        trust.write_text(cls.front(text))
        for end, authority in (("", cls.ca), ("-gost", cls.gost)):
            (cls.rules / f"trust/root{end}.pem").write_text(authority.root.pem())
            (cls.rules / f"trust/nca{end}.pem").write_text(authority.nca.pem())

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


def main():
    good = unittest.main(module="__main__", exit=False).result.wasSuccessful()
    if a.Gost.tool:
        a.Gost.tool.terminate()
        a.Gost.tool.wait(10)
    sys.exit(not good)
