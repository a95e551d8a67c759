#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The linter of services through `aina check`: everything that a service must not be is found where it stands; and the
form that the loader knows is the form of docs/service.schema.json, by which every file in the repository is valid."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

import jsonschema
import yaml

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
FOLDERS = ROOT / "jurisdictions"
CLERK, RULE, NOTE = "procedures/clerk.yaml", "procedures/by-rule.yaml", "procedures/by-note.yaml"
PLOT, METER, PIPE = "services/garden-plot.yaml", "services/meter-reading.yaml", "services/burst-pipe.yaml"
MOVE, ROOM = "services/new-address.yaml", "services/reading-room.yaml"

EVERYWHERE = ("new-street",)
# file, text there, what replaces it, a piece of `what`
BAD = [
    # rule 4: nobody is left out
    (PLOT, "sms: untested, counter: untested", "web: untested", "stands twice"),
    (PLOT, "channels: {web: untested, sms: untested, counter: untested}", "channels: {web: untested}", "no way without internet"),
    (PLOT, "counter: untested", "fax: untested", "cannot be 'fax'"),
    (PLOT, "counter: untested", "counter: often", "must say when each was tried out"),
    # rule 5: a machine may grant, only a human may refuse
    (RULE, "with: [heard]\n    to: decided-no", "to: decided-no", "a refusal can be reached without a hearing"),
    (RULE, "needs: [reason, article, hearing]", "needs: [reason, article]", "without reason, article and hearing"),
    (RULE, "needs: [reason, article, hearing]", "needs: [hearing]", "without reason, article and hearing"),
    (RULE, "who: [official]\n    from: [filed]\n    with: [heard]", "who: [machine]\n    from: [filed]\n    with: [heard]", "not only an official"),
    (RULE, "who: [official]\n    from: [filed]\n    with: [heard]", "who: [official, timer]\n    from: [filed]\n    with: [heard]", "not only an official"),
    (RULE, "does: hold-hearing", "with: [heard]", "nobody is heard|stands twice"),
    (RULE, "    does: offer-hearing\n", "", "nobody is heard"),
    (RULE, "who: [machine]", "who: [applicant]", "lets people grant to themselves"),
    (RULE, "who: [machine]", "who: [timer]", "or time decide"),
    (RULE, "    if: entitled\n", "", "a machine grants without a rule"),
    (RULE, "who: [applicant]\n    from: [filed]\n    to: withdrawn", "who: [timer]\n    from: [filed]\n    to: withdrawn", "withdraws for the applicant"),
    (RULE, "grounds:\n", "note-grounds:\n", "unknown key"),
    (RULE, "appeal:\n", "appeals:\n", "unknown key"),
    (RULE, "    with: [heard]\n    to: void\n", "    to: void\n", "a decision can be made void without a hearing"),
    (RULE, "    to: void\n    needs: [reason, article, hearing, second-person]", "    to: void\n    needs: [second-person]", "'void' refuses without reason, article and hearing"),
    (RULE, "who: [official]\n    from: [decided-yes]\n    with: [heard]\n    to: void", "who: [machine]\n    from: [decided-yes]\n    with: [heard]\n    to: void", "not only an official"),
    (RULE, "    from: [decided-yes]\n    without: [hearing-offered, heard]\n    does: offer-hearing\n", "    from: [decided-yes]\n    without: [hearing-offered, heard]\n", "'void' refuses and nobody is heard"),
    (RULE, "from: [decided-no, void]\n    without", "from: [decided-no]\n    without", "'void' leads to void, and no page lets the person appeal"),
    (RULE, "from: [decided-no, void]\n    without", "from: [void]\n    without", "'refuse' leads to decided-no, and no page lets the person appeal"),
    (RULE, "  within: 30 calendar days\n", "  within: 0 calendar days\n", "not a term that the calendar can count|cannot be appealed"),
    # dead ends and what can never happen
    (RULE, "from: [filed, decided-yes]\n    with: [hearing-offered]", "from: [decided-yes]\n    with: [hearing-offered]", "no case ever comes to where one can do|nobody is heard"),
    (MOVE, "from: [returned]\n    to: filed", "from: [returned]\n    to: returned", "a case that can only be withdrawn: returned"),
    (RULE, "without: [hearing-offered, heard]", "without: [hearing-offered, heard]\n    with: [heard]", "needs a flag both up and down"),
    (RULE, "  - {id: appealed,", "  - {id: forgotten, name: {en: \"Forgotten\", tr: \"Unutuldu\"}}\n  - {id: appealed,", "no action ever sets flag 'forgotten'"),
    (RULE, "clears: [hearing-offered]\n    sets: [heard]", "sets: [heard]\n    clears: [hearing-offered, heard]", "no case ever comes to where one can do"),
    (RULE, "with: [appealed]", "with: [appealed, heard]", "no case ever comes to where one can do"),
    (RULE, "to: decided-yes\n    clears: [hearing-offered, heard]", "clears: [hearing-offered, heard]", "nobody is sure to be able to grant"),
    (NOTE, "who: [official]\n    from: [filed]\n    to: decided-yes", "who: [official]\n    from: [returned]\n    to: decided-yes", "no case ever comes to"),
    (RULE, "from: [draft]\n    does: file\n    to: filed", "from: [draft]\n    does: file\n    to: returned", "files, and not from draft to filed"),
    (RULE, "    does: file\n", "", "0 actions file the case"),
    (RULE, "to: withdrawn", "to: draft", "leads back to a draft"),
    (RULE, "clears: [hearing-offered]\n    sets: [heard]", "clears: [hearing-offered]", "no case ever comes to where one can do"),
    (RULE, "  - {id: heard,", "  - {id: filed,", "is a status"),
    (RULE, "  - {id: heard,", "  - {id: hearing-offered,", "stands twice"),
    # once only
    (MOVE, "new-street", "phone", "though the state holds it: residents.phone"),
    (MOVE, "  - {id: owner, fields: [owner]}\n", "", "is never asked"),
    (MOVE, "  - {id: owner, fields: [owner]}", "  - {id: owner, fields: [owner, new-street]}", "is asked on two pages"),
    (MOVE, "from: residents.street", "from: residents.name-of-cat", "no registry has"),
    (MOVE, "from: residents.street", "from: readers.loans", "that 'lookups' does not name"),
    (MOVE, "  - {registry: residents, purpose: residence}", "  - {registry: residents, purpose: lending}", "is not opened to the purpose|may not look"),
    (MOVE, "  - {registry: residents, purpose: residence}", "  - {registry: residents, purpose: residence}\n  - {registry: gardens, purpose: residence}", "is asked for nothing"),
    (MOVE, "type: person", "type: text", "is nobody who could sign"),
    # texts
    (MOVE, 'label: {en: "Registered street", tr: "Kayıtlı sokak"}', 'label: {en: "Registered street"}', "has no text in 'tr'"),
    (MOVE, 'label: {en: "Registered street", tr: "Kayıtlı sokak"}', 'label: {en: "Registered street", tr: "K", kk: "x"}', "in no language of this folder"),
    (MOVE, "{applicant} lives at", "{applicants} lives at", "a place that nothing fills: {applicants}"),
    (RULE, 'sms: {en: "{case}: granted."', 'sms: {en: "{case}: granted. We are glad to tell you that the plot is yours from today on."', "takes 86 characters of 70"),
    (RULE, 'sms: {en: "{case}: granted."', 'sms: {en: "{part}: granted."', "holds more than it may"),
    (RULE, 'to: applicant\n    screen: {en: "{case}: refused: {reason}.', 'to: office\n    screen: {en: "{case}: refused: {reason}.', "says something of the person: {reason}"),
    (RULE, "    after: [grant, grant-by-hand]", "    after: [grants]", "message after unknown"),
    (RULE, 'sms: {en: "{case}: granted.", tr: "{case}: kabul edildi."}', 'sms: {en: "{case}: granted.", tr: "{case}: kabul edildi."}\n    ussd: {en: "{case}: granted. We are glad to tell you that the garden plot is yours from today on, enjoy.", tr: "{case}"}', "characters of 80"),
    # terms
    (PLOT, "term: 5 working days", "term: 5 days", "is not a term that the calendar can count"),
    (PLOT, "term: 5 working days", "term: 0 hours", "is not a term that the calendar can count"),
    (PLOT, "while: filed", "while: fild", "timer while unknown 'fild'"),
    (PLOT, "while: filed", "while: heard", "nobody is told by when"),
    (PLOT, "    verified: no\n", "    verified: yes\n", "is verified by nothing"),
    ("jurisdiction.yaml", "  holidays: [2026-01-01, 2026-04-23, 2026-05-01, 2027-01-01]\n", "", "has no calendar"),
    (RULE, "while: appealed\n", "while: appealed\n    do: void\n", "does what only others may do"),
    (RULE, "while: appealed\n", "while: appealed\n    pause-on: [appealed]\n", "pauses on the flag it runs on"),
    (RULE, "while: appealed\n", "while: appealed\n    waiting: yes\n    pause-on: [heard]\n", "pauses or acts"),
    # rules
    (PLOT, "is: not given(plot)", "is: not entitled", "nothing is called 'entitled' here"),
    (PLOT, "is: not given(plot)", "is: not given(plots)", "nothing is called 'plots' here"),
    (PLOT, "is: not given(plot)", "is: plot > 3", "a number stands here where a text is needed"),
    (PLOT, "is: not given(plot)", "is: given(plot) and", "ends too early"),
    (PLOT, "is: not given(plot)", "is: given(plot)", "example 'no plot': 'entitled' is no, expected yes"),
    (PLOT, "if part = 'upper'", "if part = 'middle'", "is not an option of 'part'"),
    (PLOT, "amount: if part = 'upper' then 12 else 8", "amount: part = 'upper'", "gives a yes-no where a number is needed"),
    (PLOT, '    otherwise: {en: "You have a plot", tr: "Parseliniz var"}\n', "", "cannot explain a no"),
    (PLOT, "given: {part: upper, plot: B}", "given: {part: upper, lot: B}", "is no field of this service"),
    (PLOT, "given: {part: upper, plot: B}", "given: {part: centre, plot: B}", "is no value of 'part'"),
    (METER, "expect: {plausible: no}", "expect: {}", "no examples show rule 'plausible' both ways"),
    (METER, "fields: [new-reading]}", "fields: [new-reading], if: new-reading > 3}", "rests on what is asked on it or later"),
    (METER, "fields: [new-reading]}", "fields: [new-reading], if: no}", "is never shown"),
    (METER, "  - id: plausible", "  - id: last", "stands for two things"),
    # form
    (PLOT, "version: 1", "version: one", "is not a number"),
    (PLOT, "version: 1\n", "", "a service without 'version'"),
    (PLOT, "id: garden-plot", "id: garden", "the file is called 'garden-plot'"),
    (PLOT, "procedure: by-rule", "procedure: by-law", "unknown procedure"),
    (PLOT, "provider: town-hall/registrar", "provider: town-hall/mayor", "unknown provider"),
    (PLOT, "recipients: [person]", "recipients: []", "nobody can apply"),
    (PLOT, "type: choice", "type: chioce", "'type' cannot be 'chioce'"),
    (MOVE, "life-events: [moving-in]", "life-events: [moving-out]", "unknown life event"),
    (ROOM, "from: \"10:00\", to: \"16:00\"", "from: \"16:00\", to: \"10:00\"", "without a single slot"),
    (ROOM, "type: slot", "type: text", "and its slots do not go together"),
    (PIPE, "min: 3", "min: 999", "can have no answer"),
    (PIPE, "type: text\n    label: {en: \"Where", "type: file\n    label: {en: \"Where", "takes files of any kind|cannot send"),
    # offers: raised by something, to somebody who can accept, with an end
    (METER, "  decided: new-address\n", "", "nothing raises this offer"),
    (METER, "  decided: new-address\n", "  decided: new-address\n  record: residents\n", "two things raise this offer"),
    (METER, "  decided: new-address\n", "  decided: old-address\n", "unknown service 'old-address'"),
    (METER, "  decided: new-address\n", "  decided: meter-reading\n", "its own grant would offer it again"),
    (METER, "  within: 30 calendar days\n", "", "an offer without an end"),
    (METER, "  within: 30 calendar days\n", "  within: a month\n", "is not a term that the calendar can count"),
    (METER, "  decided: new-address\n", "  decided: new-address\n  if: street > 3\n", "'if', character"),
    (METER, "  decided: new-address\n", "  decided: new-address\n  if: street\n", "gives a text where a yes-no is needed"),
    (METER, "channels: {web: untested, sms: untested", "channels: {sms: untested", "nobody could accept the offer"),
    (PLOT, "  record: residents\n", "  record: dwellers\n", "unknown registry 'dwellers'"),
    (PLOT, "  record: residents\n", "  record: meters\n", "nobody writes records of 'meters' here"),
    (PLOT, "  record: residents\n", "  record: residents\n  if: plot = 'B'\n", "nothing is called 'plot' here"),
    ("registries/residents.yaml", "written-by: [registrar]", "written-by: [mayor]", "'mayor' cannot write records here|nobody writes records"),
    ("registries/residents.yaml", "written-by: [registrar]\n", "", "nobody writes records of 'residents' here"),
]


