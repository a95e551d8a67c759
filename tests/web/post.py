#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages, co-signers, booked times and letters, through the built program: who may come, and what a form without right does."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site


def setUpModule():
    global served
    served = site.serve()


def tearDownModule():
    served.stop()


def visitor(role, language="en"):
    client = site.Client(served, language)
    who = site.ROLES[role]
    if who is not None:
        client.log_in(who)
    return client


class Rights(unittest.TestCase):
    PERSON = ("/me/messages", "/me/sign")
    OFFICE = ("/desk/day", "/desk/letters")
    POSTS = {"/me/messages/language": "citizen", "/desk/letters": "doctor", "/me/sign/AAAA-BBBB-CCCC": "citizen", "/me/booked/AAAA-BBBB-CCCC": "citizen"}

    def test_pages_are_whole_in_every_language(self):
        for language in site.LANGUAGES:
            for role, paths in (("citizen", self.PERSON), ("doctor", self.OFFICE)):
                client = visitor(role, language)
                for path in paths:
                    page = client.get(path)
                    self.assertEqual(page.status, 200, path)
                    self.assertEqual(strict.faults(page.html), [], path)

    def test_nobody_else_comes_in(self):
        for role, status in (("nobody", 401), ("doctor", 403), ("auditor", 403)):
            for path in self.PERSON + ("/me/sign/AAAA-BBBB-CCCC", "/me/booked/AAAA-BBBB-CCCC"):
                self.assertEqual(visitor(role).get(path).status, status, (role, path))
        for role, status in (("nobody", 401), ("citizen", 403), ("auditor", 403)):
            for path in self.OFFICE:
                self.assertEqual(visitor(role).get(path).status, status, (role, path))

    def test_a_form_without_token_changes_nothing(self):
        for path, role in self.POSTS.items():
            for token in ({}, {"token": "x" * 43}):
                self.assertEqual(visitor(role).ask("POST", path, {"language": "ru", "letter": "0" * 26, "answer": "yes", **token}).status, 403, path)

    def test_another_ones_case_is_not_there(self):
        citizen = visitor("citizen")
        for path in ("/me/sign/AAAA-BBBB-CCCC", "/me/booked/AAAA-BBBB-CCCC", "/me/sign/x", "/me/booked/x"):
            page = citizen.get(path)
            self.assertEqual(page.status, 404, path)
            self.assertEqual(strict.faults(page.html), [], path)


class Messages(unittest.TestCase):
    def test_the_language_of_short_messages_is_kept(self):
        citizen = visitor("citizen")
        self.assertEqual(citizen.fill("/me/messages", "/me/messages/language", language="ru").status, 303)
        self.assertIn('<option value="ru" selected>', citizen.get("/me/messages").html)
        self.assertEqual(citizen.fill("/me/messages", "/me/messages/language", language="xx").status, 422)

    def test_a_letter_that_is_not_there_cannot_be_sent(self):
        doctor = visitor("doctor")
        self.assertIn("no letters", doctor.get("/desk/letters").html)


if __name__ == "__main__":
    unittest.main()
