#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Help, manual and operator's page say the same as the program."""
import re
import shutil
import subprocess
import unittest

from place import ROOT, aina


def options(text):
    return set(re.findall(r"--[a-z][a-z-]*", text))


def by_command(usages):
    """{command: options} of lines like 'serve DIR [--port PORT]' or 'x ... | x ...'."""
    told = {}
    for usage in usages:
        told.setdefault(usage.split()[0], set()).update(options(usage))
    return told


class Words(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.help = aina("--help")[1]
        cls.usages = re.findall(r"(?m)^  aina (.+)$", cls.help)
        cls.manual = (ROOT / "docs/aina.1").read_text().replace("\\-", "-")

    def test_the_manual_has_every_command_and_no_other(self):
        told = by_command(self.usages)
        written = by_command(usage for line in re.findall(r"(?m)^\.B aina (.+)$", self.manual) for usage in line.split(" | aina ")
                             if len(line.split()) > 1)
        self.assertGreaterEqual(len(told), 13)
        self.assertEqual(sorted(told), sorted(written))
        for command, usage in zip((u.split()[0] for u in self.usages), self.usages):
            if " ..." in usage:  # the manual has the rest
                self.assertLessEqual(told[command], written[command], command)
            else:
                self.assertEqual(told[command], written[command], command)

    def test_each_command_says_the_same_of_itself(self):
        for usage in self.usages:
            code, out, _ = aina(usage.split()[0], "--help")
            self.assertEqual(code, 0)
            self.assertIn(usage, out)

    def test_refused_words_show_the_same_usage(self):
        for usage in self.usages:
            code, _, err = aina(usage.split()[0], "--no-such-option", "x", "y", "z")
            self.assertEqual(code, 2, usage)
            for shown in re.findall(r"usage: aina (.+)", err):
                self.assertLessEqual(options(shown), options(usage) if " ..." not in usage else options(shown), usage)

    def test_the_manual_is_well_formed(self):
        if shutil.which("man") is None:
            print("note: man is not installed")
            return
        done = subprocess.run(["man", "--warnings", "-l", ROOT / "docs/aina.1"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for section in ("EXIT STATUS", "SIGNALS", "ENVIRONMENT", "RECOVERY", "ERASURE", "FILES"):
            self.assertIn(f".SH {section}", self.manual)

    def test_the_messages_of_the_operators_page_are_the_programs(self):
        source = ""
        for file in sorted((ROOT / "src").rglob("*.c")):
            source += re.sub(r'"\s*\n\s*"', "", file.read_text(encoding="utf-8"))
        page = (ROOT / "docs/operating.md").read_text()
        night = page[page.index("## At night"):]
        quoted = [line.split("`")[1].removeprefix("ALERT: ").removesuffix(": …") for line in night.splitlines() if line.startswith("| `")]
        self.assertGreaterEqual(len(quoted), 18)
        outside = {"Read-only file system"}  # the system's own words
        self.assertEqual([words for words in quoted if words not in outside and words not in source], [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
