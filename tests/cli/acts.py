#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Erasure and court orders by command, beside a running server and without one; what fsck says afterwards."""
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
if os.geteuid() == 0:
    os.environ.setdefault("AINA_USER", "root")


def aina(*args, stdin="", env=None):
    done = subprocess.run([AINA, *map(str, args)], input=stdin, capture_output=True, text=True, env=env, timeout=100)
    return done.returncode, done.stdout, done.stderr


class Acts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-acts-"))
        self.place = self.folder / "place"
        self.server = None
        aina("init", self.place, "--jurisdiction", ROOT / "jurisdictions/kz", "--yes")
        self.numbers = aina("demo", self.place, "--people", 30)[1].split(":")[1].split()
        self.doctor = aina("token", self.place, "official", "health-clinic-5-01")[1].strip()
        self.person = aina("token", self.place, "person", self.numbers[0])[1].strip()

    def tearDown(self):
        self.stop()
        shutil.rmtree(self.folder)

    def serve(self):
        self.server = subprocess.Popen([AINA, "serve", self.place, "--port", "0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.server.stdout.readline().split(":")[2].split("/")[0])

    def stop(self):
        if self.server is not None:
            self.server.terminate()
            self.assertEqual(self.server.wait(20), 0)
            self.server.stdout.close()
            self.server = None

    def call(self, method, path, token, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def look(self, token=None, **members):
        body = {"purpose": "treatment", "registry": "population", "number": self.numbers[0], "case": "treatment-1"}
        return self.call("POST", "/api/looks", token or self.doctor, body | members)

    def entries(self):
        return json.loads(self.call("GET", "/api/me/entries", self.person)[1])["entries"]

    def erase(self, *what):
        return aina("erase", self.place, "--person", self.numbers[0], *what, "--article", "Law 94-V, article 25",
                    "--by", "ombudsman-audit-01")

    def test_erasure_beside_a_server_and_without_one(self):
        self.serve()
        first, second = (json.loads(self.look()[1])["entry"] for _ in range(2))
        code, out, err = self.erase("--entry", first)
        self.assertEqual(code, 0, err)
        self.assertIn("erased", out)
        seen = {e["leaf"]: e["entry"] for e in self.entries()}
        self.assertIsNone(seen[first])
        self.assertEqual(seen[second]["kind"], "look")
        newest = self.entries()[0]["entry"]
        self.assertEqual((newest["kind"], newest["basis"], newest["actor"]),
                         ("erasure", "Law 94-V, article 25", "ombudsman-audit-01"))
        self.assertEqual(self.erase("--entry", first)[0], 1)
        code, out, err = self.erase("--files")
        self.assertEqual((code, err), (0, ""), err)
        self.assertIn("0 files.", out)
        self.assertEqual(self.erase("--files", "--entry", first)[0], 2)
        code, out, err = aina("fsck", self.place)
        self.assertEqual(code, 0, out + err)
        self.assertIn("1 erased", out)
        self.assertEqual(self.erase("--registry", "population")[0], 0)
        self.assertEqual(json.loads(self.look()[1])["records"], [])
        self.stop()
        self.assertEqual(self.erase("--entry", second)[0], 0)
        code, out, err = aina("fsck", self.place)
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 erased", out)

    def test_a_purpose_may_ask_for_a_surer_log_in(self):
        self.stop()
        folder, place = self.folder / "kz", self.folder / "surer"
        shutil.copytree(ROOT / "jurisdictions/kz", folder)
        demo = (folder / "demo.yaml").read_text()  # without a level of its own, a demonstration's token is the weakest of log-ins
        (folder / "demo.yaml").write_text(re.sub(r"(?m)^level:.*\n", "", demo))
        self.place = place
        self.assertEqual(aina("init", place, "--jurisdiction", folder, "--yes")[0], 0)
        numbers = aina("demo", place, "--people", 10)[1].split(":")[1].split()
        doctor = aina("token", place, "official", "health-clinic-5-01")[1].strip()
        self.person = aina("token", place, "person", numbers[0])[1].strip()
        self.serve()
        body = {"purpose": "treatment", "registry": "population", "number": numbers[0], "case": "treatment-1"}
        status, text = self.call("POST", "/api/looks", doctor, body)
        self.assertEqual((status, json.loads(text)["reason"]), (403, "level-low"))
        self.assertNotIn("records", text)
        newest = self.entries()[0]["entry"]  # the refusal is an entry like any other
        self.assertEqual((newest["outcome"], newest["reason"], newest["levels"]), ("refused", "level-low", "ial0.aal0.demo"))

    def test_a_mandate_by_command_is_told_to_the_person(self):
        self.serve()  # beside it, the server writes the entry
        code, out, err = aina("mandate", self.place, "court-appointed", self.numbers[1], self.numbers[0], "--ground", "act 5 of 2026", "--until",
                              str(datetime.date.today() + datetime.timedelta(days=30)))
        self.assertEqual(code, 0, err)
        newest = self.entries()[0]["entry"]
        self.assertEqual((newest["kind"], newest["outcome"], newest["capacity"], newest["mandate"], newest["actor"], newest["reason"]),
                         ("mandate", "given", "court-appointed", out.strip(), "operator", "act 5 of 2026"))
        code, out, err = aina("enrol", self.place, "person", self.numbers[0])
        self.assertEqual(code, 0, err)
        newest = self.entries()[0]["entry"]
        self.assertEqual((newest["kind"], newest["outcome"], newest["actor"]), ("log-in", "code-issued", "operator"))

    def test_an_order_beside_a_server_opens_a_sealed_look(self):
        key, passphrase = self.folder / "supervisor.key", "correct horse battery"
        self.assertEqual(aina("order", "supervisor", key, stdin=f"{passphrase}\nanother one here\n")[0], 2)
        self.assertFalse(key.exists())
        code, out, err = aina("order", "supervisor", key, stdin=f"{passphrase}\n{passphrase}\n")
        self.assertEqual(code, 0, err)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.serve()
        prosecutor = aina("token", self.place, "official", "prosecutor-investigation-01")[1].strip()
        body = {"purpose": "investigation", "registry": "vehicles", "number": self.numbers[0], "order": "k-12.2026"}
        status, text = self.call("POST", "/api/looks", prosecutor, body)
        self.assertEqual((status, json.loads(text)["reason"]), (403, "order-missing"))
        today = datetime.date.today()
        days = [str(today + datetime.timedelta(days=n)) for n in (-1, 20, 300)]
        grant = ["order", "grant", self.place, "--key", key, "--order", "k-12.2026", "--agency", "prosecutor", "--purpose",
                 "investigation", "--person", self.numbers[0], "--from", days[0], "--until", days[1], "--opens", days[2],
                 "--basis", "Almaty city court, article 245"]
        self.assertEqual(aina(*grant, stdin="the wrong passphrase\n")[0], 1)
        code, out, err = aina(*grant, stdin=passphrase + "\n")
        self.assertEqual(code, 0, err)
        self.assertEqual(aina(*grant, stdin=passphrase + "\n")[0], 1)
        status, text = self.call("POST", "/api/looks", prosecutor, body)
        self.assertEqual(status, 200, text)
        self.assertNotIn(json.loads(text)["entry"], [e["leaf"] for e in self.entries()])
        code, out, err = aina("order", "list", self.place)
        self.assertEqual(code, 0, err)
        self.assertIn("k-12.2026  prosecutor  investigation", out)
        self.stop()
        code, out, err = aina("order", "month", self.place, str(today)[:7], "--key", key, stdin=passphrase + "\n")
        self.assertEqual(code, 0, err)
        self.assertIn("orders <10\n", out)
        self.assertEqual(aina("order", "month", self.place, "2026-13", "--key", key, stdin=passphrase + "\n")[0], 2)
        self.assertEqual(aina("order", "grant", self.place)[0], 2)
        self.assertEqual(aina("order")[0], 2)
        code, out, err = aina("fsck", self.place)
        self.assertEqual(code, 0, out + err)

    def test_words_that_are_off_erase_nothing(self):
        for args, code in (([], 2), (["--entry", "x"], 2), (["--entry", "5", "--registry", "population"], 2),
                           (["--registry", "nothing"], 1), (["--entry", "999999"], 1)):
            got, _, err = self.erase(*args)
            self.assertEqual(got, code, err)
            self.assertTrue(err.startswith("aina: "), err)
        got, _, err = aina("erase", self.place, "--person", "123", "--entry", 1, "--article", "a", "--by", "x")
        self.assertEqual(got, 1)
        self.assertIn("--person", err)
        got, _, err = aina("erase", self.place, "--person", self.numbers[0], "--entry", 1, "--article", "a", "--by", "x")
        self.assertEqual(got, 1)
        self.assertIn("--by", err)


if __name__ == "__main__":
    unittest.main()
