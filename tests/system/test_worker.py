"""What a worker does between a packet and its answer."""

import os
import re
import subprocess
import unittest

import harness
from test_publish import Strace


class Straight(unittest.TestCase):
    @harness.alone
    def test_no_system_call(self):
        """no system call between recvmmsg and sendmmsg"""
        harness.need_trace()
        with harness.Appliance(harness.cluster(), workers=1) as a:
            load = harness.Load(a, harness.cluster_questions())
            path = os.path.join(a.directory, "trace")
            with Strace(a.worker_pids[0], path):
                with load.running(2000, 2) as run:
                    pass
            self.assertEqual(run.result["wrong"], 0)
            with open(path) as f:
                calls = [m for m in map(re.compile(
                    r"(?:\d+ +)?(\w+)\(.*\) *= (-?\d+)").match, f) if m]
        batches, between = 0, set()
        for this, after in zip(calls, calls[1:]):
            if this[1] == "recvmmsg" and int(this[2]) > 0:
                batches += 1
                if after[1] != "sendmmsg":
                    between.add(after[1])
        self.assertGreater(batches, 100)
        self.assertEqual(between, set())

    @harness.alone
    def test_no_allocation(self):
        """no allocation between recvmmsg and sendmmsg"""
        with harness.Appliance(harness.cluster(), workers=1,
                               env=harness.noalloc()) as a:
            load = harness.Load(a, harness.cluster_questions())
            pid = a.worker_pids
            with load.running(5000, 2) as run:
                pass
            self.assertEqual(a.worker_pids, pid, "the worker died")
            harness.check_noalloc(a)
            self.assertEqual((run.result["lost"], run.result["wrong"]), (0, 0))

    def test_buffers(self):
        """DE-04: 4 MiB receive buffers, read back, on the worker's stat page"""
        with harness.Appliance(harness.cluster(1)) as a:
            out = subprocess.run(["ss", "-aunm", "sport", "=", str(a.port)],
                                 capture_output=True, text=True)
            granted = [int(n) for n in re.findall(r"rb(\d+)", out.stdout)]
            self.assertEqual(len(granted), 2, out.stdout)
            if os.geteuid() == 0:
                self.assertGreaterEqual(min(granted), 2 * (4 << 20))
