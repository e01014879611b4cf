"""workers = "auto" in a control group of the real kernel (KM-10)."""

import os
import unittest

import cgroups
import harness

CPUS = len(os.sched_getaffinity(0))


class Group:
    """A control group, and one in it, for as long as the block runs."""

    def __init__(self, outer_us, inner_us):
        harness.need_root()
        self.top, self.version = cgroups.hierarchy("cpu")
        self.outer = os.path.join(self.top, f"shmdns-test-{os.getpid()}")
        self.inner = os.path.join(self.outer, "inner")
        self.quotas = {self.outer: outer_us, self.inner: inner_us}

    def __enter__(self):
        try:
            for path, quota_us in self.quotas.items():
                os.mkdir(path)
                self.limit(path, quota_us)
        except OSError as e:
            self.__exit__()
            raise unittest.SkipTest(f"no control group can be made here: {e}") from e
        return self

    def limit(self, path, quota_us):
        name, text = "cpu.cfs_quota_us", f"{-1 if quota_us is None else quota_us}"
        if self.version == 2:
            name, text = "cpu.max", f"{'max' if quota_us is None else quota_us} 100000"
            if path == self.outer:
                with open(os.path.join(path, "cgroup.subtree_control"), "w") as f:
                    f.write("+cpu")
        with open(os.path.join(path, name), "w") as f:
            f.write(text)

    def __exit__(self, *_):
        for path in (self.inner, self.outer):
            cgroups.remove(path)


class Quota(unittest.TestCase):
    def line_of(self, outer_us, inner_us, workers):
        """The line of the log, after so many workers have come."""
        with Group(outer_us, inner_us) as g:
            a = harness.Appliance(harness.cluster(1), workers='"auto"',
                                  wrap=cgroups.inside(g.inner))
            a.workers = workers
            with a:
                line, = a.log_lines("supervisor: workers ")
            self.assertIn(f" count={workers} ", line)
            self.assertIn(f" cpus={CPUS} ", line)
            return line.replace(g.inner, "INNER").replace(g.outer, "OUTER")

    def test_half_a_cpu(self):
        """KM-10: half a CPU is one worker, and the log says why"""
        self.assertIn(" quota=500m cgroup=INNER", self.line_of(None, 50000, 1))

    def test_group_above(self):
        """KM-10: the quota of the group above counts too, and is rounded up"""
        line = self.line_of(150000, None, min(2, CPUS))
        self.assertIn(" quota=1500m cgroup=OUTER", line)

    def test_no_quota(self):
        """KM-10: without a quota there is a worker for each CPU of the mask"""
        line = self.line_of(None, None, CPUS)
        self.assertRegex(line, " why=cpus .* quota=none$")
