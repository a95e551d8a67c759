#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When the time that the folder names is over, a shard loses its keys, with a record in the log: its entries stay counted and are read by
nobody, the log stays provable, and fsck tells destroyed from lost. kill -9 at each step; beside a running server."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.parse

from place import ROOT, Place, Server, aina

SHIM, KILL = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
YEARS = 6 * 366 * 86400


class Retire(unittest.TestCase):
    def setUp(self):
        self.take(Place(jurisdiction="ainabulak", people=12))

    def take(self, place):
        self.place = place
        self.addCleanup(self.place.remove)
        self.keys = self.place.folder / "keys"
        self.later = {"LD_PRELOAD": SHIM, "BAD_FAULT": f"clock:{YEARS}"}
        self.old = sorted(p.name for p in self.keys.glob("shard-*"))
        self.assertEqual(len(self.old), 2)
        self.number = self.old[0].split("-")[1]

    def shards(self, env=None):
        return json.loads(aina("keys", "retire", self.place.folder, "--json", env=env)[1])

    def test_kept_until_its_time_is_over(self):
        shard = self.shards()[0]
        self.assertFalse(shard["over"])
        code, out, err = aina("keys", "retire", self.place.folder, "--now")
        self.assertEqual(code, 0, err)
        self.assertIn("nothing was destroyed", out)
        self.assertTrue((self.keys / self.old[0]).exists())
        # lost keys are no destroyed keys
        for name in self.old:
            (self.keys / name).rename(self.place.base / name)
        code, out, err = aina("fsck", self.place.folder)
        self.assertEqual(code, 1)
        self.assertIn(f"the keys of shard {self.number} are not there", out)

    def test_destroyed_beside_a_server(self):
        server = Server(self.place.folder, "--demo", env=self.later)
        self.addCleanup(server.kill)
        person = aina("token", self.place.folder, "person", self.place.numbers[0], env=self.later)[1].strip()
        before = json.loads(server.call("GET", "/api/me/entries", person)[1])
        listed = aina("keys", "retire", self.place.folder, env=self.later)[1]
        self.assertIn("WOULD GO", listed)
        self.assertIn("1 of 2 shards", listed)
        self.assertTrue((self.keys / self.old[0]).exists())  # to list is not to destroy
        code, out, err = aina("keys", "retire", self.place.folder, "--now", env=self.later)
        self.assertEqual(code, 0, err)
        self.assertIn("keys of 1 shards are destroyed", out)
        self.assertEqual([n for n in self.old if (self.keys / n).exists()], [])
        answer, after = server.call("GET", "/api/me/entries", person)
        self.assertEqual(answer.status, 200)
        self.assertEqual(json.loads(after).get("total"), before.get("total"))  # counted as before
        self.assertEqual(server.call("GET", "/metrics")[0].status, 200)
        self.shown_to_the_person(server)
        size = int(server.call("GET", "/log/checkpoint")[1].splitlines()[1])
        said = [c for a, c in (server.call("GET", f"/log/record/{n}") for n in range(size)) if a.status == 200 and '"destroyed"' in c]
        self.assertEqual(len(said), 1)
        self.assertEqual(json.loads(said[0])["number"], int(self.number))
        self.assertEqual(server.stop(), 0)
        self.good_and_destroyed()

    def shown_to_the_person(self, server):
        """In words that do not say that somebody erased it."""
        answer, page = server.call("GET", "/demo")
        cookie = answer.headers["Set-Cookie"].split(";")[0] if answer.headers["Set-Cookie"] else ""
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        who = re.search(r'name="who" value="(\d+)"', page)[1]
        site = f"http://127.0.0.1:{server.port}"
        answer, _ = server.call("POST", "/demo", body=f"token={urllib.parse.quote(token)}&who={who}", headers={
            "Content-Type": "application/x-www-form-urlencoded", "Origin": site, "Cookie": cookie})
        self.assertEqual(answer.status, 303)
        cookie = "; ".join(c.split(";")[0] for c in [cookie, *answer.headers.get_all("Set-Cookie")])
        page = server.call("GET", "/me/looks", headers={"Cookie": cookie, "Accept-Language": "en"})[1]
        self.assertIn("The key of this entry was destroyed after the years of keeping", page)
        self.assertNotIn("Erased", page)
        one = re.search(r'href="(/me/looks/\d+)">The key of this', page)[1]
        self.assertIn("the destruction is a public record", server.call("GET", one, headers={"Cookie": cookie, "Accept-Language": "en"})[1])

    def good_and_destroyed(self):
        code, out, err = aina("fsck", self.place.folder, "--json", env=self.later)
        self.assertEqual(code, 0, out + err)
        self.assertGreater(json.loads(out)["destroyed"], 0)

    def test_killed_at_each_step_on_postgresql(self):
        url = os.environ.get("AINA_TEST_PG")
        if not url:
            self.skipTest("AINA_TEST_PG is not set; run through tests/postgres.sh")
        name = f"retire_{os.getpid()}"
        subprocess.run(["psql", "-q", "-d", url, "-c", f"CREATE DATABASE {name}"], check=True)
        self.addCleanup(subprocess.run, ["psql", "-q", "-d", url, "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=True)
        self.take(Place(jurisdiction="ainabulak", people=12, init=["--db", url.replace("/aina?", f"/{name}?")]))
        self.test_killed_at_each_step()

    def test_killed_at_each_step(self):
        self.assertEqual(aina("rekey", self.place.folder, env=self.later)[0], 0)  # a start: the new quarter begins
        for at in (1, 2, 2, 2, 2):  # before the record; before each of both keys is none any more, and before it is gone
            env = self.later | {"LD_PRELOAD": f"{KILL} {SHIM}", "KILL_FILES": "/keys/", "KILL_AT": str(at)}
            self.assertEqual(aina("keys", "retire", self.place.folder, "--now", env=env)[0], -signal.SIGKILL)
            code, _, err = aina("rekey", self.place.folder, env=self.later)
            self.assertEqual(code, 0, err)
            code, out, err = aina("fsck", self.place.folder, env=self.later)
            self.assertEqual(code, 0, out + err)
        self.assertEqual(aina("keys", "retire", self.place.folder, "--now", env=self.later)[0], 0)
        self.assertEqual([p.name for p in self.keys.glob(f"shard-{self.number}-*")], [])
        self.assertEqual(sum('"destroyed"' in line for line in (self.keys / "events").read_text().splitlines()), 1)
        self.good_and_destroyed()
        code, out, _ = aina("keys", "retire", self.place.folder, "--now", env=self.later)
        self.assertIn("nothing was destroyed", out)

    def test_a_folder_that_names_no_end(self):
        rules = self.place.base / "rules"
        shutil.copytree(ROOT / "jurisdictions/ainabulak", rules)
        file = rules / "jurisdiction.yaml"
        text = file.read_text()
        file.write_text("".join(line for line in text.splitlines(True) if not line.startswith("retention")))
        other = self.place.base / "other"
        self.assertEqual(aina("init", other, "--jurisdiction", rules, "--yes", "--segment-mib", 2)[0], 0)
        self.assertIn("names no end", aina("keys", "retire", other)[1])
        for words in ("{entries: 0}", "{entries: 16}", "{}", "{entries: x}"):
            file.write_text(text.replace("{entries: 5}", words))
            code, out, err = aina("check", rules)
            self.assertEqual(code, 1, words)
            self.assertIn("entries", out + err)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for _, why in result.skipped:
        print("SKIPPED:", why)
    sys.exit(not result.wasSuccessful())
