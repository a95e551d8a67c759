# SPDX-License-Identifier: Apache-2.0
"""An instance as black-box tests use it: made, filled, served, asked; and the list of what was acknowledged."""
import atexit
import concurrent.futures
import http.client
import io
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
if os.geteuid() == 0:
    os.environ.setdefault("AINA_USER", "root")


def aina(*args, stdin="", env=None, timeout=120):
    env = dict(os.environ, **(env or {}))
    done = subprocess.run([AINA, *map(str, args)], input=stdin, capture_output=True, text=True, env=env, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


class Server:
    """`aina serve` in a process of its own."""

    def __init__(self, folder, *more, env=None, before=None):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([AINA, "serve", str(folder), "--port", "0", *more], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, preexec_fn=before,
                                        env=dict(os.environ, **(env or {})))
        said = ""
        while "Serving on" not in said:  # an injected fault also speaks on standard output
            said = self.process.stdout.readline()
            if not said:
                break
        found = re.search(r"http://[^:]+:(\d+)/", said)
        self.port = int(found[1]) if found else 0
        if not found:
            self.process.wait(60)

    def said(self):
        if self.log.closed:
            return self.last_words
        self.log.seek(0)
        return self.log.read()

    def call(self, method, path, token=None, body=None, timeout=30, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = ({"Content-Type": "application/json"} if body is not None else {}) | dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(60)
        self.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.close()

    def close(self):
        self.last_words = self.said()
        self.process.stdout.close()
        self.log.close()


class Place:
    """One instance of `jurisdiction` with people. Made once a program for each kind, then copied."""
    made = {}

    def __init__(self, people=30, jurisdiction="kz", folder=None, init=()):
        self.base = pathlib.Path(folder or tempfile.mkdtemp(prefix="aina-place-"))
        self.folder = self.base / "place"
        kind = (people, jurisdiction)
        if init:  # its state is elsewhere and cannot be copied
            self.facts = self.make(self.folder, people, jurisdiction, init)
        else:
            if kind not in self.made:
                template = pathlib.Path(tempfile.mkdtemp(prefix="aina-template-"))
                atexit.register(shutil.rmtree, template, ignore_errors=True)
                self.made[kind] = template, self.make(template / "place", people, jurisdiction)
            template, self.facts = self.made[kind]
            shutil.copytree(template / "place", self.folder)
        self.paper, self.vkey, self.numbers = self.facts

    def make(self, folder, people, jurisdiction, init=()):
        code, out, err = aina("init", folder, "--jurisdiction", ROOT / "jurisdictions" / jurisdiction, "--yes", "--segment-mib", 4,
                              *init)
        assert code == 0, err
        paper = out.split("Recovery copy")[1].split("\n\n")[1].strip()
        vkey = out.split("public key")[1].split("\n\n")[1].strip()
        code, out, err = aina("demo", folder, "--people", people)
        assert code == 0, err
        return paper, vkey, out.split("Demo people")[1].split(":", 1)[1].split("\n")[0].split()

    def token(self, kind, who, folder=None):
        code, out, err = aina("token", folder or self.folder, kind, who)
        assert code == 0, err
        return out.strip()

    def doctor(self, folder=None):
        return self.token("official", "health-clinic-5-01", folder)

    def policeman(self):
        return self.token("official", "police-traffic-01")

    def person(self, i=0):
        return self.token("person", self.numbers[i])

    def look_words(self, i=0, **more):
        words = {"purpose": "treatment", "registry": "population", "number": self.numbers[i], "case": f"treatment-{i + 1}"}
        words.update(more)
        return json.dumps({name: value for name, value in words.items() if value is not None})

    def remove(self):
        shutil.rmtree(self.base, ignore_errors=True)


def wait_for(what, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def _run_one(name):
    stream = io.StringIO()
    case = unittest.defaultTestLoader.loadTestsFromName(name, sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=stream, verbosity=0).run(case)
    return result.wasSuccessful(), stream.getvalue()


def main(workers=4):
    """The tests of the program that was started, several at a time: most of their time is waiting for disks and clocks."""
    Place().remove()  # the template, which the workers share
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    names = [case.id().removeprefix("__main__.") for group in suite for case in group]
    if len(sys.argv) > 1:
        names = [name for name in names if any(name.startswith(wanted) for wanted in sys.argv[1:])]
    with concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        outcomes = list(pool.map(_run_one, names))
    for name, (good, output) in zip(names, outcomes, strict=True):
        print(f"{'ok' if good else 'FAILED'} {name}" + ("" if good else "\n" + output))
    print(f"{len(names)} tests")
    sys.exit(not names or not all(good for good, _ in outcomes))
