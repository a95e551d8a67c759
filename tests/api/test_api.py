#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API as its OpenAPI file tells it: the file itself, every input of every operation spoiled in turn, the trace, the log."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import jsonschema
from served import AINA, ROOT, Served, aina, fresh_schema

PLACES = {}  # how a path of the file is filled in for the operations that are called well


def setUpModule():
    global served, doctor, police, reviewer, person, other, look
    served = Served()
    doctor = served.token("official", "health-clinic-5-01")
    police = served.token("official", "police-traffic-01")
    reviewer = served.token("official", "health-review-01")
    person, other = (served.token("person", n) for n in served.numbers[:2])
    look = {"purpose": "treatment", "registry": "population", "number": served.numbers[0], "case": "treatment-1"}


def tearDownModule():
    served.stop()


def problem(test, answer, status, *words):
    test.assertEqual(answer.status, status, answer.bytes)
    test.assertEqual(answer.headers["Content-Type"], "application/problem+json")
    for word in words:
        test.assertIn(word, answer.json["detail"])


def look_now(token=None, **members):
    return served.call("POST", "/api/looks", token or doctor, {**look, **members})


class File(unittest.TestCase):
    """The OpenAPI file by itself."""

    def walk(self, node, place="#"):
        yield place, node
        for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            yield from self.walk(value, f"{place}/{key}")

    def test_references_resolve_and_schemas_are_schemas(self):
        document = served.openapi()
        self.assertEqual(document["openapi"], "3.1.0")
        seen = 0
        for place, node in self.walk(document):
            if isinstance(node, dict) and "$ref" in node:
                seen += 1
                at = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    at = at[step]
            if place.endswith("/schema") or place.startswith("#/components/schemas/") and place.count("/") == 3:
                jsonschema.Draft202012Validator.check_schema(node)
        self.assertGreater(seen, 20)
        published = served.raw("GET", "/api/entry.schema.json").bytes.decode()
        here = json.dumps(document["components"]["schemas"]["Entry"]).replace("#/components/schemas/Entry/$defs/", "#/$defs/")
        self.assertEqual(json.loads(here), json.loads(published))

    def test_examples_are_valid(self):
        for path, operations in served.openapi()["paths"].items():
            for method, operation in operations.items():
                for parameter in operation.get("parameters", ()):
                    served.validate(parameter["schema"], parameter["example"])
                if "requestBody" in operation:
                    content = operation["requestBody"]["content"]["application/json"]
                    served.validate(content["schema"], content["example"])

    def test_every_operation_is_a_route_and_every_route_an_operation(self):
        """The server says by OPTIONS which methods a path has; what it counts by route (/metrics) is in the file."""
        paths = served.openapi()["paths"]
        names = set()
        for path, operations in paths.items():
            answer = served.raw("OPTIONS", path.replace("{", "").replace("}", ""))
            allowed = set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
            self.assertEqual(allowed, {m.upper() for m in operations}, path)
            names |= {operation["operationId"] for operation in operations.values()}
            for operation in operations.values():
                self.assertEqual([p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"],
                                 [part[1:-1] for part in path.split("/") if part.startswith("{")])
        self.assertEqual(len(names), sum(map(len, paths.values())))

    def test_is_cached_by_its_etag(self):
        first = served.raw("GET", "/api/openapi.yaml", headers=[("Accept-Encoding", "gzip")])
        self.assertEqual(first.headers["Content-Encoding"], "gzip")
        self.assertTrue(first.headers["ETag"].startswith('W/"'))
        for path in ("/api/openapi.yaml", "/api/jurisdiction", "/api/entry.schema.json"):
            tag = served.call("GET", path).headers["ETag"]
            again = served.call("GET", path, headers=[("If-None-Match", '"other", ' + tag)])
            self.assertEqual((again.status, again.bytes, again.headers["ETag"]), (304, b"", tag))
            self.assertEqual(served.call("GET", path, headers=[("If-None-Match", '"other"')]).status, 200)

    def test_a_foreign_validator_accepts_it(self):
        modules = ROOT / "tests/foreign/node_modules"
        fetched = subprocess.run(["sh", ROOT / "tests/foreign/fetch.sh"], capture_output=True, text=True)
        if fetched.returncode == 77:
            self.skipTest(fetched.stdout.strip())
        self.assertEqual(fetched.returncode, 0, fetched.stdout + fetched.stderr)
        script = ("import {Validator} from '@seriousme/openapi-schema-validator';"
                  "const text = await new Response(process.stdin).text();"
                  "const said = await new Validator().validate(text);"
                  "if (!said.valid) { console.log(JSON.stringify(said.errors)); process.exit(1); }")
        good = served.raw("GET", "/api/openapi.yaml").bytes.decode()
        for text, accepted in ((good, True), (good.replace("operationId:", "operationIdd:", 1), False),
                               (good.replace("responses:", "answers:", 1), False)):
            done = subprocess.run(["node", "--input-type=module", "-e", script], input=text, capture_output=True, text=True, cwd=modules.parent)
            self.assertEqual(done.returncode == 0, accepted, done.stdout[:2000] + done.stderr[:2000])


class Spoiled(unittest.TestCase):
    """Each input of each operation, spoiled in each way its schema forbids. Nothing may come of it."""

    def inputs(self):
        for path, operations in served.openapi()["paths"].items():
            for method, operation in operations.items():
                if operation["tags"] != ["signing"]:  # another's protocol, which lets apps add members: tried in tests/web/sign.py
                    yield path, method.upper(), operation

    def token_for(self, operation):
        scheme = operation.get("security", [{}])[0]
        if "person" in scheme:
            return person
        return (reviewer if operation["tags"] == ["review"] else doctor) if "official" in scheme else None

    def body_of(self, operation):
        content = operation["requestBody"]["content"]["application/json"]
        known = content["schema"]["properties"]
        return {**content["example"], **({name: value for name, value in look.items() if name in known} if "number" in known else {})}

    def wrong_texts(self, schema):
        if schema.get("type") == "integer":
            return ["", "-1", "+1", "01", "1.0", "1e3", "0x1", "x", " 1", "1 ", str(schema["maximum"] + 1), "9" * 40, "١"]
        if schema.get("type") == "boolean":
            return ["", "1", "yes", "TRUE", "true ", "null"]
        wrong = ["", "a\x00b", "a\x1bb", "a\x7fb", "a\u202eb", "a\u2028b"]
        if "maxLength" in schema:
            wrong += ["x" * (schema["maxLength"] + 1), "ж" * (schema["maxLength"] // 2 + 1)]
        if "pattern" in schema or "enum" in schema:
            wrong += ["A B", "ж", "../x", "'; DROP TABLE x; --", "x" * 65, "%s%n"]
        return wrong

    def wrong_values(self, schema):
        """Of another type, or of the type and out of bounds."""
        values = [None, {}, {"a": 1}, 1.5, 1e300, -1, 10**30]
        kind = schema.get("type", "string")
        values += [["a"], []] if kind != "array" else ["a", ["a", "a"], [1], [None], [["a"]], ["x" * 65], [f"f{i}" for i in range(101)]]
        values += [["A B"]] if "pattern" in schema.get("items", {}) else [["a\nb"], [""], []] if kind == "array" else []
        values += [True, False] if kind != "boolean" else ["true", 0, 1]
        values += self.wrong_texts(schema) if kind == "string" else []
        return values if kind != "string" else values + [5]

    def test_bodies(self):
        size, tried = served.size(), 0
        for path, method, operation in self.inputs():
            if "requestBody" not in operation:
                continue
            path = path.replace("{leaf}", "1").replace("{id}", "01JDHB3W8R6M3V0QZK4T5N7XYA").replace("{provider}", "bank")
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            token, good = self.token_for(operation), self.body_of(operation)
            for name, inner in schema["properties"].items():
                for value in self.wrong_values(inner):
                    with self.subTest(operation["operationId"], field=name, value=str(value)[:60]):
                        answer = served.call(method, path, token, {**good, name: value})
                        # A NUL and a number of 30 digits are no I-JSON: the body is refused as a whole.
                        whole = value == 10**30 or isinstance(value, str) and "\0" in value
                        problem(self, answer, 400, "body" if whole else name)
                        tried += 1
                if name in schema["required"]:
                    with self.subTest(operation["operationId"], missing=name):
                        without = {k: v for k, v in good.items() if k != name}
                        problem(self, served.call(method, path, token, without), 400, name, "must be given")
                doubled = json.dumps(good)[:-1] + f', "{name}": "a", "{name}": "b"}}'
                problem(self, served.call(method, path, token, doubled), 400, "body", "each member once")
            for body in ("", "{", "[]", "null", '"x"', "1", "{}x", "[" * 5000, '{"a":' * 2000, b"\xff\xfe{}", b'{"purpose":"\xff"}',
                         b'{"purpose":"\xed\xa0\x80"}', '{"purpose":"\\ud800"}', b"\xef\xbb\xbf{}", "{'purpose': 'x'}", "{purpose: 1}", b"\0"):
                with self.subTest(operation["operationId"], body=body[:20]):
                    problem(self, served.call(method, path, token, body), 400, "body")
            problem(self, served.call(method, path, token, {**good, "nosuch\u202e": 1}), 400, "body", "not known")
            problem(self, served.call(method, path, token, {**good, "n" * 9000: 1}), 400, "body", "not known")
            problem(self, served.call(method, path + "?nosuch=1", token, good), 400, "query", "nosuch")
            problem(self, served.call(method, path, token, json.dumps(good) + " " * 20000), 413)
            for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
                answer = served.call(method, path, token, good, [("Content-Type", kind)])
                problem(self, answer, 415, "application/json")
        self.assertGreater(tried, 100)
        self.assertEqual(served.size(), size)

    def test_queries_and_paths(self):
        size, tried = served.size(), 0
        for path, method, operation in self.inputs():
            token = self.token_for(operation)
            if method != "GET":
                continue
            plain = path.replace("{leaf}", "0").replace("{look}", "0").replace("{path}", "0/000").replace("{id}", "01JDHB3W8R6M3V0QZK4T5N7XYA")
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                for text in self.wrong_texts(parameter["schema"]):
                    quoted = "".join(f"%{byte:02x}" for byte in text.encode())
                    with self.subTest(operation["operationId"], parameter=name, value=text[:40]):
                        if parameter["in"] == "query":
                            answer = served.call(method, f"{plain}?{name}={quoted}", token)
                            problem(self, answer, 400, *([] if "\0" in text or "\x1b" in text or "\x7f" in text else [name]))
                        else:
                            answer = served.raw(method, path.replace("{" + name + "}", quoted), token)
                            self.assertIn(answer.status, (400, 404, 308), answer.bytes)
                        tried += 1
                if parameter["in"] == "query":
                    good = str(parameter["example"]).lower() if parameter["schema"].get("type") == "boolean" else parameter["example"]
                    problem(self, served.call(method, f"{plain}?{name}={good}&{name}={good}", token), 400, name, "twice")
                    problem(self, served.call(method, f"{plain}?{name}=%ff", token), 400, "percent-encoded")
            if operation["tags"] != ["log"] or "{" not in path:
                answer = served.call(method, plain + "?nosuch=1", token)
                problem(self, answer, 404 if "{" in path and answer.status == 404 else 400)
        self.assertGreater(tried, 50)
        self.assertEqual(served.size(), size)

    def test_tokens(self):
        for path, method, operation in self.inputs():
            if "security" not in operation:
                continue
            path = path.replace("{leaf}", "1").replace("{look}", "1").replace("{id}", "01JDHB3W8R6M3V0QZK4T5N7XYA")
            body = self.body_of(operation) if method == "POST" else None
            mine, wrong = self.token_for(operation), doctor if "person" in operation["security"][0] else person
            for headers in ([], [("Authorization", mine)], [("Authorization", "Basic " + mine)], [("Authorization", "Bearer")],
                            [("Authorization", "Bearer " + "A" * 43)], [("Authorization", "Bearer " + mine + "A")], [("Authorization", "bearer\t" + mine)],
                            [("Authorization", "Bearer " + mine), ("Authorization", "Bearer " + mine)], [("Cookie", "session=" + mine)]):
                answer = served.call(method, path, None, body, headers)
                problem(self, answer, 401, "Bearer")
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
            self.assertNotEqual(served.call(method, path, None, body, [("Authorization", "bearer " + mine)]).status, 401)
            problem(self, served.call(method, path, wrong, body), 403)
            if operation["tags"] == ["review"]:
                problem(self, served.call(method, path, doctor, body), 403, "reviewers")


class Looks(unittest.TestCase):
    def test_admitted(self):
        answer = look_now()
        self.assertEqual(answer.status, 200)
        self.assertEqual(set(answer.json["records"][0]), {"surname", "given-name", "patronymic", "birth-date", "sex"})
        self.assertEqual(answer.headers["Aina-Entry"], str(answer.json["entry"]))
        self.assertEqual(set(look_now(fields=["surname"]).json["records"][0]), {"surname"})
        self.assertEqual(look_now(number=" {0:.6}-{0}".format(served.numbers[0]).replace(served.numbers[0], served.numbers[0][6:])).status, 200)

    def test_refused_in_words_and_logged(self):
        for token, members, reason in ((police, {"registry": "clinic-attachment"}, "office-may-not"), (doctor, {"purpose": "no-such"}, "purpose-unknown"),
                                       (doctor, {"registry": "no-such"}, "registry-unknown"), (doctor, {"case": "no-such"}, "case-unknown"),
                                       (doctor, {"fields": ["surname", "tax"]}, "field-not-admitted"),
                                       (doctor, {"emergency": True, "reason": "too short"}, "reason-short"),
                                       (doctor, {"number": served.numbers[1]}, "case-other-person")):
            size = served.size()
            answer = look_now(token, **members)
            self.assertEqual((answer.status, answer.json["reason"]), (403, reason))
            self.assertNotIn("records", answer.json)
            self.assertEqual(answer.json["entry"], size)

    def test_a_wrong_number_is_no_look(self):
        size = served.size()
        for number in ("123", "9" * 12, "0" * 12, "ж", served.numbers[0] + "1", "-" * 30):
            problem(self, look_now(number=number), 422, "number", "slip")
        self.assertEqual(served.size(), size)

    def test_the_receipt_that_the_answer_links_to(self):
        answer = look_now()
        link = answer.headers["Link"]
        self.assertTrue(link.endswith('; rel="receipt"'))
        path = link[1:link.index(">")]
        receipt = served.call("GET", path, doctor)
        self.assertEqual(receipt.headers["Aina-Entry"], answer.headers["Aina-Entry"])
        opening = json.loads(base64.b64decode(receipt.bytes.split(b"\n")[1].removeprefix(b"extra ")))
        self.assertEqual(json.loads(base64.b64decode(opening["entry"]))["id"], answer.json["look"])
        file = served.folder / "receipt"
        file.write_bytes(receipt.bytes)
        key = served.raw("GET", "/log/key").bytes.decode().strip()
        self.assertEqual(aina("verify", file, "--key", key).returncode, 0)
        self.assertIn(answer.json["look"], path)
        problem(self, served.call("GET", path, police), 404)
        problem(self, served.call("GET", f"/api/looks/{'0' * 26}/receipt", doctor), 404)
        self.assertEqual(served.call("GET", f"/api/looks/{answer.json['entry']}/receipt", doctor).headers["Aina-Entry"], str(answer.json["entry"]))
        problem(self, served.call("GET", f"/api/looks/{answer.json['entry'] + 1000}/receipt", doctor), 404)


class OwnCases(unittest.TestCase):
    """A clinic's own program opens a case with the person in front of the doctor, looks by it, and ends it."""

    def open(self, token=None, **members):
        body = {"purpose": "treatment", "case": "visit-1", "number": served.numbers[0], "document": "4821", **members}
        return served.call("POST", "/api/cases", token or doctor, {k: v for k, v in body.items() if v is not None})

    def end(self, case, token=None):
        return served.call("POST", "/api/cases/end", token or doctor, {"case": case})

    def test_from_opening_to_end(self):
        self.assertEqual(look_now(case="visit-9").json["reason"], "case-unknown")
        size = served.size()
        opened = self.open(case="visit-9", days=3)
        self.assertEqual((opened.status, opened.json["case"], opened.json["purpose"]), (201, "visit-9", "treatment"))
        self.assertEqual((opened.headers["Aina-Entry"], served.size()), (str(size), size + 1))
        newest = served.call("GET", "/api/me/entries", person).json["entries"][0]
        self.assertEqual(newest["leaf"], size)
        entry = newest["entry"]
        self.assertEqual((entry["kind"], entry["outcome"], entry["case"], entry["purpose"], entry["actor"]),
                         ("own-case", "begun", "visit-9", "treatment", "health-clinic-5-01"))
        self.assertEqual(entry["reason"], opened.json["until"] + "; document ****4821")
        self.assertEqual(look_now(case="visit-9").status, 200)
        ended = self.end("visit-9")
        self.assertEqual((ended.status, ended.json), (200, {"case": "visit-9"}))
        entry = served.call("GET", f"/api/me/entries?limit=1", person).json["entries"][0]
        self.assertEqual((str(entry["leaf"]), entry["entry"]["outcome"]), (ended.headers["Aina-Entry"], "ended"))
        self.assertEqual(look_now(case="visit-9").json["reason"], "case-closed")
        problem(self, self.end("visit-9"), 409, "ended already")
        self.assertEqual(self.open(case="visit-9").status, 201)
        self.assertEqual(look_now(case="visit-9").status, 200)

    def test_what_is_no_case(self):
        self.assertEqual(self.open(case="visit-2").status, 201)
        days = {p["id"]: p["own-case-days"] for p in served.call("GET", "/api/jurisdiction").json["purposes"]}
        size = served.size()
        for token, members, status, words in (
                (None, {"case": "visit-2", "number": served.numbers[1]}, 409, "another person"), (None, {"case": "treatment-1"}, 409, "Choose another"),
                (None, {"number": "123"}, 422, "number"), (None, {"days": 0}, 400, "days"), (None, {"days": days["treatment"] + 1}, 422, "days"),
                (None, {"document": "482"}, 400, "document"), (None, {"document": None}, 400, "document"), (None, {"purpose": "no-such"}, 403, "purpose"),
                (None, {"purpose": "emergency-care"}, 422, "needs an application"), (None, {"purpose": "notarial-act"}, 403, "purpose"),
                (police, {}, 403, "purpose"), (reviewer, {}, 403, "purpose"), (person, {}, 403, "not for this call"), ("x" * 43, {}, 401, "Bearer")):
            with self.subTest(members, status=status):
                problem(self, self.open(token, **members), status, words)
        for token, case, status in ((None, "no-such", 404), (None, "treatment-1", 404), (police, "visit-2", 404), (person, "visit-2", 403), ("x" * 43, "visit-2", 401)):
            with self.subTest(case, status=status):
                problem(self, self.end(case, token), status)
        self.assertEqual(served.size(), size)
        self.assertIsNone(days["emergency-care"])

    def test_a_number_that_nobody_has_is_an_entry_of_the_agency(self):
        first = "9001013" + "9876"
        spare = next(n for n in (f"{first}{k}" for k in range(10)) if aina("number", "check", "kz-iin", n).returncode == 0)
        self.assertNotIn(spare, served.numbers)
        size = served.size()
        answer = self.open(number=spare, case="visit-3")
        problem(self, answer, 422, "nobody has it")
        self.assertEqual((answer.headers["Aina-Entry"], served.size()), (str(size), size + 1))
        problem(self, self.open(police, number=spare, case="visit-3"), 403, "purpose")
        self.assertEqual(served.size(), size + 1)


class Translations(unittest.TestCase):
    """What two agencies know of a person is joined by the gate alone, and the person reads it."""

    @classmethod
    def setUpClass(cls):
        cls.clerk = served.token("official", "labour-benefits-01")

    def ask(self, persons, token=None, **members):
        return served.call("POST", "/api/translations", token or self.clerk, {"purpose": "benefit-check", "to": "labour", "persons": persons, **members})

    def own(self, *numbers):
        answer = self.ask(list(numbers))
        self.assertEqual(answer.status, 200, answer.bytes)
        return [p["pseudonym"] for p in answer.json["persons"]]

    def newest(self, token):
        return served.call("GET", "/api/me/entries", token).json["entries"][0]

    def test_there_and_back_with_an_entry_each(self):
        mine, yours = self.own(*served.numbers[:2])
        self.assertNotEqual(mine, yours)
        size = served.size()
        there = self.ask([mine, yours], **{"from": "labour", "to": "revenue"})
        self.assertEqual((there.status, served.size()), (200, size + 2))
        self.assertEqual(there.headers["Aina-Entry"], str(size + 1))
        codes = [p["pseudonym"] for p in there.json["persons"]]
        self.assertEqual([p["given"] for p in there.json["persons"]], [mine, yours])
        self.assertFalse(set(codes) & {mine, yours})
        back = self.ask(codes, **{"from": "revenue"})
        self.assertEqual([p["pseudonym"] for p in back.json["persons"]], [mine, yours])
        entry = self.newest(person)["entry"]
        self.assertEqual((entry["kind"], entry["agency"], entry["holder"], entry["purpose"], entry["fields"], entry["outcome"]),
                         ("translation", "labour", "revenue", "benefit-check", ["revenue", "labour"], "admitted"))
        for token in (person, other):  # no code stands in what the person reads, or in the other's entry
            text = served.call("GET", "/api/me/entries", token).bytes.decode()
            self.assertFalse([code for code in (mine, yours, *codes) if code in text])
        receipt = served.call("GET", f"/api/looks/{back.json['persons'][0]['look']}/receipt", self.clerk)
        self.assertEqual(receipt.status, 200)

    def test_whoever_has_not_the_right(self):
        (code,) = self.own(served.numbers[0])
        for token, members, reason in ((doctor, {}, "office-may-not"), (police, {}, "office-may-not"), (None, {"purpose": "benefit-claim"}, "join-not-admitted"),
                                       (None, {"to": "health"}, "join-not-admitted"), (None, {"to": "nowhere"}, "sector-unknown"),
                                       (None, {"from": "revenue", "to": "labour"}, "pseudonym-unknown")):
            size = served.size()
            answer = self.ask([code], token, **{"from": "labour", "to": "revenue", **members})
            self.assertEqual((answer.status, answer.json["persons"][0]["reason"]), (403, reason))
            self.assertIsNone(answer.json["persons"][0]["pseudonym"])
            self.assertEqual(served.size(), size + 1)
            if reason != "pseudonym-unknown":
                entry = self.newest(person)["entry"]
                self.assertEqual((entry["kind"], entry["outcome"], entry["reason"]), ("translation", "refused", reason))
        problem(self, self.ask([code], person), 403)
        problem(self, self.ask([code], "x" * 43), 401)

    def test_a_slip_is_no_translation(self):
        (code,) = self.own(served.numbers[0])
        size = served.size()
        problem(self, self.ask([served.numbers[0], "123"]), 422, "number 2", "without `from`")
        for wrong in (code[:-1], code.upper(), code[:-1] + "1", "a" * 52, served.numbers[0]):
            problem(self, self.ask([code, wrong], **{"from": "labour", "to": "revenue"}), 422, "pseudonym 2")
        self.assertEqual(served.size(), size)


class Trace(unittest.TestCase):
    def test_filters_and_pages(self):
        for _ in range(5):
            look_now()
        look_now(police, registry="clinic-attachment")

        def entries(query=""):
            return served.call("GET", "/api/me/entries" + query, person).json

        everything = entries()
        leaves = [e["leaf"] for e in everything["entries"]]
        self.assertEqual(leaves, sorted(leaves, reverse=True))
        self.assertEqual(everything["total"], len(leaves) + everything["hidden"])
        shown = entries("?protected=true")
        self.assertEqual((shown["hidden"], len(shown["entries"])), (0, everything["total"]))
        self.assertIsNone(everything["next"])
        walked, query = [], "?limit=2"
        while query:
            page = entries(query)
            self.assertLessEqual(len(page["entries"]), 2)
            walked += [e["leaf"] for e in page["entries"]]
            query = f"?limit=2&before={page['next']}" if page["next"] is not None else None
        self.assertEqual(walked, leaves)
        for query, key, value in (("?agency=police", "agency", "police"), ("?outcome=refused", "outcome", "refused"),
                                  ("?outcome=admitted", "outcome", "admitted"), ("?purpose=treatment", "purpose", "treatment")):
            wanted = [e["leaf"] for e in everything["entries"] if e["entry"][key] == value]
            self.assertEqual([e["leaf"] for e in entries(query)["entries"]], wanted, query)
            self.assertTrue(wanted, query)
        self.assertEqual(entries("?agency=no-such")["entries"], [])
        self.assertEqual(entries("?before=0")["entries"], [])
        problem(self, served.call("GET", "/api/me/entries?limit=0", person), 400, "limit")

    def test_the_whole_list_as_a_file(self):
        look_now()
        trace = served.call("GET", "/api/me/trace", person)
        everything = served.call("GET", "/api/me/entries?protected=true&limit=500", person).json
        self.assertEqual(len(trace.json["receipts"]), everything["total"])
        file = served.folder / "trace"
        file.write_bytes(trace.bytes)
        key = served.raw("GET", "/log/key").bytes.decode().strip()
        said = aina("verify", file, "--key", key)
        self.assertEqual(said.returncode, 0, said.stdout)
        without = trace.json
        del without["receipts"][0]
        file.write_text(json.dumps(without))
        self.assertEqual(aina("verify", file, "--key", key).returncode, 1)

    def test_only_one_s_own(self):
        leaf = look_now().json["entry"]
        proof = served.call("GET", f"/api/me/entries/{leaf}/proof", person)
        self.assertEqual(proof.status, 200)
        self.assertEqual(proof.headers["Aina-Entry"], str(leaf))
        problem(self, served.call("GET", f"/api/me/entries/{leaf}/proof", other), 404)
        problem(self, served.call("GET", "/api/me/entries/0/proof", person), 404)
        self.assertNotIn(leaf, [e["leaf"] for e in served.call("GET", "/api/me/entries", other).json["entries"]])


class Questions(unittest.TestCase):
    def ask(self, words="Мен бұл емханада болған жоқпын. Неге?\n\nI was not there."):
        leaf = look_now().json["entry"]
        asked = served.call("POST", f"/api/me/entries/{leaf}/question", person, {"words": words})
        self.assertEqual(asked.status, 201, asked.bytes)
        return leaf, asked

    def test_from_question_to_answer(self):
        leaf, asked = self.ask()
        matter = asked.json
        self.assertEqual((matter["leaf"], matter["agency"], matter["state"], matter["emergency"]), (leaf, "health", "open", False))
        self.assertGreater(matter["due"], matter["opened"][:10])
        problem(self, served.call("POST", f"/api/me/entries/{leaf}/question", person, {"words": "Again?"}), 409, "already")
        listed = served.call("GET", "/api/me/questions", person).json["matters"]
        self.assertIn(matter["id"], [m["id"] for m in listed])
        self.assertEqual(served.call("GET", "/api/me/questions", other).json["matters"], [])

        queue = served.call("GET", "/api/review?limit=200", reviewer)
        shown = next(m for m in queue.json["matters"] if m["id"] == matter["id"])
        self.assertIsNone(shown["words"])
        self.assertIsNone(shown["look"])
        total = served.call("GET", "/api/me/entries", person).json["total"]
        opened = served.call("GET", f"/api/review/{matter['id']}", reviewer)
        self.assertIn("Неге", opened.json["words"])
        self.assertEqual(opened.json["look"]["purpose"], "treatment")
        entries = served.call("GET", "/api/me/entries", person).json
        self.assertEqual(entries["total"], total + 1)
        self.assertEqual(entries["entries"][0]["entry"]["kind"], "entry-read")
        self.assertEqual(str(entries["entries"][0]["leaf"]), opened.headers["Aina-Entry"])

        body = {"verdict": "not-justified", "words": "Қате болды. We are sorry."}
        answered = served.call("POST", f"/api/review/{matter['id']}/answer", reviewer, body)
        self.assertEqual((answered.status, answered.json["state"]), (200, "not-justified"))
        problem(self, served.call("POST", f"/api/review/{matter['id']}/answer", reviewer, body), 409, "already")
        mine = next(m for m in served.call("GET", "/api/me/questions", person).json["matters"] if m["id"] == matter["id"])
        self.assertEqual((mine["state"], mine["answer"]), ("not-justified", body["words"]))
        self.assertNotIn(matter["id"], [m["id"] for m in served.call("GET", "/api/review?limit=200", reviewer).json["matters"]])
        self.assertIn(matter["id"], [m["id"] for m in served.call("GET", "/api/review?answered=true&limit=200", reviewer).json["matters"]])

    def test_an_emergency_look_waits_for_its_review(self):
        reason = "Unconscious after a road accident"
        body = {**look, "purpose": "emergency-care", "emergency": True, "reason": reason}
        del body["case"]
        made = served.call("POST", "/api/looks", doctor, body)
        self.assertEqual(made.status, 200, made.bytes)
        queue = served.call("GET", "/api/review?limit=200", reviewer).json["matters"]
        self.assertIn((made.json["look"], True), [(m["id"], m["emergency"]) for m in queue])
        self.assertEqual(served.call("GET", f"/api/review/{made.json['look']}", reviewer).json["words"], reason)

    def test_whose_it_is_not(self):
        leaf, asked = self.ask()
        id = asked.json["id"]
        elsewhere = served.token("official", "police-review-01")
        size = served.size()
        problem(self, served.call("GET", f"/api/review/{id}", elsewhere), 404)
        problem(self, served.call("POST", f"/api/review/{id}/answer", elsewhere, {"verdict": "justified", "words": "x"}), 404)
        problem(self, served.call("POST", f"/api/me/entries/{leaf}/question", other, {"words": "x"}), 404)
        problem(self, served.call("POST", "/api/me/entries/0/question", person, {"words": "x"}), 404)
        problem(self, served.call("POST", f"/api/me/entries/{leaf + 5000}/question", person, {"words": "x"}), 404)
        problem(self, served.call("GET", "/api/review/" + "0" * 26, reviewer), 404)
        self.assertEqual(served.size(), size)


class Facts(unittest.TestCase):
    def test_figures_are_what_prometheus_reads(self):
        """Text format 0.0.4 and the rules of `promtool check metrics`: each family once, with HELP and TYPE before its samples."""
        look_now()
        answer = served.call("GET", "/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
        text = answer.bytes.decode()
        self.assertTrue(text.endswith("\n"))
        helped, kinds, samples, family = set(), {}, {}, None
        for line in text.splitlines():
            if told := re.fullmatch(r"# HELP ([a-z_]+) (\S.*\.)", line):
                self.assertNotIn(told[1], helped)
                helped.add(family := told[1])
            elif told := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge|histogram)", line):
                self.assertEqual(told[1], family)
                self.assertNotIn(family, kinds)
                kinds[family] = told[2]
                self.assertEqual(family.endswith("_total"), told[2] == "counter", family)
            else:
                told = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="[^"\\]*",?)+\})? ([0-9.]+(?:e[+-]?[0-9]+)?)', line)
                self.assertTrue(told, line)
                base = re.sub(r"_(bucket|sum|count)$", "", told[1]) if kinds[family] == "histogram" else told[1]
                self.assertEqual(base, family, line)
                self.assertNotIn((told[1], told[2]), samples)
                samples[told[1], told[2]] = float(told[3])
        self.assertEqual(helped, set(kinds))
        self.assertGreater(len(kinds), 12)
        buckets = [value for (name, _), value in samples.items() if name.endswith("_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(samples["aina_http_request_seconds_bucket", '{le="+Inf"}'], samples["aina_http_request_seconds_count", None])
        self.assertGreaterEqual(samples["aina_looks_total", '{outcome="admitted"}'], 1)

    def test_jurisdiction(self):
        told = served.call("GET", "/api/jurisdiction").json
        self.assertEqual(told["id"], "kz")
        purposes = {p["id"] for p in told["purposes"]}
        agencies = {a["id"] for a in told["agencies"]}
        self.assertGreaterEqual(len(purposes), 15)
        for agency in told["agencies"]:
            for office in agency["offices"]:
                self.assertLessEqual(set(office["purposes"]), purposes)
        for registry in told["registries"]:
            self.assertIn(registry["holder"], agencies)
            fields = {f["id"] for f in registry["fields"]}
            for lookup in registry["lookups"]:
                self.assertIn(lookup["purpose"], purposes)
                self.assertLessEqual(set(lookup["fields"]), fields)

    def test_figures_are_for_this_machine(self):
        self.assertIn(b"aina_looks_total", served.call("GET", "/metrics").bytes)
        for name in ("X-Real-IP", "X-Forwarded-For", "Forwarded"):
            problem(self, served.call("GET", "/metrics", headers=[(name, "192.0.2.1")]), 403, "this machine")
        for number in served.numbers:
            self.assertNotIn(number.encode(), served.call("GET", "/metrics").bytes)
        self.assertEqual(served.call("GET", "/healthz").bytes, b"ok\n")


class Log(unittest.TestCase):
    def test_tiles_by_path_and_width(self):
        look_now()
        size = served.size()
        self.assertLess(size, 256)
        answer = served.call("GET", "/log/checkpoint")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertNotIn("immutable", answer.headers["Cache-Control"])
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        hashes = served.call("GET", f"/log/tile/0/000.p/{size}").bytes
        bundle = served.call("GET", f"/log/tile/entries/000.p/{size}").bytes
        self.assertEqual(len(bundle), 68 * size)
        for width in range(1, size + 1):
            tile = served.call("GET", f"/log/tile/0/000.p/{width}")
            self.assertEqual(tile.bytes, hashes[:32 * width])
            self.assertEqual(tile.headers["Content-Type"], "application/octet-stream")
            self.assertIn("immutable", tile.headers["Cache-Control"])
            self.assertEqual(tile.headers["Access-Control-Allow-Origin"], "*")
            self.assertEqual(served.call("GET", f"/log/tile/entries/000.p/{width}").bytes, bundle[:68 * width])
            self.assertEqual(hashlib.sha256(b"\0" + bundle[68 * width - 66:68 * width]).digest(), hashes[32 * width - 32:32 * width])
        head = served.raw("HEAD", f"/log/tile/0/000.p/{size}")
        self.assertEqual((head.status, head.headers["Content-Length"], head.bytes), (200, str(32 * size), b""))

    def test_what_is_no_tile(self):
        size = served.size()
        for path in ("0/000", f"0/000.p/{size + 60}", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/+1", "0/000.p/1/2", "0/000.p/", "0/0.p/1",
                     "0/00.p/1", "0/0000.p/1", "0/x000/000.p/1", "0/%30%30%30.p/1", "00/000.p/1", "64/000.p/1", "-1/000.p/1", "1/000.p/1", "entries/001.p/1",
                     "entries/000", "data/000.p/1", "0/001.p/1", "0", "0/000.p", "8/0/000.p/1", "entries", "0/X001/000", "0/999999.p/1",
                     "0/x999/x999/x999/x999/x999/x999/x999/999.p/1", "0/" + "x999/" * 5 + "999", "0/000.p/1?x=1"):
            with self.subTest(path):
                answer = served.raw("GET", "/log/tile/" + path)
                self.assertIn(answer.status, (404, 308, 400), path)
                if answer.status == 404:  # a reader in a browser sees it, and takes the whole tile
                    self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
                self.assertNotIn("immutable", answer.headers["Cache-Control"])

    def test_public_records_open_their_leaves(self):
        size = served.size()
        bundle = served.call("GET", f"/log/tile/entries/000.p/{size}").bytes
        known = {("shard", str((2026 - 1970) * 4 + q), 0) for q in range(4)} | {("holders", "holders", 0), ("rules", "kz", 0)}
        labels = {hashlib.sha256(b"".join(len(x).to_bytes(2, "big") + x.encode() for x in (kind, id)) + version.to_bytes(4, "big")).digest(): kind
                  for kind, id, version in known}
        found = {}
        for leaf in range(size):
            record = bundle[68 * leaf + 2:68 * leaf + 68]
            answer = served.call("GET", f"/log/record/{leaf}")
            if record[0] != 4:
                problem(self, answer, 404)
                continue
            self.assertEqual(hashlib.sha256(b"\x10" + bytes(32) + answer.bytes).digest(), record[34:])
            self.assertIn("immutable", answer.headers["Cache-Control"])
            found[labels.get(record[2:34], "other")] = answer.bytes
        self.assertIn("shard", found)
        self.assertEqual(found["rules"].decode().strip(), served.call("GET", "/api/jurisdiction").json["rules"])
        self.assertEqual(found["holders"].decode().split(), sorted(a["id"] for a in served.call("GET", "/api/jurisdiction").json["agencies"]))
        problem(self, served.call("GET", f"/log/record/{size + 100}"), 404)

    def test_a_foreign_client_reads_it_over_http(self):
        go, modules = pathlib.Path("/usr/bin/go"), pathlib.Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
        if not (go.exists() and modules.exists()):
            self.skipTest("golang-go and golang-golang-x-mod-dev are not installed")
        for _ in range(3):
            look_now()
        key = served.raw("GET", "/log/key").bytes.decode().strip()
        env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="", GOTOOLCHAIN="local")
        env.setdefault("GOCACHE", str(served.folder / "go"))
        built = subprocess.run([go, "build", "-o", served.folder / "verify_log", ROOT / "tests/foreign/go/verify_log.go"], env=env, capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stderr)
        read = subprocess.run([served.folder / "verify_log", key, f"http://127.0.0.1:{served.port}/log"], capture_output=True, text=True)
        self.assertEqual((read.returncode, read.stdout), (0, f"OK {served.size()}\n"), read.stderr)


class Stop(unittest.TestCase):
    def test_a_stop_under_load_loses_nothing(self):
        """SIGTERM among looks: each entry that was made was answered, and each answer has its entry."""
        place = Served(people=5)
        self.addCleanup(lambda: place.process.poll() is None and place.process.kill())
        token, owner = place.token("official", "health-clinic-5-01"), place.token("person", place.numbers[0])
        body = json.dumps({**look, "number": place.numbers[0]})
        before, answered, others = place.size(), set(), set()

        def ask_on_and_on():
            connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)
            try:
                while True:
                    connection.request("POST", "/api/looks", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status != 200:
                        others.add(answer.status)
                    else:
                        answered.add(int(answer.headers["Aina-Entry"]))
                    if answer.headers["Connection"] == "close":
                        return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()

        askers = [threading.Thread(target=ask_on_and_on) for _ in range(24)]
        for asker in askers:
            asker.start()
        while len(answered) < 300:
            time.sleep(0.01)
        place.process.terminate()
        for asker in askers:
            asker.join()
        self.assertEqual(place.process.wait(30), 0)
        place.process.stdout.close()
        place.start()
        made, page = set(), "?limit=500"
        while page:
            part = place.call("GET", "/api/me/entries" + page, owner).json
            made |= {e["leaf"] for e in part["entries"] if e["entry"]["kind"] == "look" and e["leaf"] >= before}
            page = f"?limit=500&before={part['next']}" if part["next"] is not None else None
        self.assertEqual(made, answered)
        self.assertLessEqual(others, {503})
        place.stop()


@unittest.skipUnless("AINA_TEST_PG" in os.environ, "of a run beside PostgreSQL: tests/postgres.sh run ...")
class OnPostgres(unittest.TestCase):
    def test_from_look_to_answer(self):
        place = Served(people=5, db=fresh_schema("api"))
        try:
            doctor, reviewer = (place.token("official", name) for name in ("health-clinic-5-01", "health-review-01"))
            person = place.token("person", place.numbers[0])
            made = place.call("POST", "/api/looks", doctor, {**look, "number": place.numbers[0]})
            self.assertEqual((made.status, place.call("GET", f"/api/looks/{made.json['look']}/receipt", doctor).status), (200, 200))
            asked = place.call("POST", f"/api/me/entries/{made.json['entry']}/question", person, {"words": "Why?"})
            self.assertEqual(asked.status, 201)
            self.assertEqual(place.call("GET", f"/api/review/{asked.json['id']}", reviewer).json["words"], "Why?")
            answer = {"verdict": "justified", "words": "Booked by you."}
            self.assertEqual(place.call("POST", f"/api/review/{asked.json['id']}/answer", reviewer, answer).status, 200)
            self.assertIn("Booked by you.", [m["answer"] for m in place.call("GET", "/api/me/questions", person).json["matters"]])
            self.assertEqual(place.call("GET", "/api/me/trace", person).status, 200)
            body = {"purpose": "treatment", "case": "visit-1", "number": place.numbers[0], "document": "4821"}
            self.assertEqual(place.call("POST", "/api/cases", doctor, body).status, 201)
            self.assertEqual(place.call("POST", "/api/cases", doctor, {**body, "number": place.numbers[1]}).status, 409)
            self.assertEqual(place.call("POST", "/api/cases/end", doctor, {"case": "visit-1"}).status, 200)
        finally:
            place.stop()


@unittest.skipUnless("POWER_SHIM" in os.environ, "of the plain build alone: the shim does not go with sanitizers")
class Stopped(unittest.TestCase):
    def test_when_the_log_stops_no_data_leave_and_health_says_so(self):
        shim = os.environ["POWER_SHIM"]
        fails = pathlib.Path(tempfile.mkdtemp(prefix="aina-fails-")) / "now"
        broken = Served(env={"LD_PRELOAD": shim, "POWER_FOLDER": "/tmp", "POWER_FAIL": "fdatasync:2:EIO", "POWER_FAIL_ONCE": str(fails)})
        token = broken.token("official", "health-clinic-5-01")
        fails.touch()
        body = {**look, "number": broken.numbers[0]}
        statuses = []
        for _ in range(4):
            answer = broken.call("POST", "/api/looks", token, body)
            statuses.append(answer.status)
            if answer.status != 200:
                self.assertNotIn(b"surname", answer.bytes)
        self.assertEqual(statuses[-1], 503)
        self.assertEqual(broken.call("GET", "/healthz").status, 503)
        broken.stop(check=False)
        shutil.rmtree(fails.parent)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    for test, why in result.skipped:
        if not why.startswith("of "):
            print("SKIPPED:", why)
    sys.exit(not result.wasSuccessful())
