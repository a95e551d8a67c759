# SPDX-License-Identifier: Apache-2.0
"""A served instance, and a client that holds every answer against the OpenAPI file: status, media type, schema, headers."""
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import jsonschema
import yaml

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
if os.getuid() == 0:
    os.environ.setdefault("AINA_USER", "root")


def aina(*args, **more):
    return subprocess.run([AINA, *map(str, args)], capture_output=True, text=True, timeout=100, **more)


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.bytes = answer.status, answer.headers, answer.read()
        if self.headers.get("Content-Encoding") == "gzip":
            self.bytes = gzip.decompress(self.bytes)

    @property
    def json(self):
        return json.loads(self.bytes)


def fresh_schema(name):
    """The address of a new schema of the tests' PostgreSQL; None where there is none. Other tests' tables stand in the same database."""
    url = os.environ.get("AINA_TEST_PG")
    if not url:
        return None
    schema = f"{name}_{os.getpid()}"
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", f"CREATE SCHEMA {schema}"], check=True, timeout=30)
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"


class Served:
    """aina init, demo and serve; stop() says with fsck whether all was well."""

    def __init__(self, people=30, jurisdiction="kz", env=None, more=(), db=None, before=None):
        self.owner = {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-api-"))
        self.place = self.folder / "place"
        made = aina("init", self.place, "--jurisdiction", ROOT / "jurisdictions" / jurisdiction, "--yes", *(["--db", db] if db else []))
        assert made.returncode == 0, made.stderr
        filled = aina("demo", self.place, "--people", people)
        assert filled.returncode == 0, filled.stderr
        self.numbers = filled.stdout.split(":")[1].split("\n")[0].split()
        if before:  # what is done to the instance before it is served
            before(self)
        self.errors, self.document, self.validators = open(self.folder / "errors", "w+"), None, {}
        if db and os.getuid() == 0:  # root without its capabilities may not pass into the folder of the server's socket
            owner = pathlib.Path(urllib.parse.parse_qs(urllib.parse.urlparse(db).query)["host"][0]).owner()
            subprocess.run(["chown", "-R", owner, self.folder], check=True)
            env, self.owner = {**(env or {}), "AINA_USER": owner}, {"user": owner, "extra_groups": [], "cwd": self.folder}
        self.start(env, more)

    def start(self, env=None, more=()):
        self.process = subprocess.Popen([AINA, "serve", self.place, "--port", "0", *more], stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=dict(os.environ, **(env or {})))
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise AssertionError(f"serve ended with {self.process.wait(20)}: {self.errors.read()}")
        self.port = int(re.search(r":(\d+)/", line).group(1))

    def stop(self, check=True):
        self.process.terminate()
        code = self.process.wait(20)
        self.process.stdout.close()
        self.errors.seek(0)
        errors = self.errors.read()
        self.errors.close()
        whole = aina("fsck", self.place, **self.owner) if check else None
        shutil.rmtree(self.folder)
        assert not check or (code == 0 and whole.returncode == 0), f"serve ended with {code}\n{errors}{whole.stdout}{whole.stderr}"

    def token(self, kind, name):
        made = aina("token", self.place, kind, name, **self.owner)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def raw(self, method, path, token=None, body=None, headers=()):
        """`body`: bytes, text, or something to be written as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_accept_encoding=True)
        if token:
            connection.putheader("Authorization", "Bearer " + token)
        if body is not None and not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
            if not any(name.lower() == "content-type" for name, _ in headers):
                connection.putheader("Content-Type", "application/json")
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def openapi(self):
        if self.document is None:
            self.document = yaml.safe_load(self.raw("GET", "/api/openapi.yaml").bytes)
        return self.document

    def validate(self, schema, value):
        self.openapi()
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(dict(schema, components=self.document["components"]))
        self.validators[key].validate(value)

    def operation_of(self, method, path):
        self.openapi()
        best = None
        for pattern, operations in self.openapi()["paths"].items():
            rest = ".+" if pattern == "/log/tile/{path}" else "[^/]+"
            if re.fullmatch(re.sub(r"\{[^}]*\}", rest, pattern), path.partition("?")[0]) and method.lower() in operations:
                if best is None or pattern.count("{") < best[0].count("{"):
                    best = (pattern, operations[method.lower()])
        return best[1] if best else None

    def call(self, method, path, token=None, body=None, headers=()):
        answer = self.raw(method, path, token, body, headers)
        operation = self.operation_of(method, path)
        assert operation, f"{method} {path} is not in the OpenAPI file"
        said = operation["responses"].get(str(answer.status))
        assert said, f"{method} {path}: the OpenAPI file has no {answer.status}: {answer.bytes[:300]}"
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.status == 304:
            assert not kind and not answer.bytes and "content" not in said
            return answer
        assert kind in said["content"], f"{method} {path} {answer.status}: {kind} is not in the OpenAPI file"
        if kind in ("application/json", "application/problem+json"):
            self.validate(said["content"][kind]["schema"], answer.json)
        for name, header in said.get("headers", {}).items():
            assert name in answer.headers or not header.get("required"), f"{method} {path} {answer.status}: no header {name}"
            if name in answer.headers:
                self.validate(header["schema"], answer.headers[name])
        return answer

    def settled(self, pause=0.4):
        """The same, once what steps bring with them (documents, lateness) and what the clock finds late is in it."""
        size = -1
        while size != (size := self.size()):
            time.sleep(pause)
        return size

    def size(self):
        """Entries of the log, once all that are durable are published too."""
        for _ in range(1200):
            figures = self.raw("GET", "/metrics").bytes.decode()
            durable = int(re.search(r"^aina_ledger_entries_total (\d+)$", figures, re.M)[1])
            published = int(self.raw("GET", "/log/checkpoint").bytes.split(b"\n")[1])
            if durable == published and re.search(r"^aina_ledger_queue 0$", figures, re.M):
                return durable
            time.sleep(0.05)
        raise AssertionError(f"{durable} entries are durable, {published} are published after ten seconds")
