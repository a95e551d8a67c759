#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns po/*.po into a C table sorted by msgid: texts.py MSGFMT OUT.c PO...

A fault (broken file, fuzzy entry, {} that the translation lost) ends the build with file and msgid."""
import pathlib
import re
import subprocess
import sys


def unquote(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


def read(path):
    """{msgid: msgstr} of a po file: the plain subset that we write (no contexts, no plurals)."""
    entries, key, parts = {}, None, {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() + ["msgid \"\""], 1):
        line = line.strip()
        word = re.match(r'(msgid|msgstr) "(.*)"$', line)
        if word:
            if word[1] == "msgid":
                if "msgid" in parts:
                    if parts["msgid"] in entries:
                        sys.exit(f"{path}:{number}: '{parts['msgid']}' stands twice")
                    entries[parts["msgid"]] = parts.get("msgstr", "")
                parts = {}
            key = word[1]
            parts[key] = unquote(word[2])
        elif line.startswith('"') and line.endswith('"') and key:
            parts[key] += unquote(line[1:-1])
        elif line.startswith("#,") and "fuzzy" in line:
            sys.exit(f"{path}:{number}: a fuzzy entry; check it and take the mark out")
        elif line and not line.startswith("#"):
            sys.exit(f"{path}:{number}: not understood here: {line}")
    entries.pop("", None)
    return entries


def check(path, entries):
    for msgid, msgstr in entries.items():
        if msgstr and sorted(re.findall(r"\{\w*\}", msgid)) != sorted(re.findall(r"\{\w*\}", msgstr)):
            sys.exit(f"{path}: the translation of '{msgid}' has other {{}} than the text")


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def table(languages):
    msgids = sorted({m for entries in languages.values() for m in entries}, key=lambda m: m.encode())
    out = ['/* Made by texts.py from po/. */', '#include "jurisdiction/words.h"', '',
           f"const char *const words_languages[] = {{{', '.join(literal(name) for name in languages)}}};",
           f"const size_t words_languages_n = {len(languages)};", "const struct words_row words_rows[] = {"]
    for msgid in msgids:
        row = ", ".join(f"STR({literal(entries[msgid])})" if entries.get(msgid) else "{NULL, 0}" for entries in languages.values())
        out.append(f"    {{{literal(msgid)}, {{{row}}}}},")
    return "\n".join(out + ["};", f"const size_t words_rows_n = {len(msgids)};", ""])


def main():
    msgfmt, out, *paths = sys.argv[1:]
    languages = {}
    for path in map(pathlib.Path, paths):
        subprocess.run([msgfmt, "--check-format", "--check-header", "-o", "/dev/null", path], check=True)
        languages[path.stem] = read(path)
        check(path, languages[path.stem])
    pathlib.Path(out).write_text(table(languages), encoding="utf-8")


if __name__ == "__main__":
    main()
