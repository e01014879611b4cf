"""What a whole life writes to stderr, and what becomes of it if nobody reads (LG rows)."""

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import termios
import unittest

import harness
from harness import await_

PROCESSES = {"supervisor", "controller", "worker.0"}
SERVICE = ("svc-000.shop.svc.cluster.local.", "A")


class Speaking(harness.Appliance):
    """Its stderr is a descriptor that the test gives."""

    stderr = None

    def spawn(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [harness.program("shmdnsd"), "-c", self.config], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.stderr, env=self.env)


def kill_worker(a):
    old = a.worker_pids
    os.kill(old[0], signal.SIGKILL)
    await_("its successor", lambda: (
        a.worker_pids != old and len(a.worker_pids) == a.workers))


def waiting(fd):
    """Octets that nobody has read from it."""
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4), "little")


class Logs(unittest.TestCase):
    def test_json(self):
        """LG-01, LG-03: of a start, reloads, a refused one, a death, a stop: all lines are JSON"""
        a = harness.Appliance(harness.cluster(1), extra='log = { format = "json"; level = "debug"; };')
        with a:
            started = a.log_lines("worker started")
            extra, a.extra = a.extra, 'log = { format = "json"; level = "debug"; }; tll = "\\"\\\\";'
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            a.await_log("reload refused")
            a.extra, a.kubernetes = extra, "ttl = 7;"
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            a.await_log("reload done")
            os.kill(a.worker_pids[0], signal.SIGKILL)
            await_("its successor", lambda: len(a.log_lines("worker started")) > len(started))
            a.await_log("worker died")
            a.stop()
            lines = [json.loads(line) for line in a.log_text().splitlines()]
        for line in lines:
            self.assertRegex(line["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(line["level"], ("error", "warning", "info", "debug"))
            self.assertTrue(line["what"])
            self.assertTrue(all(isinstance(v, str) for v in line.values()), line)
        self.assertLessEqual(PROCESSES, {line["process"] for line in lines})
        died, = (line for line in lines if line["what"] == "worker died")
        self.assertEqual((died["level"], died["signal"]), ("warning", "9"))
        self.assertEqual(lines[-1]["what"], "stopped")

    def test_reload(self):
        """LG-03: format and level of a reload are those of every process; then back"""
        loud, quiet = 'log = { format = "json"; };', 'log = { level = "error"; };'
        with harness.Appliance(harness.cluster(1)) as a:
            a.extra = loud
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            a.await_log(r'^\{"time":"[^"]*","level":"info","process":"supervisor",.*"reload done"')
            kill_worker(a)
            a.await_log(r'"process":"worker\.\d","what":"serving"')
            generation = a.status()["generation"]
            a.extra = quiet
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            await_("the new settings", lambda: a.status()["generation"] > generation)
            before = a.log_text()
            kill_worker(a)
            self.assertEqual(a.log_text(), before)

    def journal(self, mine):
        """A life beside a stand-in of the journal; what came."""
        ours, theirs = socket.socketpair()
        with ours, contextlib.ExitStack() as stack:
            stack.callback(theirs.close)
            a = Speaking(harness.cluster(1))
            a.stderr = theirs.fileno()
            at = os.fstat(theirs.fileno())
            a.env["JOURNAL_STREAM"] = f"{at.st_dev}:{at.st_ino + (0 if mine else 1)}"
            with a:
                kill_worker(a)
                a.stop()
            theirs.close()
            text = b""
            while octets := ours.recv(65536):
                text += octets
        return text.decode().splitlines()

    def test_journal(self):
        """LG-01: stderr is the stream of JOURNAL_STREAM: priorities, and no time"""
        lines = self.journal(True)
        for line in lines:
            self.assertRegex(line, r"^<[3467]>level=\w+ process=\S+ what=")
        died, = (line for line in lines if 'what="worker died"' in line)
        self.assertTrue(died.startswith("<4>level=warning "), died)
        self.assertLessEqual(
            PROCESSES, {re.search(r"process=(\S+)", line)[1] for line in lines})

    def test_other_journal(self):
        """LG-01: JOURNAL_STREAM names another stream, as of who started us: times, no priorities"""
        for line in self.journal(False):
            self.assertRegex(line, r"^time=20\S+Z level=\w+ process=\S+ what=")

    def test_full_pipe(self):
        """EV-10, SM-01: nobody reads stderr: all goes on, and later says how much was lost"""
        ours, theirs = os.pipe()
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, ours)
            close_theirs = stack.enter_context(os.fdopen(theirs, "wb", buffering=0))
            os.set_blocking(theirs, False)
            with contextlib.suppress(BlockingIOError):
                while close_theirs.write(b"x" * 4095 + b"\n"):
                    pass
            os.set_blocking(theirs, True)
            full = waiting(ours)
            a = Speaking(harness.cluster(1), forward=f'( {{ from = "."; to = [ '
                         f'"127.0.0.1:{harness.free_port()}" ]; }} )')
            a.stderr = theirs
            with a:
                for i in range(20):  # each is a line that the forwarder loses
                    self.assertEqual(a.outcome(f"{i}.far.example.", "A")[0], "SERVFAIL")
                kill_worker(a)
                a.await_outcome(*SERVICE, "NOERROR", ["10.96.1.0"])
                self.assertEqual(waiting(ours), full)
                # The open file is not only ours: who gave it may wait in write().
                self.assertEqual(fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK, 0)
                left = full
                while left > 0:
                    left -= len(os.read(ours, left))
                kill_worker(a)
                a.stop()
            text = os.read(ours, 1 << 20).decode()
        self.assertRegex(text, r"level=warning process=supervisor what=\"lines lost: stderr did "
                         r"not take them\" lost=\d+\n")
        for line in text.splitlines():
            self.assertRegex(line, r"^time=20\S+Z level=\w+ process=\S+ what=")


if __name__ == "__main__":
    unittest.main()
