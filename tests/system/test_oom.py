"""A process that the kernel kills for lack of memory, in a control group of the real kernel."""

import contextlib
import os
import signal
import subprocess
import sys
import unittest

import cgroups
import harness
from scrape import Scrape

SPARE = 48 << 20  # octets that the group may take more than the appliance has

# Takes memory in small steps until that process has ended, and gives it back.
HOG = """
import sys, time
kept = []
def lives(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
while lives(sys.argv[1]) and len(kept) < 4000:
    kept.append(bytearray(b"x" * (256 << 10)))
    time.sleep(0.002)
"""


class Group:
    """A control group that counts memory, for as long as the block runs."""

    def __enter__(self):
        harness.need_root()
        top, self.version = cgroups.hierarchy("memory")
        self.path = os.path.join(top, f"shmdns-test-{os.getpid()}")
        try:
            os.mkdir(self.path)
        except OSError as e:
            raise unittest.SkipTest(f"no control group can be made here: {e}") from e
        counter = "memory.events" if self.version == 2 else "memory.oom_control"
        if "oom_kill " not in self.read(counter):
            self.__exit__()
            raise unittest.SkipTest(f"{counter} does not count kills here")
        return self

    def read(self, name):
        with contextlib.suppress(OSError), open(os.path.join(self.path, name)) as f:
            return f.read()
        return ""

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w") as f:
            f.write(text)

    def limit(self):
        """To a little more than is taken, without swap."""
        names = {1: ("memory.usage_in_bytes", "memory.limit_in_bytes",
                     "memory.memsw.limit_in_bytes"),
                 2: ("memory.current", "memory.max", None)}[self.version]
        most = str(int(self.read(names[0])) + SPARE)
        self.write(names[1], most)
        if self.version == 2:
            with contextlib.suppress(OSError):
                self.write("memory.swap.max", "0")
        elif self.read(names[2]):
            self.write(names[2], most)

    def __exit__(self, *_):
        cgroups.remove(self.path)


class Oom(unittest.TestCase):
    def exits(self, a):
        """Of workers, by reason."""
        code, out, _ = a.ctl("metrics", "-i", a.instance, "shmdns_process_exits_total")
        self.assertEqual(code, 0)
        return {dict(labels)["reason"]: int(n) for (_, labels), n in Scrape(out).series().items()
                if dict(labels)["process"] == "worker"}

    def await_successor(self, a, pid):
        harness.await_("a successor", lambda: pid not in a.worker_pids and
                       len(a.worker_pids) == 2)
        a.await_outcome("svc-000.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.1.0"])

    def test_worker(self):
        """MP-03: killed for lack of memory is told from killed by somebody"""
        with Group() as g, harness.Appliance(
                harness.cluster(3), wrap=cgroups.inside(g.path)) as a:
            a.await_outcome("svc-000.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.1.0"])
            other = a.worker_pids[1]
            os.kill(other, signal.SIGKILL)
            self.await_successor(a, other)
            self.assertEqual(self.exits(a), {"exit": 0, "signal": 1, "heartbeat": 0, "oom": 0})
            pid = a.worker_pids[0]
            with open(f"/proc/{pid}/oom_score_adj", "w") as f:
                f.write("1000")  # this one first
            g.limit()
            subprocess.run([*cgroups.inside(g.path), sys.executable, "-c", HOG, str(pid)],
                           timeout=60)  # it may be killed, too
            self.await_successor(a, pid)
            self.assertEqual(self.exits(a), {"exit": 0, "signal": 1, "heartbeat": 0, "oom": 1})
            self.assertEqual(len(a.log_lines(f"worker died .*pid={pid} .* reason=oom")), 1)


if __name__ == "__main__":
    unittest.main()
