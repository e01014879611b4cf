"""What operators ask of a running appliance: the control socket, flush, upstreams (OP-05, V-27)."""

import contextlib
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import unittest

import harness
from harness import await_
from test_ctl import Server, reply

OTHER_UID = 65534
ASK_AS_OTHER = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"flush example.\\n")
print(s.makefile().read(), end="")
"""


class Base(unittest.TestCase):
    forward = "()"
    extra = ""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.a = stack.enter_context(harness.Appliance(
            harness.cluster(1), extra=self.extra, forward=self.forward))
        self.path = os.path.join(self.a.directory, "run", self.a.instance, "control.sock")
        await_("the control socket", lambda: os.path.exists(self.path))

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.connect(self.path)
        s.settimeout(harness.PATIENCE_S)
        return s

    def say(self, octets):
        """The whole reply to these octets, until the other side closes."""
        s = self.connect()
        with contextlib.suppress(BrokenPipeError):
            s.sendall(octets)
        return self.rest(s)

    def rest(self, s):
        got = b""
        with contextlib.suppress(ConnectionResetError):  # it closed with octets unread
            while octets := s.recv(65536):
                got += octets
        return got


class ControlSocket(Base):
    def test_mode_and_life(self):
        """OP-05: 0660; it goes with the appliance, a successor makes it again"""
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        before = os.stat(self.path).st_ctime_ns
        os.kill(self.a.controller_pid, signal.SIGKILL)
        await_("another socket", lambda: (
            os.path.exists(self.path) and os.stat(self.path).st_ctime_ns != before))
        await_("a reply", self.answers)
        self.a.stop()
        self.assertFalse(os.path.exists(self.path))

    def answers(self):
        with contextlib.suppress(ConnectionRefusedError):
            return self.say(b"nope\n") == b"error unknown verb\n.\n"
        return False

    def test_lines(self):
        """V-27: what is no request is refused, in a reply that ends"""
        for octets, reply in (
                (b"\n", "no request"), (b" flush a\n", "no request"), (b"flush  a\n", "no request"),
                (b"flush a \n", "no request"), (b"flush\0a\n", "no request"),
                (b"flush \xc3\xa4\n", "no request"), (b"a b c d e f g h i\n", "no request"),
                (b"FLUSH a\n", "unknown verb"), (b"reloads\n", "unknown verb"),
                (b"reload now\n", "usage: reload "),
                (b"flush\n", "usage: flush NAME [below]"),
                (b"flush a below more\n", "usage: flush NAME [below]"),
                (b"flush a above\n", "behind the name may stand: below"),
                (b"flush a..b\n", "that is no name"), (b"flush " + b"a" * 64 + b"\n", "that is no name"),
                (b"flush " + b"a." * 200 + b"\n", "that is no name"),
                (b"x" * 1280 + b"\n", "the line is too long"),
                (b"x" * 100000, "the line is too long")):
            with self.subTest(octets[:40]):
                self.assertEqual(self.say(octets).decode(), f"error {reply}\n.\n")

    def test_octets(self):
        """V-27: any octets at all; it lives on"""
        draw = random.Random(self.id())
        for _ in range(200):
            octets = draw.randbytes(draw.randrange(1, 3000)) + b"\n"
            self.assertRegex(self.say(octets), rb"^error [ -~]+\n\.\n$")
        pid = self.a.controller_pid
        self.assertTrue(self.say(b"flush a.example\n").startswith(b"ok\nsettings "))
        self.assertEqual(self.a.controller_pid, pid)

    def test_silent_clients(self):
        """V-27: those who say nothing are sent away, and others have their turn then"""
        silent = [self.connect() for _ in range(12)]
        for s in silent[:2]:
            s.sendall(b"flu")
        self.assertEqual(self.say(b"nope\n"), b"error unknown verb\n.\n")
        for s in silent:
            self.assertEqual(self.rest(s), b"")

    def test_dripping_clients(self):
        """V-27: an octet now and then does not keep a place: the line has its time"""
        s = self.connect()
        s.setblocking(False)

        def gone():
            try:
                s.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False
        await_("its end", gone, every_s=0.2)

    def test_others(self):
        """V-27: a verb that changes something is for root and our own user"""
        harness.need_root()
        for path in (self.path, *self.parents()):
            os.chmod(path, 0o777)
        done = subprocess.run([sys.executable, "-c", ASK_AS_OTHER, self.path], user=OTHER_UID,
                              capture_output=True, text=True, timeout=harness.PATIENCE_S)
        self.assertEqual(done.stdout, "error not permitted: for root and the appliance's "
                                      "own user\n.\n", done.stderr)

    def parents(self):
        path = self.path
        while (path := os.path.dirname(path)) != os.path.dirname(self.a.directory):
            yield path


class Flush(Base):
    def settings(self):
        return {f["settings"] for f in self.a.status()["forwarders"]}

    def test_acknowledged(self):
        """it says when the forwarders have done it"""
        before = self.settings()
        code, out, err = self.a.ctl("flush", "-c", self.a.config, "Web.Example", "-o", "json")
        self.assertEqual((code, err), (0, ""))
        said = json.loads(out)
        self.assertEqual((said["name"], said["forwarders"], said["done"]), ("Web.Example.", 1, 1))
        self.assertGreater(said["settings"], max(before))
        self.assertEqual(self.settings(), {said["settings"]})
        code, out, _ = self.a.ctl("flush", "-c", self.a.config, "example", "--below")
        self.assertEqual(code, 0)
        self.assertIn("example.: forgotten by 1 of 1 forwarders", out)
        self.a.await_log('request verb=flush of="?example')

    def test_many(self):
        """more than a generation holds; a reload forgets none of them"""
        for i in range(20):
            self.assertEqual(self.a.ctl("flush", "-c", self.a.config, f"n{i}.example")[0], 0)
        os.kill(self.a.pid, signal.SIGHUP)
        self.a.await_log("reload done")
        self.assertEqual(self.a.ctl("flush", "-c", self.a.config, "last.example")[0], 0)

    def test_refused(self):
        """OP-04: usage 2, nobody there 3, refused 4"""
        config = ("-c", self.a.config)
        self.assertEqual(self.a.ctl("flush", *config)[0], 2)
        self.assertEqual(self.a.ctl("flush", *config, "a..b")[0], 2)
        self.assertEqual(self.a.ctl("flush", *config, "a", "-s", "/nonexistent")[0], 3)
        self.assertEqual(self.a.ctl("flush", "-i", f"none-{os.getpid()}", "a")[0], 3)
        with socket.socket(socket.AF_UNIX) as s:
            path = os.path.join(self.a.directory, "fake")
            s.bind(path)
            s.listen()
            ctl = subprocess.Popen([harness.program("shmdnsctl"), "flush", *config, "-s", path, "a"],
                                   stderr=subprocess.PIPE, text=True)
            with s.accept()[0] as c:
                self.assertEqual(c.recv(100), b"flush a.\n")
                c.sendall(b"error not today\n.\n")
            self.assertEqual(ctl.communicate(timeout=harness.PATIENCE_S)[1],
                             "shmdnsctl: refused: not today\n")
            self.assertEqual(ctl.returncode, 4)

    def test_controller_hangs(self):
        """the tool gives up after its own time"""
        pid = self.a.controller_pid
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        code, _, err = self.a.ctl("flush", "-c", self.a.config, "--timeout", "1", "a.example")
        self.assertEqual(code, 3)
        self.assertIn("the controller does not answer", err)


class Forwarding(Base):
    """With an upstream that answers, and one where nobody is."""

    def setUp(self):
        self.nobody = harness.free_port()
        self.server = Server(lambda q, tcp: reply(q, (q.question[0].name.to_text(), 60, "IN", "A",
                                                      "192.0.2.10")))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.forward = (
            f'( {{ from = "example.test."; to = [ "127.0.0.1:{self.server.port}" ]; }},'
            f'  {{ from = "gone.test."; to = [ "127.0.0.1:{self.nobody}" ]; }} )')
        super().setUp()

    def upstreams(self):
        code, out, err = self.a.ctl("upstreams", "-c", self.a.config, "-o", "json")
        self.assertEqual(err, "")
        return code, {u["upstream"]: u for u in json.loads(out)["upstreams"]}

    def asked(self):
        """Names that the upstream was asked for, without those of probes."""
        names = [q.question[0].name.to_text().lower() for q, _ in self.server.queries]
        return sorted(n for n in names if n.endswith(".example.test."))

    def ask(self, name):
        return harness.outcome(self.a.ask(name, "A", timeout_s=10))

    def test_flush(self):
        """what was kept is asked for again, other names are not"""
        a, below, other = names = ("a.example.test.", "b.a.example.test.", "c.example.test.")
        for flush, entries in ((), 0), (("A.example.test",), 1), (("a.example.test", "--below"), 2):
            before = self.asked()
            if flush:
                code, out, _ = self.a.ctl("flush", "-c", self.a.config, *flush, "-o", "json")
                self.assertEqual((code, json.loads(out)["entries"]), (0, entries))
            for name in names * 2:
                self.assertEqual(self.ask(name), ("NOERROR", ["192.0.2.10"]))
            want = {0: [a, below, other], 1: [a], 2: [a, below]}[entries]
            self.assertEqual(self.asked(), sorted(before + want))

    def test_upstreams(self):
        """OV-12: who answers and who does not, by group; a status of its own for it"""
        for i in range(10):
            self.ask(f"n{i}.example.test.")
        self.assertEqual(self.ask("a.gone.test.")[0], "SERVFAIL")
        code, rows = await_("an upstream that is down", self.down)
        self.assertEqual(code, 1)
        good = rows[f"127.0.0.1:{self.server.port}"]
        self.assertEqual((good["state"], good["group"]), ("up", "example.test."))
        self.assertGreaterEqual(good["queries"]["udp"], 10)
        self.assertGreaterEqual(good["replies"], 10)
        self.assertGreater(good["p99_ns"], 0)
        self.assertLessEqual(good["p50_ns"], good["p99_ns"])
        bad = rows[f"127.0.0.1:{self.nobody}"]
        self.assertEqual((bad["group"], bad["last_error"]), ("gone.test.", "refused"))
        self.assertGreater(bad["failures"]["refused"], 0)
        code, out, _ = self.a.ctl("upstreams", "-c", self.a.config, "-o", "wide")
        self.assertEqual(code, 1)
        self.assertRegex(out, r": 1 forwarders, 2 upstreams, 1 down; read from shared memory\n")
        self.assertRegex(out, rf"(?m)^127\.0\.0\.1:{self.nobody} +gone\.test\. +DOWN ")
        self.assertRegex(out, r"refused, \d+\.\d s ago\n")

    def down(self):
        code, rows = self.upstreams()
        return (code, rows) if code == 1 else None

    def test_nobody_runs(self):
        """OP-06: rows can be read when all are dead"""
        self.ask("a.example.test.")
        family = harness.children(self.a.pid)
        self.a.kill()
        await_("the end of its children", lambda: not any(harness.start_of(p) for p in family))
        self.assertIn(f"127.0.0.1:{self.nobody}", self.upstreams()[1])

        def said():
            return "NO FORWARDER IS RUNNING" in self.a.ctl("upstreams", "-c", self.a.config)[1]
        await_("upstreams that says so", said, every_s=0.1)
        self.a.start()  # cleans up


class Upstreams(Base):
    def test_table(self):
        """OV-12, OP-06: a header line, JSON, exit statuses"""
        code, out, err = self.a.ctl("upstreams", "-c", self.a.config)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, rf"^instance {self.a.instance}: 1 forwarders, \d+ upstreams, 0 down")
        document = json.loads(self.a.ctl("upstreams", "-c", self.a.config, "-o", "json")[1])
        self.assertEqual((document["version"], len(document["forwarders"])), (1, 1))
        self.assertTrue(document["forwarders"][0]["running"])
        self.assertEqual(self.a.ctl("upstreams", "-c", self.a.config, "x")[0], 2)
        self.assertEqual(self.a.ctl("upstreams", "-i", f"none-{os.getpid()}")[0], 3)

    def test_status(self):
        """OV-01: forwarders, the cache and parked queries"""
        await_("current settings", lambda: all(f["current"] for f in self.a.status()["forwarders"]))
        code, out, err = self.a.ctl("status", "-c", self.a.config)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^forwarder\.0 +\d+ +running .* current ")
        self.assertRegex(out, r"(?m)^misses +0, 0 parked now")
        self.assertRegex(out, r"(?m)^cache +0 answers, .* of \d+\.\d MiB; 0 denials")


if __name__ == "__main__":
    unittest.main()
