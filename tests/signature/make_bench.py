#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what `aina bench signatures FOLDER` measures: make_bench.py FOLDER, with GOST_TOOL in the environment."""
import base64
import json
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import authority as a

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
folder = pathlib.Path(sys.argv[1])
(folder / "trust").mkdir(parents=True)
rules = (ROOT / "jurisdictions/kz/trust/knca.yaml").read_text()
rules = rules.replace("anchors: []", "anchors: [root-rsa.pem, root-gost.pem]\ntest: yes").replace("missing: wait", "missing: accept")
(folder / "trust/knca.yaml").write_text(rules.replace("intermediates: []", "intermediates: [nca-rsa.pem, nca-gost.pem]"))
for label, make_key in (("rsa", a.Rsa), ("gost", a.Gost)):
    x = a.Authority(make_key, label.upper())
    (folder / f"trust/root-{label}.pem").write_text(x.root.pem())
    (folder / f"trust/nca-{label}.pem").write_text(x.nca.pem())
    content = os.urandom(2000)
    for name, unsigned, ocsp in ((f"{label}-plain", [], []), (f"{label}-stamp-and-status", [x.stamped()], [x.good(x.person)])):
        signature = a.sign(x.person, content, unsigned=unsigned)
        (folder / f"{name}.evidence").write_text(json.dumps({
            "v": 1, "kind": "aina-signature-evidence", "collected": "2026-01-01T00:00:00Z", "signature": base64.b64encode(signature).decode(),
            "stamps": [], "ocsp": [base64.b64encode(o).decode() for o in ocsp], "lists": []}, separators=(",", ":")) + "\n")
