#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule 7: a jurisdiction is a folder. Nothing of one country stands in the program; a second town works from the first command to
the offline proof; a changed folder is in the log at the next start."""
import json
import os
import pathlib
import re
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["AINA_ROOT"]) / "tests/cli"))
from place import ROOT, Place, Server, aina  # noqa: E402

# Words of one place, and the only files that may hold them: number schemes are arithmetic that a folder names.
WORDS = re.compile(r"(?i:kazakh|qazaq|казах|қазақ|\bkz\b|\bkk\b|\bru\b|\bkato\b|tenge|\bkzt\b|almaty|astana|egov|nurly|ainabulak|"
                   r"aynabulak|kz[-_]|estonia|turk)|\bIIN\b|\bBIN\b|luhn-9")
ALLOWED = {
    "src/people/number.c": r".*",  # the schemes themselves
    "src/cli/bench.c": r'"jurisdictions/kz"',  # what is measured unless said otherwise
    "src/jurisdiction/trust.c": r"prefix: IIN, scheme: kz-iin",  # an example in the linter's words
}
# Words of folders that are ordinary ones, too.
ORDINARY = {"counter", "origin"}
# The house's own three languages are product texts in po/, chosen by code there; a folder may bring others.
HOUSE_LANGUAGES = re.compile(r'"(kk|ru|en)"')


def without_comments(file):
    """The text, with the lines in their places; a comment may give an example."""
    text = file.read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.S)


class Program(unittest.TestCase):
    def test_no_country_in_the_code(self):
        strays = []
        for file in sorted((ROOT / "src").rglob("*")):
            if file.suffix not in (".c", ".h", ".py", ".css"):
                continue
            name = str(file.relative_to(ROOT))
            for number, line in enumerate(without_comments(file).splitlines(), 1):
                rest = re.sub(ALLOWED[name], "", line) if name in ALLOWED else line
                rest = HOUSE_LANGUAGES.sub("", rest)
                if WORDS.search(rest):
                    strays.append(f"{name}:{number}: {line.strip()}")
        self.assertEqual(strays, [])

    def test_no_agency_purpose_or_registry_in_the_code(self):
        """Ids of the folder kz, quoted in C, would be policy outside the folder."""
        ids = set()
        folder = ROOT / "jurisdictions/kz"
        for file in [*folder.glob("agencies/*.yaml"), *folder.glob("registries/*.yaml"), folder / "purposes.yaml"]:
            ids |= set(re.findall(r"(?m)^(?:id: |  - id: )([a-z][a-z0-9-]{5,})\s*$", file.read_text()))
        self.assertGreater(len(ids), 30)
        strays = []
        for file in sorted((ROOT / "src").rglob("*.c")):
            for number, line in enumerate(without_comments(file).splitlines(), 1):
                for quoted in re.findall(r'"([a-z][a-z0-9-]{5,})"', line):
                    if quoted in ids - ORDINARY and file.name != "bench_place.c":  # the bench asks for records of kz
                        strays.append(f"{file.relative_to(ROOT)}:{number}: {quoted}")
        self.assertEqual(sorted(set(strays)), [])

    def test_the_search_would_find_them(self):
        for line in ('"Kazakhstan"', "if (country == KZ)", '"kz-iin"', "tenge", "/* Астана, Қазақстан */", '"kato"'):
            self.assertTrue(WORDS.search(line), line)


class SecondTown(unittest.TestCase):
    def test_from_init_to_offline_proof(self):
        place = Place(jurisdiction="ainabulak")
        self.assertTrue(all(len(number) == 9 for number in place.numbers), place.numbers)
        clerk, person = place.token("official", "town-hall-registrar-01"), place.person(0)
        server = Server(place.folder)
        words = {"purpose": "residence", "registry": "residents", "number": place.numbers[0], "case": "residence-1"}
        answer, text = server.call("POST", "/api/looks", clerk, json.dumps(words))
        self.assertEqual(answer.status, 200, text)
        entry = json.loads(text)["entry"]
        answer, text = server.call("POST", "/api/looks", clerk, json.dumps(words | {"registry": "readers"}))
        self.assertEqual(answer.status, 403, text)
        listed = json.loads(server.call("GET", "/api/me/entries", person)[1])["entries"]
        self.assertIn(entry, [e["leaf"] for e in listed])
        proof = place.base / "proof"
        proof.write_text(server.call("GET", f"/api/me/entries/{entry}/proof", person)[1])
        key = server.call("GET", "/log/key")[1].strip()
        self.assertEqual(server.stop(), 0)
        code, out, err = aina("verify", proof, "--key", key)
        self.assertEqual(code, 0, out + err)
        self.assertEqual(key, place.vkey)
        # The other town's key proves nothing of this log.
        other = Place()
        code, out, err = aina("verify", proof, "--key", other.vkey)
        self.assertEqual(code, 1, out + err)
        other.remove()
        self.assertEqual(aina("fsck", place.folder)[0], 0)
        place.remove()


class ChangedFolder(unittest.TestCase):
    def size(self, server):
        """Once what waited for a server (acts in the outbox, the clock's work) is in the log."""
        sizes = [0, 1]
        while len(set(sizes[-4:])) > 1 or len(sizes) < 6:
            time.sleep(0.25)
            sizes.append(int(server.call("GET", "/log/checkpoint")[1].splitlines()[1]))
        return sizes[-1]

    def test_its_hash_is_in_the_log_at_the_next_start(self):
        place = Place()
        rules = place.base / "rules"
        shutil.copytree(ROOT / "jurisdictions/kz", rules)
        conf = place.folder / "aina.conf"
        conf.write_text(re.sub(r"(?m)^jurisdiction = .*$", f"jurisdiction = {rules}", conf.read_text()))
        server = Server(place.folder)
        same = self.size(server)
        self.assertEqual(server.stop(), 0)
        server = Server(place.folder)
        self.assertEqual(self.size(server), same, "an unchanged folder gives no new record")
        self.assertEqual(server.stop(), 0)
        purposes = rules / "purposes.yaml"
        purposes.write_text(purposes.read_text() + "# changed\n")
        hash_ = re.search(r"rules hash ([0-9a-f]{64})", aina("check", rules)[1])[1]
        server = Server(place.folder)
        self.assertEqual(self.size(server), same + 1)
        answer, text = server.call("GET", f"/log/record/{same}")
        self.assertEqual((answer.status, text.strip()), (200, hash_))
        answer, text = server.call("POST", "/api/looks", place.doctor(), place.look_words(0))
        self.assertEqual(answer.status, 200, text)
        listed = json.loads(server.call("GET", "/api/me/entries", place.person(0))[1])["entries"]
        self.assertEqual(listed[0]["entry"]["rules"], hash_, "each entry names the rules it was decided by")
        self.assertEqual(server.stop(), 0)
        place.remove()


if __name__ == "__main__":
    unittest.main(verbosity=1)
