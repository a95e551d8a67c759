#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The log's key: in a PKCS#11 token (SoftHSM2), and its change, from file to file and from file to token: both keys sign until
the old one is ended; who knows either goes on; a token that is lost, locked or wrong is a clear error."""
import base64
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile
import unittest

from place import Place, Server

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def aina(*args, good=True):
    done = subprocess.run([AINA, *map(str, args)], capture_output=True, text=True, timeout=60)
    if good and done.returncode != 0:
        raise AssertionError(f"{args}: {done.stdout}{done.stderr}")
    return done.stdout if good else (done.returncode, done.stdout, done.stderr)


class Made(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-logkey-"))
        self.addCleanup(shutil.rmtree, self.top)
        self.place = self.top / "place"

    def init(self, *more):
        out = aina("init", self.place, "--jurisdiction", ROOT / "jurisdictions/ainabulak", "--yes", *more)
        return re.search(r"^    (\S+\+[0-9a-f]{8}\+\S+)$", out, re.M)[1]

    def note(self):
        return (self.place / "ledger/checkpoint").read_text()

    def signers(self):
        """Key ids of the stored checkpoint's signature lines, in order."""
        return [base64.b64decode(line.split()[-1])[:4].hex() for line in self.note().splitlines() if line.startswith("\u2014")]


class Change(Made):
    def test_both_keys_sign_until_the_old_one_is_ended(self):
        old = self.init()
        out = aina("keys", "rotate", "log", self.place)
        new = re.search(r"^    (\S+\+[0-9a-f]{8}\+\S+)$", out, re.M)[1]
        self.assertNotEqual(old, new)
        self.assertEqual(self.signers(), [new.split("+")[1], old.split("+")[1]])
        lines = self.note().splitlines(keepends=True)
        for key, line in ((new, -2), (old, -1)):  # openssl knows one signature: each holds by itself
            one = self.top / "one"
            one.write_text("".join(lines[:-2] + [lines[line]]))
            done = subprocess.run(["sh", ROOT / "tests/foreign/openssl_checkpoint.sh", key, one], capture_output=True, text=True)
            self.assertIn("OK", done.stdout, key)
        event = json.loads((self.place / "keys/events").read_text().splitlines()[-1])
        self.assertEqual((event["key"], event["event"], event["before"], event["after"]), ("log", "rotated", old, new))
        shown = aina("keys", self.place)
        self.assertIn("log-before", shown)
        aina("fsck", self.place)
        code, _, err = aina("keys", "rotate", "log", self.place, good=False)
        self.assertEqual(code, 1)
        self.assertIn("is changing already", err)
        aina("keys", "rotate", "log", self.place, "--finish")
        self.assertEqual(self.signers(), [new.split("+")[1]])
        self.assertFalse((self.place / "keys/log-before.key").exists())
        aina("fsck", self.place)
        code, _, err = aina("keys", "rotate", "log", self.place, "--finish", good=False)
        self.assertEqual(code, 1)
        self.assertIn("not changing", err)

    def test_the_key_of_documents_changes(self):
        self.init()
        first = sorted(p.name for p in (self.place / "keys").glob("document-*.key"))
        aina("keys", "rotate", "document", self.place)
        second = sorted(p.name for p in (self.place / "keys").glob("document-*.key"))
        self.assertEqual(len(second), len(first) + 1)
        self.assertIn(second[-1].removesuffix(".key"), aina("keys", self.place))
        aina("fsck", self.place)

    def test_a_change_that_broke_off_is_begun_again(self):
        self.init()
        aina("keys", "rotate", "log", self.place)
        aina("keys", "rotate", "log", self.place, "--finish")
        # As after a crash before the new key was put into its place: the old one stands in both.
        (self.place / "keys/log-next").write_text("x")
        aina("fsck", self.place)
        out = aina("keys", "rotate", "log", self.place)
        self.assertIn("has changed", out)


