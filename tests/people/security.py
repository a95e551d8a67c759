#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/security.md names tests: each is there, and runs."""
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])


class Security(unittest.TestCase):
    def test_every_named_test_is_there(self):
        named = re.findall(r"^- (tests/\S+): (\w+)$", (ROOT / "docs/security.md").read_text(), re.M)
        self.assertGreater(len(named), 40)
        for path, name in named:
            text = (ROOT / path).read_text()
            if path.endswith(".py"):
                self.assertIn(f"    def {name}(self", text, path)
            elif name.startswith("fuzz_"):
                self.assertIn(f"void {name}(struct str", text, path)
            else:
                self.assertRegex(text, rf"(?:cmocka_unit_test\w*|WITH)\(\s*{name}\b", f"{path}: {name}")

    def test_every_threat_is_answered(self):
        sections = re.split(r"^\*\*", (ROOT / "docs/security.md").read_text(), flags=re.M)[1:]
        self.assertGreater(len(sections), 20)
        for section in sections:
            self.assertTrue(re.search(r"^- tests/", section, re.M) or "*Remains*" in section, section[:80])


if __name__ == "__main__":
    unittest.main()
