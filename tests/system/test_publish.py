"""The controller killed at each system call of a publish (M-01, R-13)."""

import collections
import os
import re
import subprocess
import time
import unittest

import harness
from harness import FULL, object_list, service

NAME = "moving.shop.svc.cluster.local."
POINTS = 200 if FULL else 30


def address(i):
    return f"10.97.{i // 250}.{1 + i % 250}"


class Strace:
    """strace on a running process until it is told to stop, or the process died."""

    def __init__(self, pid, path, *options):
        self.path = path
        self.process = subprocess.Popen(["strace", "-f", "-o", path, *options, "-p", str(pid)],
                                        stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()  # "strace: Process N attached"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


class Publish(unittest.TestCase):
    def setUp(self):
        harness.need_trace()

    def publish(self, a, i):
        a.put("moving.json", object_list(service("moving", ip=address(i))))

    def calls(self, a):
        """[(system call, its number since the start)] of one publish."""
        path = os.path.join(a.directory, "trace")
        with Strace(a.controller_pid, path):
            self.publish(a, 1)
            a.await_outcome(NAME, "A", "NOERROR", [address(1)])
        seen, out = collections.Counter(), []
        with open(path) as f:
            for line in f:
                m = re.match(r"\d+ +(\w+)\(", line)
                if m:
                    seen[m[1]] += 1
                    out.append((m[1], seen[m[1]]))
        return out

    def test_killed_at_each_call(self):
        """M-01: answers go on, old or new; the next publish comes; nothing is left over"""
        with harness.Appliance(harness.cluster(10)) as a:
            self.publish(a, 0)
            a.await_outcome(NAME, "A", "NOERROR", [address(0)])
            calls = self.calls(a)
            self.assertGreater(len(calls), 5)
            points = calls if len(calls) <= POINTS else \
                [calls[i * len(calls) // POINTS] for i in range(POINTS)]
            before, killed, slowest = address(1), 0, 0.0
            for i, (call, number) in enumerate(points, 2):
                took, died = self.kill_at(a, i, call, number, before)
                killed += died
                slowest = max(slowest, took)
                before = address(i)
                segments = [o for o in harness.shm_objects(a.instance) if ".seg" in o]
                self.assertLessEqual(len(segments), 4, segments)
            print(f"     {killed} of {len(points)} points killed it; "
                  f"published again within {slowest:.2f} s")
            self.assertGreater(killed, len(points) // 2)

    def kill_at(self, a, i, call, number, before):
        pid = a.controller_pid
        path = os.path.join(a.directory, "trace")
        allowed = [("NOERROR", [before]), ("NOERROR", [address(i)])]
        with Strace(pid, path, "-e", f"inject={call}:signal=KILL:when={number}"):
            self.publish(a, i)
            end = time.monotonic() + 2
            while time.monotonic() < end and harness.start_of(pid) is not None:
                got = a.outcome(NAME, "A")
                self.assertIn(got, allowed, f"{call} {number}")
                if got == allowed[1]:
                    break
        died = harness.start_of(pid) is None
        start = time.monotonic()
        while a.outcome(NAME, "A") != allowed[1]:
            self.assertIn(a.outcome(NAME, "A"), allowed, f"after {call} {number}")
            self.assertLess(time.monotonic() - start, harness.PATIENCE_S, f"{call} {number}")
        a.await_outcome(NAME, "A", "NOERROR", [address(i)])
        harness.await_("a controller", lambda: a.controller_pid is not None)
        return time.monotonic() - start, died
