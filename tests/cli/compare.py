# SPDX-License-Identifier: Apache-2.0
"""A new version's rules on the past cases of a demonstration: counts only, and none that shows a small group."""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.path.insert(0, str(ROOT / "tests/cli"))
from place import aina  # noqa: E402

SERVICE = "soc.pension"


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="aina-compare-"))
        cls.place, cls.later = cls.base / "place", cls.base / "kz"
        assert aina("init", cls.place, "--jurisdiction", ROOT / "jurisdictions/kz", "--origin", "test.example/log", "--yes")[0] == 0
        code, out, err = aina("demo", cls.place, "--people", 1500)
        assert code == 0, err
        cls.numbers = re.findall(r"\b\d{12}\b", out)
        shutil.copytree(ROOT / "jurisdictions/kz", cls.later)
        file = cls.later / f"services/{SERVICE}.yaml"
        text = file.read_text()
        turned = re.sub(r"(?m)^examples:\n(?:  .*\n)+", "", text.replace("version: 1", "version: 2"))
        assert "pension-day <= today" in turned
        turned = turned.replace("pension-day <= today", "pension-day > today")
        turned += 'examples:\n  - {name: "later", given: {pension-day: 2099-01-01}, expect: {entitled: yes}}\n' \
                  '  - {name: "before", given: {pension-day: 2001-01-01}, expect: {entitled: no}}\n'
        file.write_text(turned)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.base)

    def test_the_same_rules_differ_nowhere(self):
        code, out, err = aina("service", "compare", ROOT / "jurisdictions/kz", SERVICE, "--data", self.place)
        self.assertEqual(code, 0, err)
        self.assertIn("entitled: comes out otherwise in none", out)

    def test_a_turned_rule_is_counted_and_shows_nobody(self):
        code, out, err = aina("service", "compare", self.later, SERVICE, "--data", self.place)
        self.assertEqual(code, 0, out + err)
        cases = int(re.search(r"Past cases: (\d+)", out)[1])
        self.assertRegex(out, r"entitled: comes out otherwise in (all|fewer|\d)")
        self.assertRegex(out, r"would have granted and would not now: (all|fewer|\d)")
        for n in re.findall(r"(?:in|now:) (\d+)", out):
            self.assertTrue(10 <= int(n) <= cases - 10, out)
        for number in self.numbers:
            self.assertNotIn(number, out)
        self.assertEqual(aina("fsck", self.place)[0], 0)

    def test_words(self):
        self.assertEqual(aina("service", "compare", self.later, SERVICE)[0], 2)
        self.assertEqual(aina("service", "compare", self.later, "no.such", "--data", self.place)[0], 1)
        self.assertEqual(aina("service", "compare", self.later, SERVICE, "--data", self.base / "nowhere")[0], 1)


if __name__ == "__main__":
    unittest.main()