class Credential(Made):
    def test_keys_from_systemd_credentials(self):
        credentials = self.top / "credentials"
        credentials.mkdir()
        self.init()
        for name in ("papers", "log"):
            (credentials / name).write_text(secrets.token_hex(32) + "\n")
            (credentials / name).chmod(0o400)
        code, _, err = aina("keys", "rotate", "document", self.place, "--to", "credential:papers", good=False)
        self.assertEqual(code, 1)
        self.assertIn("was given no systemd credentials", err)
        server = Server(self.place, env={"CREDENTIALS_DIRECTORY": str(credentials)})
        self.addCleanup(server.kill)
        for name, words in (("nothing", "cannot be opened"), ("../log", "name of a systemd credential"), ("", "name of a systemd credential")):
            code, _, err = aina("keys", "rotate", "document", self.place, "--to", f"credential:{name}", good=False)
            self.assertEqual(code, 1)
            self.assertIn(words, err)
        aina("keys", "rotate", "document", self.place, "--to", "credential:papers")
        aina("keys", "rotate", "log", self.place, "--to", "credential:log")
        self.assertEqual((self.place / "keys/document-2.key").read_text(), "credential:papers\n")
        self.assertIn("names a systemd credential:log", aina("keys", self.place))
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(self.signers()), 2)
        server = Server(self.place, env={"CREDENTIALS_DIRECTORY": str(credentials)})
        aina("keys", "rotate", "log", self.place, "--finish")
        self.assertEqual(server.stop(), 0)
        self.assertNotEqual(aina("fsck", self.place, good=False)[0], 0)
        self.assertNotIn((credentials / "log").read_text().strip(), "".join(p.read_text(errors="replace") for p in self.place.rglob("*") if p.is_file()))


