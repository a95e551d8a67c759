#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/keys.md as a script: every block of commands is run on a fresh instance, in the order of the page, with a server beside
from where the page starts one; what is to be typed is typed from the papers that were shown. systemctl, systemd-creds and systemd-run
are stand-ins: there is no systemd here."""
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import unittest

from place import AINA, ROOT

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SYSTEMCTL = """#!/bin/sh
stop() { if [ -f server.pid ]; then kill "$(cat server.pid)"; while kill -0 "$(cat server.pid)" 2>/dev/null; do sleep 0.05; done; rm server.pid; fi; }
start() {
    CREDENTIALS_DIRECTORY="$PWD/etc/credstore.encrypted" aina serve "$PWD/var/instance" --port 0 >served 2>&1 </dev/null &
    echo $! >server.pid
    until grep -q "Serving on" served; do kill -0 "$(cat server.pid)" || { cat served; exit 1; }; sleep 0.05; done
}
case $1 in start) start ;; stop) stop ;; restart) stop; start ;; *) exit 2 ;; esac
"""
CREDS = """#!/bin/sh
[ "$1 $2 $3" = "encrypt --with-key=host --name=aina-master" ] && install -m 400 "$4" "$5"
"""
RUN = """#!/bin/sh
while [ "$1" != aina ]; do shift; done
CREDENTIALS_DIRECTORY="$PWD/etc/credstore.encrypted" exec "$@"
"""


def blocks():
    text = (ROOT / "docs/keys.md").read_text()
    for info, body in re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```$", text, re.M | re.S):
        assert info in ("sh", "sh token"), info
        yield info, body.splitlines()


class Ceremony(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-ceremony-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        for folder in ("bin", "var", "etc/credstore.encrypted", "etc/aina", "tokens"):
            (self.top / folder).mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL), ("systemd-creds", CREDS), ("systemd-run", RUN)):
            (self.top / "bin" / name).write_text(text)
            (self.top / "bin" / name).chmod(0o755)
        (self.top / "bin/aina").symlink_to(AINA)
        (self.top / "jurisdictions").symlink_to(ROOT / "jurisdictions")
        (self.top / "etc/aina/pin").write_text("user-secret\n")
        (self.top / "etc/aina/pin").chmod(0o600)
        conf = self.top / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.top}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = dict(os.environ, PATH=f"{self.top}/bin:{os.environ['PATH']}", SOFTHSM2_CONF=str(conf))
        self.copy, self.shares, self.given = None, [], 0
        self.addCleanup(subprocess.run, ["systemctl", "stop"], cwd=self.top, env=self.env, executable=self.top / "bin/systemctl")

    def answer(self, said):
        """What a person at the keyboard types when the program has said this; None: nothing is asked."""
        line = said.rsplit("\n", 1)[-1]
        papers = [s.strip() for s in said.splitlines() if re.fullmatch(r"(\w{4}-){13,14}\w{4}", s.strip())]
        if line.endswith("that you have it: "):
            self.copy, self.shares = papers[-1], []
            return papers[-1][-4:]
        if line.endswith("will hold it: "):
            return "an office"
        if line.endswith("from the paper: "):
            if "share 1 of 5" in said and "share 2 of 5" not in said:
                self.shares = []
            self.shares.append(papers[-1])
            return papers[-1][-4:]
        if line.endswith("or a share (15 groups): "):
            self.given = 1
            return self.shares[4]
        if re.search(r"\d more: $", line):
            self.given += 1
            return self.shares[4 - self.given]
        return None

    def run_line(self, line):
        line = line.replace("/var/lib/aina/", "var/").replace("/etc/", f"{self.top}/etc/")
        p = subprocess.Popen(["sh", "-c", line], cwd=self.top, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = b""
        while chunk := (os.read(p.stdout.fileno(), 65536) if select.select([p.stdout], [], [], 60)[0] else b""):
            said += chunk
            typed = self.answer(said.decode())
            if typed is not None:
                said += b"\n"
                p.stdin.write(typed.encode() + b"\n")
                p.stdin.flush()
        p.stdin.close()
        p.stdout.close()
        self.assertEqual(p.wait(60), 0, f"{line}\n{said.decode()}")
        return said.decode()

    def test_the_page_is_followed_line_by_line(self):
        said = {}
        token = os.path.exists(MODULE) and shutil.which("softhsm2-util")
        for info, lines in blocks():
            if info == "sh token" and not token:
                print("SKIPPED: softhsm2 is not installed")
                continue
            if info == "sh token":
                subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "aina", "--so-pin", "so-secret", "--pin", "user-secret"],
                               check=True, capture_output=True, env=self.env)
            for line in lines:
                said[line] = self.run_line(line)
        shown = self.run_line("aina keys /var/lib/aina/instance")
        self.assertIn("NOT in this folder: a systemd credential", shown)
        self.assertEqual(shown.count("names a token"), 2 if token else 0)
        for key, what in (("instance", "made"), ("master", "split"), ("master", "restored"), ("master", "rotated"), ("log", "rotated"), ("log", "ended"),
                          ("shard", "begun-early")):
            self.assertRegex(shown, rf"    20\d\d-\S+Z  {key} {what}: ")
        self.assertRegex(shown, r"held by: 1\. an office, 2\. an office, 3\. an office, 4\. an office, 5\. an office")
        self.run_line("systemctl stop aina")
        self.run_line("systemd-run aina fsck /var/lib/aina/instance")
        # The page is whole: it names each key and each order that there is.
        page = (ROOT / "docs/keys.md").read_text()
        for name in re.findall(r'X\(KEY_\w+, "([\w-]+)"', (ROOT / "src/cli/keys.h").read_text()):
            self.assertIn(f"`{name}`", page)


if __name__ == "__main__":
    unittest.main()
