"""The test programme (G10): what is counted in the last line of a run of everything, and what
is said of a failure."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest

import harness
import parallel

SUMMARY = os.path.join(harness.SOURCE, "tests", "summary.py")

RUNNERS = """\
ok   test_a.A.test_one (0.1 s)
---- log of t1-abc
error worker.0: it was this
AGAIN test_a.A.test_two (0.2 s)
Traceback (most recent call last):
AssertionError: 1 != 2

     test_a.A.test_other (0.1 s)
ok   test_b.B.test_three (0.0 s)
SKIP test_b.B.test_four (0.0 s): no machine for it
"""
RUNS_AGAIN = {"ok": "ok   test_a.A.test_two (0.1 s)\n", "fail": """\
FAIL test_a.A.test_two (0.2 s)
AssertionError: 3 != 4
"""}
CHECK = """\
PASS: tests/unit/test_x
FAIL: tests/unit/test_y
SKIP: tests/unit/test_z
"""


class Summary(unittest.TestCase):
    def setUp(self):
        self.build = tempfile.mkdtemp(prefix="shmdns-test-")
        self.addCleanup(shutil.rmtree, self.build)
        os.makedirs(os.path.join(self.build, "logs"))

    def put(self, path, text):
        path = os.path.join(self.build, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def said(self, *arguments, code=0):
        done = subprocess.run([SUMMARY, *arguments], text=True, capture_output=True)
        self.assertEqual((done.stderr, done.returncode), ("", code))
        return done.stdout.splitlines()

    def test_unsteady(self):
        """a test that failed and passed by itself is counted once, named, and its story told"""
        log = self.put("logs/system.log", RUNNERS + RUNS_AGAIN["ok"] + "exit 0\n")
        lines = self.said(log)
        self.assertEqual(lines[-1], "3 passed, 0 failed, 1 skipped")
        self.assertIn("unsteady: system: test_a.A.test_two (0.2 s), had a second try", lines)
        self.assertIn("    error worker.0: it was this", lines)
        self.assertIn("    AssertionError: 1 != 2", lines)
        self.assertNotIn("    ok   test_b.B.test_three (0.0 s)", lines)
        stage = self.said("--stage", log)
        self.assertEqual(stage[0], lines[-1])
        self.assertIn("              UNSTEADY system: test_a.A.test_two (0.2 s)", stage)

    def test_failed_twice(self):
        """a test that fails by itself, too, has failed"""
        log = self.put("logs/system.log", RUNNERS + RUNS_AGAIN["fail"] + "exit 1\n")
        lines = self.said(log, code=1)
        self.assertEqual(lines[-1], "2 passed, 1 failed, 1 skipped")
        self.assertIn("failed:   system: test_a.A.test_two (0.2 s)", lines)
        self.assertIn("    AssertionError: 3 != 4", lines)

    def test_programs(self):
        """programs of make check, those that Check counts, and what their own logs say"""
        log = self.put("logs/check.log", CHECK + "exit 2\n")
        self.put("check/tests/unit/test_x.log", "100%: Checks: 7, Failures: 0, Errors: 0\n")
        self.put("check/tests/unit/test_y.log",
                 "50%: Checks: 4, Failures: 1, Errors: 0\nx.c:12:F:core:t:0: this one\n")
        self.put("check/tests/unit/test_z.log", "no ldns here\nSKIP test_z\n")
        lines = self.said(log, code=1)
        self.assertEqual(lines[-1], "10 passed, 1 failed, 1 skipped")
        self.assertIn("failed:   check: tests/unit/test_y", lines)
        self.assertIn("skipped:  check: tests/unit/test_z: no ldns here", lines)
        self.assertIn("    x.c:12:F:core:t:0: this one", lines)

    def test_programs_again(self):
        """a program that passes when make recheck runs it: its first log is told"""
        log = self.put("logs/check.log", CHECK + "PASS: tests/unit/test_y\nexit 0\n")
        self.put("check/tests/unit/test_y.log", "100%: Checks: 4, Failures: 0, Errors: 0\n")
        self.put("check/tests/unit/test_y.log.first", "x.c:12:F:core:t:0: at first\n")
        lines = self.said(log)
        self.assertEqual(lines[-1], "5 passed, 0 failed, 1 skipped")
        self.assertIn("unsteady: check: tests/unit/test_y, had a second try", lines)
        self.assertIn("    x.c:12:F:core:t:0: at first", lines)

    def test_died(self):
        """a stage that ends badly without a failed test has failed itself"""
        log = self.put("logs/cluster.log", "ok   a (1 s)\nno space left\nexit 1\n")
        lines = self.said(log, code=1)
        self.assertEqual(lines[-1], "1 passed, 1 failed")
        self.assertIn("    no space left", lines)


class Died:
    """What parallel.py needs of a runner; this one's tests fork nothing of their own."""

    Lines = None

    @staticmethod
    def on_terminate(*_):
        os._exit(9)

    @staticmethod
    def left_behind():
        return []


def dies(failed):
    """Lines that say of two tests that they went well and were left out; then all dies."""
    os.write(1, f"ok   a.A.one (0.0 s)\nSKIP a.A.two: {failed} comes\n".encode())
    os._exit(7)


class Parallel(unittest.TestCase):
    def test_died_after_ok(self):
        """what a unit that died said before is not counted: all of it runs again"""
        runner = type("Runner", (Died,), {"Lines": staticmethod(dies)})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            (_, words), = parallel.run_units([[unittest.FunctionTestCase(dies)]], runner, 1, "AGAIN")
        self.assertIn("AGAIN", words)
        self.assertIn("ended with 7", out.getvalue())
        self.assertNotRegex(out.getvalue(), r"(?m)^(ok|SKIP) ")


if __name__ == "__main__":
    unittest.main()