@unittest.skipUnless(os.path.exists(MODULE) and shutil.which("softhsm2-util"), "SKIPPED: softhsm2 is not installed")
class Token(Made):
    def setUp(self):
        super().setUp()
        (self.top / "tokens").mkdir()
        conf = self.top / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.top}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(conf)
        self.util("--init-token", "--free", "--label", "aina", "--so-pin", "so-secret", "--pin", "user-secret")
        self.pin = self.top / "pin"
        self.pin.write_text("user-secret\n")
        self.pin.chmod(0o600)
        self.uri = f"pkcs11:token=aina;object=log?module-path={MODULE}&pin-source=file:{self.pin}"

    def util(self, *args):
        subprocess.run(["softhsm2-util", *args], check=True, capture_output=True)

    def test_the_key_is_made_in_the_token_and_signs_there(self):
        vkey = self.init("--log-key", self.uri)
        self.assertEqual((self.place / "keys/log.key").read_text().strip(), self.uri)
        self.assertEqual(self.signers(), [vkey.split("+")[1]])
        done = subprocess.run(["sh", ROOT / "tests/foreign/openssl_checkpoint.sh", vkey, self.place / "ledger/checkpoint"], capture_output=True, text=True)
        self.assertIn("OK", done.stdout)
        self.assertIn("names a token", aina("keys", self.place))
        aina("fsck", self.place)
        self.assertNotIn("user-secret", "".join(p.read_text(errors="replace") for p in self.place.rglob("*") if p.is_file()))
        # A server whose sandbox forbids all that the module needs.
        server = subprocess.Popen([AINA, "serve", str(self.place), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("Serving", server.stdout.readline())
        self.assertNotIn(b"secret", pathlib.Path(f"/proc/{server.pid}/cmdline").read_bytes())
        server.terminate()
        self.assertEqual(server.wait(20), 0)
        server.stdout.close()
        server.stderr.close()

    def refused(self, words):
        code, out, err = aina("fsck", self.place, good=False)
        self.assertNotEqual(code, 0)
        self.assertIn(words, out + err)

    def test_what_is_wrong_with_a_token_is_said(self):
        self.init("--log-key", self.uri)
        log = self.place / "keys/log.key"
        for old, new, words in (("token=aina", "token=other", "no token of this name"), ("object=log", "object=x", "no Ed25519 key of the name 'x'"),
                                (MODULE, "/nowhere.so", "cannot be loaded"), (MODULE, "/usr/lib/x86_64-linux-gnu/libz.so.1", "is no PKCS#11 module"),
                                (f"pin-source=file:{self.pin}", "pin-value=1234", "a PIN does not stand in the URI"),
                                (f"&pin-source=file:{self.pin}", "", "'pin-source' is missing"), (str(self.pin), "/nowhere", "PIN cannot be read"),
                                ("object=log", "object=%zz", "without two hex digits"), ("object=log", "colour=red", "is not token, object")):
            log.write_text(self.uri.replace(old, new))
            self.refused(words)
        log.write_text(self.uri)
        self.pin.write_text("wrong")
        self.refused("the PIN is wrong")
        self.pin.write_text("user-secret")
        self.pin.chmod(0o644)
        self.refused("chmod 600")
        self.pin.chmod(0o600)
        aina("fsck", self.place)
        shutil.rmtree(self.top / "tokens")
        (self.top / "tokens").mkdir()
        self.refused("no token of this name")
        code, out, _ = aina("keys", self.place, good=False)  # this needs no token
        self.assertEqual(code, 0)
        self.assertIn("names a token", out)

    def test_a_token_lost_while_serving_stops_the_log_and_says_so(self):
        place = Place()
        self.addCleanup(place.remove)
        aina("keys", "rotate", "log", place.folder, "--to", self.uri)
        aina("keys", "rotate", "log", place.folder, "--finish")
        server, doctor = Server(place.folder), place.doctor()
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(0))[0].status, 200)
        children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
        self.assertEqual(len(children), 1)
        os.kill(int(children[0]), 9)  # as when the module falls over with its device
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(0))[0].status, 503)
        self.assertNotEqual(server.process.wait(40), 0)
        server.close()
        self.assertIn("the log has stopped", server.said())
        self.assertIn("the process that holds the token has ended", server.said())
        aina("fsck", place.folder)  # nothing is lost, and a new start goes on
        server = Server(place.folder)
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(0))[0].status, 200)
        self.assertEqual(server.stop(), 0)

    def certificate(self, server, n):
        """What /check takes: key number n's certificate, and openssl's word that it signs itself."""
        keys = json.loads(server.call("GET", "/.well-known/aina-documents.json")[1])["keys"]
        der = self.top / "key.der"
        der.write_bytes(base64.b64decode(keys[n - 1]["x5c"][0]))
        pem = subprocess.run(["openssl", "x509", "-inform", "der", "-in", der], check=True, capture_output=True, text=True).stdout
        (self.top / "key.pem").write_text(pem)
        return subprocess.run(["openssl", "verify", "-check_ss_sig", "-CAfile", self.top / "key.pem", self.top / "key.pem"], capture_output=True, text=True)

    def test_keys_change_beside_a_running_server_into_a_token(self):
        place = Place()
        self.addCleanup(place.remove)
        document = self.uri.replace("object=log", "object=papers")
        server, doctor = Server(place.folder), place.doctor()
        self.addCleanup(server.kill)
        aina("keys", "rotate", "log", place.folder, "--to", self.uri)
        aina("keys", "rotate", "document", place.folder, "--to", document)
        self.assertEqual((place.folder / "keys/document-2.key").read_text().strip(), document)
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(0))[0].status, 200)
        self.assertIn("OK", self.certificate(server, 2).stdout)
        aina("keys", "rotate", "log", place.folder, "--finish")
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(1))[0].status, 200)
        listing = aina("keys", place.folder)
        self.assertEqual(listing.count("names a token"), 2)
        self.assertEqual(server.stop(), 0)
        aina("fsck", place.folder)
        server = Server(place.folder)  # opens both by itself, before its sandbox
        self.assertEqual(server.call("POST", "/api/looks", doctor, place.look_words(0))[0].status, 200)
        self.assertEqual(server.stop(), 0)
        code, _, err = aina("keys", "rotate", "document", place.folder, "--to", document, good=False)
        self.assertEqual(code, 1)
        self.assertIn("has a key of the name 'papers' already", err)
        self.assertNotIn("user-secret", "".join(p.read_text(errors="replace") for p in place.folder.rglob("*") if p.is_file()))
        (self.top / "tokens").rename(self.top / "gone")
        (self.top / "tokens").mkdir()
        code, _, err = aina("keys", "rotate", "document", place.folder, good=False)  # the token is lost: said, nothing half done
        self.assertNotEqual(code, 0)
        self.assertFalse((place.folder / "keys/document-3.key").exists())

    def test_from_a_file_to_a_token_and_on_to_another(self):
        old = self.init()
        aina("keys", "rotate", "log", self.place, "--to", self.uri)
        self.assertEqual((self.place / "keys/log.key").read_text().strip(), self.uri)
        self.assertEqual(len(self.signers()), 2)
        self.assertEqual(self.signers()[1], old.split("+")[1])
        aina("fsck", self.place)
        aina("keys", "rotate", "log", self.place, "--finish")
        second = self.uri.replace("object=log", "object=log-2")
        aina("keys", "rotate", "log", self.place, "--to", second)
        self.assertEqual(len(self.signers()), 2)
        aina("fsck", self.place)
        aina("keys", "rotate", "log", self.place, "--finish")
        self.assertEqual(len(self.signers()), 1)
        aina("fsck", self.place)
        code, _, err = aina("keys", "rotate", "log", self.place, "--to", second, good=False)
        self.assertIn("has a key of the name", err)
        self.assertEqual(len(self.signers()), 1)


if __name__ == "__main__":
    unittest.main()