def check(folder):
    done = subprocess.run([AINA, "check", str(folder), "--json"], capture_output=True, text=True, timeout=20)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def service(*words, stdin=""):
    done = subprocess.run([AINA, "service", *map(str, words)], input=stdin, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


class Lint(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-services-"))
        self.folder = self.top / "town"
        shutil.copytree(FOLDERS / "ainabulak", self.folder)

    def tearDown(self):
        shutil.rmtree(self.top)

    def test_each_bad_construct_is_found_where_it_stands(self):
        for bad in BAD:
            with self.subTest(bad=bad):
                self.finds(*bad)

    def finds(self, file, old, new, what):
        path = self.folder / file
        whole = path.read_text()
        self.assertIn(old, whole)
        path.write_text(whole.replace(old, new, -1 if old in EVERYWHERE else 1))
        code, findings, err = check(self.folder)
        path.write_text(whole)
        errors = [f for f in findings if f["level"] == "error"]
        hits = [f for f in errors if any(w in f["what"] for w in what.split("|"))]
        self.assertEqual(code, 1, err)
        self.assertTrue(hits, errors)
        self.assertTrue(all(f["remedy"] and f["line"] > 0 for f in errors))
        if hits[0]["file"] == file and hits[0]["line"] > 12:  # what concerns the whole stands at its head
            line = whole[:whole.index(old)].count("\n") + 1
            self.assertLess(abs(hits[0]["line"] - line), 45, hits)

    def test_a_state_without_a_way_out_is_a_dead_end(self):
        path = self.folder / MOVE
        text = path.read_text().replace("from: [returned]\n    to: filed", "from: [returned]\n    to: returned")
        path.write_text(text.replace("from: [filed, returned]\n    to: withdrawn", "from: [filed]\n    to: withdrawn"))
        code, findings, _ = check(self.folder)
        dead = [f for f in findings if "a dead end: returned" in f["what"]]
        self.assertEqual((code, len(dead)), (1, 1), findings)
        self.assertTrue(dead[0]["file"] == MOVE and dead[0]["line"] and dead[0]["remedy"], dead)

    def test_a_procedures_line_is_told_once(self):
        path = self.folder / RULE
        path.write_text(path.read_text().replace("needs: [reason, article, hearing]", "needs: [reason]"))
        shutil.copy(self.folder / PLOT, self.folder / "services/second.yaml")
        second = self.folder / "services/second.yaml"
        second.write_text(second.read_text().replace("id: garden-plot", "id: second"))
        _, findings, _ = check(self.folder)
        self.assertEqual(len([f for f in findings if "without reason" in f["what"]]), 1)

    def test_nothing_of_one_country_is_needed(self):
        shutil.rmtree(self.folder / "services")
        shutil.rmtree(self.folder / "procedures")
        (self.folder / "demo.yaml").unlink()  # its invented cases are of services
        self.assertEqual(check(self.folder)[0], 0)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads((ROOT / "docs/service.schema.json").read_text())

    def test_it_is_what_the_loader_knows(self):
        code, out, _ = service("schema")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out), self.schema, "write it anew: aina service schema > docs/service.schema.json")

    def files(self):
        return sorted([*FOLDERS.glob("*/services/*.yaml"), *FOLDERS.glob("*/procedures/*.yaml")])

    def test_every_file_of_the_repository_is_valid(self):
        validator = jsonschema.Draft202012Validator(self.schema)
        validator.check_schema(self.schema)
        self.assertGreater(len(self.files()), 20)
        for path in self.files():
            # as editors read it (yes may become true), and as the loader does (all text)
            for loader in (yaml.SafeLoader, yaml.BaseLoader):
                document = yaml.load(path.read_text(), loader)
                document = json.loads(json.dumps(document, default=str))
                errors = [f"{path.name} {list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(document)]
                self.assertEqual(errors, [], loader)

    def test_it_refuses_what_the_loader_refuses(self):
        validator = jsonschema.Draft202012Validator(self.schema)
        whole = (FOLDERS / "ainabulak" / PLOT).read_text()
        for old, new in (("version: 1\n", ""), ("type: choice", "type: chioce"), ("term: 5 working days", "term: 5 days"),
                         ("counter: untested", "fax: untested"), ("optional: yes", "optionally: yes")):
            self.assertTrue(list(validator.iter_errors(yaml.load(whole.replace(old, new), yaml.BaseLoader))), new)

    def test_each_key_is_documented(self):
        manual = (ROOT / "docs/services.md").read_text()
        for name, form in self.schema["$defs"].items():
            for key in form.get("properties", {}):
                self.assertRegex(manual, rf"`{re.escape(key)}`", f"{name}.{key} is not in docs/services.md")


class Catalogue(unittest.TestCase):
    """The 57 of the catalogue are there, with its terms and fees, and none is called verified that it does not."""

    def test_each_service_says_what_the_catalogue_says(self):
        path = ROOT / "../shared/data/services/catalogue.json"
        if not path.exists():
            print("SKIPPED: no ../shared/data/services/catalogue.json")
            return
        units = {"minute": "minute", "working_day": "working day", "calendar_day": "calendar day", "month": "month"}
        services = json.loads(path.read_text())["services"]
        self.assertEqual(len(services), 57)
        for entry in services:
            with self.subTest(service=entry["id"]):
                file = FOLDERS / "kz/services" / (entry["id"].replace("_", "-") + ".yaml")
                service = yaml.load(file.read_text(), yaml.BaseLoader)
                procedure = yaml.load((FOLDERS / f"kz/procedures/{service['procedure']}.yaml").read_text(), yaml.BaseLoader)
                self.assertEqual(procedure["archetype"], entry["archetype"].replace("_", "-"))
                self.assertEqual(service["name"], entry["name"])
                amount, unit = entry["deadline"]["amount"], units[entry["deadline"]["unit"]]
                term = f"{amount} {unit}{'' if amount == 1 else 's'}"
                timers = [t for t in service["timers"] if t["term"] == term]
                self.assertTrue(timers, term)
                if entry["term_verified"]:
                    self.assertTrue(any(t["verified"] == "yes" and t["source"] for t in timers))
                else:
                    decision = next(t for t in service["timers"] if t["id"] == "decision")
                    self.assertEqual(decision["verified"], "no")
                for fee in service.get("fees", []):
                    self.assertTrue(fee["verified"] == "no" or entry["fee_verified"] or entry["id"] == "id.passport", fee)
                    self.assertIn(str(entry["fee"]["mci"]).removesuffix(".0") if entry["fee"]["mci"] else "6.5", fee["amount"])
                self.assertFalse(entry["fee"]["mci"] and not service.get("fees"))


class Program(unittest.TestCase):
    def test_list_names_every_service(self):
        for folder in ("kz", "ainabulak"):
            code, out, _ = service("list", FOLDERS / folder)
            self.assertEqual(code, 0)
            for path in (FOLDERS / folder / "services").glob("*.yaml"):
                self.assertIn(path.stem + "\n", out)

    def test_each_of_the_ten_kinds_is_there(self):
        _, out, _ = service("list", FOLDERS / "kz", "--lang", "en")
        for kind in ("extract", "auto-rule", "review1", "review2", "commission", "queue", "booking", "notify", "appeal", "petition"):
            self.assertIn(f"    {kind}; ", out)

    def test_every_service_is_shown_and_drawn(self):
        for folder in ("kz", "ainabulak"):
            languages = list(yaml.load((FOLDERS / folder / "jurisdiction.yaml").read_text(), yaml.BaseLoader)["languages"])
            for n, path in enumerate(sorted((FOLDERS / folder / "services").glob("*.yaml"))):
                language = languages[n % len(languages)]
                names = yaml.load(path.read_text(), yaml.BaseLoader)["name"]
                with tempfile.TemporaryDirectory() as top:
                    svg = pathlib.Path(top) / "x.svg"
                    code, out, err = service("show", FOLDERS / folder, path.stem, "--lang", language, "--svg", svg)
                    self.assertEqual(code, 0, err)
                    self.assertTrue(out.startswith(names[language]), (path, language))
                    title = xml.dom.minidom.parse(str(svg)).getElementsByTagName("title")[0].firstChild.data
                    self.assertEqual(title, names[language])

    def test_try_walks_to_the_end(self):
        code, out, _ = service("try", FOLDERS / "kz", "soc.large-family", "--lang", "en", "--filed", "2025-03-19", stdin="4\nKZ75125KZT2069100100\n\n")
        self.assertEqual(code, 0, out)
        self.assertIn("There are at least four children in the family", out)
        self.assertIn("by the end of 2025-04-02", out)  # Nauryz: 21 to 25 March are days of rest
        self.assertIn("At once, by rule: Grant by rule → decided-yes", out)

    def test_an_evaluation_is_replayed(self):
        with tempfile.TemporaryDirectory() as top:
            trace, folder = pathlib.Path(top) / "trace.json", pathlib.Path(top) / "kz"
            code, _, err = service("try", FOLDERS / "kz", "soc.large-family", "--filed", "2025-03-19", "--trace", trace, stdin="4\nKZ75125KZT2069100100\n\n")
            self.assertEqual(code, 0, err)
            self.assertEqual(service("replay", FOLDERS / "kz", trace)[:2], (0, "1 rules, 0 differ; the same version of the service\n"))
            shutil.copytree(FOLDERS / "kz", folder)
            path = folder / "services/soc.large-family.yaml"
            path.write_text(path.read_text().replace("children >= 4", "children >= 5").replace("given: {children: 4}", "given: {children: 5}"))
            self.assertEqual(service("replay", folder, trace)[:2],
                             (1, "entitled: then yes, now no\n1 rules, 1 differ; another version of the service\n"))
            whole = trace.read_text()
            self.assertIn('"children":"4"', whole)
            for old, new in (('"children":"4"', '"children":"four"'), ('"v":1', '"v":1,"v":1'), ("}", ""), ("soc.large-family", "nosuch"), (whole, "")):
                trace.write_text(whole.replace(old, new, 1))
                self.assertEqual(service("replay", FOLDERS / "kz", trace)[0], 1, new)
            trace.write_text(whole.replace('"gives":"yes"', '"gives":"no"'))
            self.assertEqual(service("replay", FOLDERS / "kz", trace)[0], 1)

    def test_try_says_what_is_wrong_and_goes_on(self):
        code, out, _ = service("try", FOLDERS / "kz", "soc.large-family", "--lang", "en", "--filed", "2025-03-19", stdin="3\n\nKZ75125KZT2069100101\nKZ75125KZT2069100100\n\n")
        self.assertEqual(code, 0, out)
        self.assertIn("There is a problem: This is no account number", out)
        self.assertIn("The register shows fewer than four children", out)
        self.assertIn("Now it goes to a person", out)

    def test_try_changes_an_answer_and_asks_only_what_matters(self):
        answers = "A\nB\n1990-01-01\nno\n1\n"
        code, out, _ = service("try", FOLDERS / "kz", "id.no-conviction", "--lang", "en", "--filed", "2025-03-19", stdin=answers + "\n")
        self.assertEqual(code, 0, out)
        self.assertNotIn("In which country?", out)
        code, out, _ = service("try", FOLDERS / "kz", "id.no-conviction", "--lang", "en", "--filed", "2025-03-19", stdin=answers + "4\n3\nFrance\n\n")
        self.assertEqual(code, 0, out)
        self.assertIn("In which country?", out)
        self.assertIn("8 working days", out)

    def test_input_that_ends_files_nothing(self):
        code, out, _ = service("try", FOLDERS / "kz", "soc.large-family", stdin="4\n")
        self.assertEqual(code, 1)
        self.assertIn("Not filed", out)

    def test_a_closed_season_and_a_missing_channel_are_refused(self):
        code, out, err = service("try", FOLDERS / "kz", "part.petition", "--channel", "sms")
        self.assertEqual((code, "cannot be filed by sms" in err), (1, True))

    def test_words_that_are_off(self):
        for words in ([], ["list"], ["show", FOLDERS / "kz"], ["nosuch", FOLDERS / "kz"], ["list", FOLDERS / "kz", "--lang", "xx"],
                      ["due", FOLDERS / "kz", "id.card", "--filed", "yesterday"], ["due", FOLDERS / "kz", "id.card", "--channel", "fax"]):
            self.assertEqual(service(*words)[0], 2, words)
        self.assertEqual(service("show", FOLDERS / "kz", "nosuch")[0], 1)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
