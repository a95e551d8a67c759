#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the whole server under a load of looks and lets the next start answer for it: every look whose answer arrived whole is
in the log, with its receipt and in the person's own list; every checkpoint that was ever served is a prefix of the log that
stands now; the check finds nothing. Half of the kills come at a step of the commit (kill_points.h), half at any moment.
"""
import base64
import hashlib
import http.client
import json
import os
import random
import re
import signal
import sys
import threading
import time

from place import ROOT, Place, Server, aina

RUNS = 100 if os.environ.get("AINA_LONG") else 10
SEED = int(os.environ.get("AINA_SEED", random.randrange(1 << 30)))
pick = random.Random(SEED)
# Those that a server under load passes; the driver of tests/ledger/crash.py reaches all of them.
POINTS = [name for name in re.findall(r'X\(KILL_\w+, "([a-z-]+)"\)', (ROOT / "src/ledger/kill_points.h").read_text())
          if not name.startswith(("segment", "erase"))]


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root(hashes[:k]), root(hashes[k:]))


class Judge:
    def __init__(self):
        self.place = Place()
        self.doctor = self.place.doctor()
        self.people = [self.place.person(i) for i in range(4)]
        self.acked, self.checkpoints = {}, {}
        self.lock = threading.Lock()

    def hear_checkpoint(self, note):
        size, text = int(note.splitlines()[1]), note.splitlines()[2]
        with self.lock:
            assert self.checkpoints.setdefault(size, text) == text, f"two roots for size {size}: a fork"

    def ask(self, server, who, stop):
        """One client on one connection until the server is gone; counts only answers that arrived whole."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + self.doctor}
        while not stop.is_set():
            try:
                connection.request("POST", "/api/looks", self.place.look_words(who % 4), headers)
                answer = connection.getresponse()
                facts = json.loads(answer.read())
                assert answer.status == 200, (answer.status, facts)
                with self.lock:
                    assert facts["entry"] not in self.acked, f"entry {facts['entry']} was given out twice"
                    self.acked[facts["entry"]] = who % 4
                if facts["entry"] % 64 == 0:
                    connection.request("GET", "/log/checkpoint")
                    self.hear_checkpoint(connection.getresponse().read().decode())
            except (OSError, http.client.HTTPException, ValueError):
                return
            except AssertionError as broken:
                self.broken = broken
                return

    def load(self, env, seconds):
        self.broken = None
        server, stop = Server(self.place.folder, env=env), threading.Event()
        if server.port == 0:  # killed on its way up: a start writes, too
            return server.process.returncode
        clients = [threading.Thread(target=self.ask, args=(server, i, stop)) for i in range(8)]
        for client in clients:
            client.start()
        if env:
            server.process.wait(20)
        else:
            time.sleep(seconds)
            server.process.kill()
        code = server.process.wait(20)
        stop.set()
        for client in clients:
            client.join()
        server.close()
        if self.broken:
            raise self.broken
        return code

    def leaves(self, server, size):
        """The log's leaf hashes, as a monitor reads them."""
        hashes = b""
        for tile in range((size + 255) // 256):
            width = min(256, size - 256 * tile)
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.request("GET", f"/log/tile/0/{tile:03}" + (f".p/{width}" if width < 256 else ""))
            answer = connection.getresponse()
            assert answer.status == 200, (tile, width, answer.status)
            hashes += answer.read()
            connection.close()
        return [hashes[at:at + 32] for at in range(0, len(hashes), 32)]

    def check(self, fresh):
        server = Server(self.place.folder)
        assert server.port, server.said()
        note = server.call("GET", "/log/checkpoint")[1]
        size = int(note.splitlines()[1])
        lost = [entry for entry in self.acked if entry >= size]
        assert not lost, f"{len(lost)} acknowledged looks lost: {sorted(lost)[:5]} of {size}"
        self.hear_checkpoint(note)
        hashes = self.leaves(server, size)
        for known, text in self.checkpoints.items():
            have = base64.b64encode(root(hashes[:known])).decode()
            assert have == text, f"the checkpoint of size {known} is no prefix of the log"
        for entry in fresh[-20:]:
            answer, text = server.call("GET", f"/api/looks/{entry}/receipt", self.doctor)
            assert answer.status == 200, f"no receipt for entry {entry}: {text}"
        for i, person in enumerate(self.people):
            mine = [entry for entry in fresh if self.acked[entry] == i]
            text = server.call("GET", "/api/me/entries?limit=50", person)[1]
            listed = [entry["leaf"] for entry in json.loads(text)["entries"]]
            missing = [entry for entry in mine if entry >= min(listed, default=0) and entry not in listed]
            assert not missing, f"looks missing from the person's own list: {missing}"
        assert server.stop() == 0, server.said()
        code, out, err = aina("fsck", self.place.folder)
        assert code == 0, out + err


def main():
    judge, killed, acked, checkpoints = None, 0, 0, 0
    for run in range(RUNS):
        if run % 10 == 0:
            if judge:
                judge.place.remove()
            judge = Judge()
        env, before = {}, set(judge.acked)
        if run % 2:
            point = POINTS[run // 2 % len(POINTS)]
            env = {"AINA_KILL_AT": f"{point}:{1 if point.startswith('checkpoint') else pick.randrange(5, 60)}"}
        try:
            code = judge.load(env, pick.uniform(0.1, 0.6))
            assert code == -signal.SIGKILL, f"exit {code}, not killed"
            killed += 1
            judge.check(sorted(set(judge.acked) - before))
            acked += len(judge.acked) - len(before)
            checkpoints += len(judge.checkpoints)
        except AssertionError as broken:
            print(f"run {run} {env}, seed {SEED}, kept {judge.place.folder}: {broken}")
            return 1
    print(f"{killed} kills, {acked} looks acknowledged, {checkpoints} checkpoints compared, seed {SEED}")
    if acked < 10 * RUNS:
        print("too few looks for the judge to judge anything")
        return 1
    judge.place.remove()
    return 0


sys.exit(main())
