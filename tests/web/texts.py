#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every text that a page can show is translated, no translation is left over, and no markup escapes the writer's rules."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "src/jurisdiction"))
import texts  # noqa: E402  the build's own reader

# Functions whose argument is a msgid, and the tables of other rooms whose words pages show.
KEYWORDS = ["N_:1", "T:2", "TF:2", "S:2", "SF:2", "wrong:3", "form_end:2", "page_start:4", "page_text:2", "page_fill:2", "X:3"]
TABLES = ["src/jurisdiction/words.c", "src/case/answer.c", "src/gate/words.h", "src/people/mandate.h", "src/people/signing.h", "src/case/notice.h", "src/case/notice.c", "src/case/offer.c", "src/gate/write.c", "src/gate/consent.c", "src/gate/own_case.c", "src/signature/refusal.h", "src/case/may.c", "src/case/case.c", "src/document/verify.h"]


def sources():
    return sorted(map(str, [*(ROOT / "src/web").glob("*.c"), *(ROOT / "src/sheet").glob("*.c")])) + [str(ROOT / table) for table in TABLES]


def msgids(keywords=KEYWORDS):
    out = subprocess.run(["xgettext", "--from-code=UTF-8", "-L", "C", "--no-location", "--no-wrap", "-o", "-", "--keyword="] +
                         [f"--keyword={word}" for word in keywords] + sources(), capture_output=True, text=True, check=True).stdout
    joined = re.sub(r'"\n"', "", out)  # a text with \n stands on several lines
    found = {texts.unquote(line[7:-1]) for line in joined.splitlines() if line.startswith('msgid "')}
    return found - {""}


class Texts(unittest.TestCase):
    def test_every_text_is_translated_and_none_is_left_over(self):
        used, details = msgids(), msgids(["http_problem:5"])  # details of errors may be translated
        self.assertGreater(len(used), 150)
        for language in ("kk", "ru"):
            entries = texts.read(ROOT / f"po/{language}.po")
            self.assertEqual(sorted(m for m in used if not entries.get(m)), [], f"no translation in {language}.po")
            self.assertEqual(sorted(set(entries) - used - details), [], f"in {language}.po, used nowhere")
        self.assertEqual(sorted(set(texts.read(ROOT / "po/en.po")) - used), [], "in en.po, used nowhere")

    def test_translations_are_in_their_language(self):
        for language in ("kk", "ru"):
            for msgid, msgstr in texts.read(ROOT / f"po/{language}.po").items():
                words = re.sub(r"\{\w*\}|\.cms|\.p7s|\.sig\b|CMS|PKCS|PEM|base64|C2SP|WCAG|CSV|JSON|AA|tlog-\w+|signed note|SHA-256|Ed25519|openssl|all-in-one|split|aina \w+|Aina", "", msgstr)
                self.assertNotRegex(words, r"[A-Za-z]{3,}", f"{language}: {msgid}")
        kazakh = " ".join(texts.read(ROOT / "po/kk.po").values())
        self.assertGreater(sum(kazakh.count(letter) for letter in "әғқңөұүһіӘҒҚҢӨҰҮҺІ"), 500)

    def test_a_folder_brings_a_whole_language(self):
        """texts/tr.yaml has every text of the program and nothing else, with the same {} in the same order."""
        path = ROOT / "jurisdictions/ainabulak/texts/tr.yaml"
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        pairs = [re.fullmatch(r'("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)+")', line) for line in lines]
        self.assertEqual([line for line, pair in zip(lines, pairs) if not pair], [], "not a text and its translation")
        turkish = {json.loads(pair[1]): json.loads(pair[2]) for pair in pairs}
        known = set(texts.read(ROOT / "po/ru.po"))
        self.assertEqual(len(turkish), len(lines), "a text stands twice")
        self.assertEqual(sorted(known - set(turkish)), [], "no translation in tr.yaml")
        self.assertEqual(sorted(set(turkish) - known), [], "in tr.yaml, used nowhere")
        for msgid, text in turkish.items():
            self.assertEqual(re.findall(r"\{\w*\}", msgid), re.findall(r"\{\w*\}", text), msgid)

    def test_the_reader_refuses_what_is_off(self):
        for fault, text in (("twice", 'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n'), ("fuzzy", '#, fuzzy\nmsgid "a"\nmsgstr "b"\n'),
                            ("not understood", 'msgctxt "x"\nmsgid "a"\nmsgstr "b"\n')):
            path = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"aina-texts-{os.getpid()}.po"
            path.write_text(text)
            with self.assertRaises(SystemExit) as raised:
                texts.read(path)
            self.assertIn(fault, str(raised.exception))
            path.unlink()
        with self.assertRaises(SystemExit):
            texts.check(pathlib.Path("x.po"), {"from {} to {}": "из {}"})


class Markup(unittest.TestCase):
    """{} stands in text or in a double-quoted attribute; addresses begin in the literal or are whole; no scripts inline, and no inline styles."""

    def literals(self):
        for path in (ROOT / "src/web").glob("*.c"):
            for call in re.finditer(r'MARKUP\(\s*[^,]+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', path.read_text()):
                yield path.name, re.sub(r'\\(.)', r"\1", "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', call[1])))

    def test_rules_of_the_writer(self):
        seen = 0
        for name, literal in self.literals():
            seen += 1
            where = f"{name}: {literal}"
            self.assertNotRegex(literal.lower().replace('<script src="{}"></script>', ""), r"<script|javascript:|\sstyle=|\son[a-z]+=", where)
            for tag in re.finditer(r"<[a-z][^<>]*>?", literal):
                self.assertNotRegex(tag[0], r"=\{\}|='", where)
                outside = re.sub(r'"[^"]*"', "", tag[0])
                self.assertNotIn("{}", outside, where)
            for address in re.finditer(r'(?:href|action|src)="([^"]*)"', literal):
                self.assertRegex(address[1], r"^(/|#|\{\}$)", where)
        self.assertGreater(seen, 100)

    def test_only_the_writer_writes(self):
        """No page puts bytes into a reply of HTML by another way."""
        for path in (ROOT / "src/web").glob("*.c"):
            for line in path.read_text().splitlines():
                if re.search(r'buf_\w+\((?:p|page)->out|buf_\w+\(http_out', line):
                    self.assertIn(path.name, {"page.c", "take.c", "looks.c", "desk.c"}, line)
                    self.assertNotRegex(line, r'buf_\w+\([^)]*"[^"]*<', line)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
