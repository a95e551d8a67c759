#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server has given up is tried again, in the server's own sandbox: each attempt has one right answer.

    sandbox.py DRIVER
"""
import ctypes
import ctypes.util
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from place import Place, Server

DRIVER = sys.argv.pop(1)
ROOT = pathlib.Path(os.environ["AINA_ROOT"])


class Sandbox(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-sandbox-"))
        self.folder.chmod(0o755)
        for name in ("write", "read", "outside"):
            (self.folder / name).mkdir()
            (self.folder / name / "file").write_text("x")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def attempt(self, *words, port=0):
        done = subprocess.run([DRIVER, self.folder / "write", self.folder / "read", str(port), *map(str, words)],
                              capture_output=True, text=True, timeout=20)
        self.landlock = "no Landlock" not in done.stderr
        self.tcp = self.landlock and "no TCP ports" not in done.stderr
        self.seccomp = "no seccomp" not in done.stderr
        return done.returncode, done.stdout.strip(), done.stderr

    def allowed(self, *words, **more):
        code, out, err = self.attempt(*words, **more)
        self.assertEqual((code, out), (0, "done"), f"{words}: {err}")

    def refused(self, errno, *words, **more):
        code, out, err = self.attempt(*words, **more)
        self.assertEqual((code, out), (1, errno), f"{words}: {err}")

    def killed(self, *words):
        code, out, err = self.attempt(*words)
        if not self.seccomp:
            self.skipTest("the kernel has no seccomp")
        self.assertEqual(code, -signal.SIGSYS, f"{words}: {out}{err}")

    def test_files(self):
        self.allowed("read", self.folder / "write/file")
        self.allowed("write", self.folder / "write/new")
        self.allowed("read", self.folder / "read/file")
        self.allowed("thread", self.folder / "read/file")
        if not self.landlock:
            self.skipTest("the kernel has no Landlock")
        self.refused("EACCES", "write", self.folder / "read/file")
        self.refused("EACCES", "read", self.folder / "outside/file")
        self.refused("EACCES", "thread", self.folder / "outside/file")
        self.refused("EACCES", "write", self.folder / "outside/new")
        self.refused("EACCES", "read", "/etc/passwd")
        os.symlink(self.folder / "outside/file", self.folder / "write/link")
        self.refused("EACCES", "read", self.folder / "write/link")

    def test_forbidden_calls_end_the_process(self):
        for words in (["fork"], ["exec", "/bin/true"], ["trace"], ["setuid"], ["make-executable"], ["packets"]):
            self.killed(*words)

    def test_memory_is_not_made_executable(self):
        self.refused("EPERM", "executable-memory")

    def test_ports(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.refused("EACCES", "connect", port)
        self.allowed("listen", port, port=port)
        if self.tcp:
            self.refused("EACCES", "listen", port, port=port + 1)

    def test_who_speaks_with_the_scanner_reaches_local_sockets_alone(self):
        path = self.folder / "outside/socket"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen(1)
            self.refused("EACCES", "connect-local", path)  # the server itself
            self.allowed("connect-local", path, port="local")
        self.refused("EACCES", "read", self.folder / "outside/file", port="local")
        code, _, _ = self.attempt("internet", port="local")
        if self.seccomp:
            self.assertEqual(code, -signal.SIGSYS)

    def test_a_broken_assertion_still_ends_as_such(self):
        self.assertEqual(self.attempt("abort")[0], -signal.SIGABRT)

    def test_user(self):
        if os.geteuid() != 0:
            self.assertEqual(self.attempt("user", "-")[:2], (0, str(os.geteuid())))
            self.assertEqual(self.attempt("user", "root")[0], 2)
            return
        code, _, err = self.attempt("user", "-")
        self.assertEqual(code, 2)
        self.assertIn("--user NAME", err)
        self.assertEqual(self.attempt("user", "nobody")[:2], (0, str(pwd.getpwnam("nobody").pw_uid)))
        self.assertEqual(self.attempt("user", "root")[:2], (0, "0"))
        code, _, err = self.attempt("user", "no-such-user")
        self.assertEqual(code, 2)
        self.assertIn("adduser", err)

    def test_the_unit_file(self):
        unit = ROOT / "conf/systemd/aina.service"
        text = unit.read_text()
        self.assertIn("Restart=on-failure", text)
        if shutil.which("systemd-analyze") is None:
            print("note: systemd-analyze is not installed; the unit is read but not verified")
            return
        place = self.folder / "aina.service"
        # The program and its user are not installed where tests run.
        place.write_text(re.sub(r"(?m)^User=.*$", "User=daemon", text).replace("/usr/bin/aina", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", place], capture_output=True, text=True)
        complaints = [line for line in (done.stdout + done.stderr).splitlines() if "aina.service" in line]
        self.assertEqual(complaints, [])
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", place], capture_output=True, text=True)
        score = re.search(r"Overall exposure level for aina.service: ([0-9.]+)", done.stdout)
        self.assertIsNotNone(score, done.stdout + done.stderr)
        self.assertLess(float(score[1]), 2.0, done.stdout)

    def test_the_program_lives_with_the_units_own_list(self):
        """The list that the unit gives to systemd, laid on `aina serve` by hand."""
        if shutil.which("systemd-analyze") is None or ctypes.util.find_library("seccomp") is None:
            print("note: systemd-analyze or libseccomp is not installed")
            return
        allowed = set()
        for line in re.findall(r"(?m)^SystemCallFilter=(.+)$", (ROOT / "conf/systemd/aina.service").read_text()):
            calls = set().union(*(expand(word) for word in line.lstrip("~").split()))
            allowed = allowed - calls if line.startswith("~") else allowed | calls
        place = Place(people=2)
        if os.geteuid() == 0:  # as the unit: a user of its own, from the start
            shutil.chown(place.base, "daemon", "daemon")
            for path in place.base.rglob("*"):
                shutil.chown(path, "daemon", "daemon")
        server = Server(place.folder, env={"AINA_USER": ""}, before=lambda: as_the_unit_does(allowed))
        self.assertNotEqual(server.port, 0, server.said())
        self.assertNotIn("warning", server.said())
        self.assertIn("files of the instance", server.said())
        self.assertEqual(server.call("GET", "/healthz")[0].status, 200)
        self.assertEqual(server.stop(), 0, server.said())
        place.remove()


def expand(word, seen=None):
    """System calls of a name or of a set, as systemd lists it."""
    if not word.startswith("@"):
        return {word}
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], capture_output=True, text=True, check=True)
    lines = [line.strip() for line in done.stdout.splitlines()[1:]]
    return set().union(*(expand(line) for line in lines if line and not line.startswith("#")))


def as_the_unit_does(allowed):
    """In the child, before it becomes the program."""
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL(ctypes.util.find_library("seccomp"))
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(0x00050000 | 1))  # EPERM
    for name in allowed:
        call = seccomp.seccomp_syscall_resolve_name(name.encode())
        if call >= 0:
            assert seccomp.seccomp_rule_add(context, 0x7FFF0000, call, 0) == 0
    if os.geteuid() == 0:
        user = pwd.getpwnam("daemon")
        os.setgroups([])
        os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
        os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert seccomp.seccomp_load(context) == 0


if __name__ == "__main__":
    unittest.main(verbosity=1)
