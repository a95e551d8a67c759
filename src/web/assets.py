#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns files into C bytes with a gzip form and a name that carries their hash: assets.py OUT.c FILE..."""
import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def smaller(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"\s+", " ", text)
        text = re.sub(r" ?([{};:,>]) ?", r"\1", text).replace(";}", "}")
        return text.strip().encode()
    if path.suffix == ".js":
        lines = (line.strip() for line in text.splitlines())
        return "\n".join(line for line in lines if line and not line.startswith("//")).encode()
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    return re.sub(r">\s+<", "><", text).strip().encode()


def c_bytes(name, data):
    lines = [", ".join(f"{byte}" for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    return f"static const unsigned char {name}[] = {{\n    " + ",\n    ".join(lines) + "};\n"


def main():
    out = ['/* Made by assets.py. */', '#include "web/web_private.h"', '']
    rows = []
    for path in map(pathlib.Path, sys.argv[2:]):
        data = smaller(path)
        digest = hashlib.sha256(data).hexdigest()[:12]
        name = path.stem
        out += [c_bytes(f"{name}_plain", data), c_bytes(f"{name}_gzip", gzip.compress(data, 9, mtime=0))]
        rows.append(f'    {{"{name}-{digest}{path.suffix}", {{{{(const char *){name}_plain, sizeof {name}_plain}}, '
                    f'{{(const char *){name}_gzip, sizeof {name}_gzip}}, "{TYPES[path.suffix]}", "\\"{digest}\\"", true}}}},')
        out.append(f'const char web_path_{name}[] = "/static/{name}-{digest}{path.suffix}";\n')
    out += ["const struct web_asset web_assets[] = {", *rows, "};", f"const size_t web_assets_n = {len(rows)};", ""]
    pathlib.Path(sys.argv[1]).write_text("\n".join(out), encoding="utf-8")


if __name__ == "__main__":
    main()
