"""Several tests at a time, each in a process of its own, with ports that no other draws.

A class that shares something between its tests (setUpClass, tearDownModule) stays together.
What is marked harness.alone runs at the end, when nothing else does: it counts losses (G3, G5).

Then what failed runs once more, by itself: a test that fails on a busy machine only is worth a
look, not a red run. Its first try stands in the output as AGAIN, its second one as ok or FAIL.
More failures than a few are no accident: the others have no second try.
"""

import os
import random
import re
import signal
import sys
import tempfile
import time
import unittest

import harness

WORDS = re.compile(r"^(ok|FAIL|SKIP|AGAIN) ", re.M)
FEW = 6  # units that get a second try
LIMIT_S = 400  # tests that have not ended by then hang
ALONE_LIMIT_S = 600


def is_alone(test):
    method = getattr(test, test._testMethodName, None)
    return getattr(method, "alone", False) or getattr(test, "alone", False)


def shares(test):
    """True if the tests of its class have something in common that is made once."""
    own = getattr(type(test).setUpClass, "__func__", None)
    module = sys.modules[type(test).__module__]
    return own is not unittest.TestCase.setUpClass.__func__ or (
        hasattr(module, "setUpModule") or hasattr(module, "tearDownModule"))


def units(tests):
    """Lists of tests, each for one process."""
    out, classes = [], {}
    for test in tests:
        if not shares(test):
            out.append([test])
        elif type(test) in classes:
            classes[type(test)].append(test)
        else:
            classes[type(test)] = [test]
            out.append(classes[type(test)])
    return out


def ports(slot, slots):
    """A part of the ports that are drawn from."""
    each = len(harness.PORTS) // slots
    return harness.PORTS[slot * each:(slot + 1) * each]


def name_of(unit):
    name = unit[0].id() if len(unit) == 1 else unit[0].id().rpartition(".")[0]
    return ".".join(name.split(".")[-3:])


class Child:
    """A process for a unit; what it prints is kept until it ends."""

    def __init__(self, unit, runner, slot, slots, failed):
        self.unit, self.slot, self.failed = unit, slot, failed
        self.output = tempfile.TemporaryFile("w+", errors="replace")
        self.limit_s = ALONE_LIMIT_S if any(map(is_alone, unit)) else LIMIT_S
        self.began, self.late = time.monotonic(), False
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                harness.PORTS = ports(slot, slots)
                code = self.run(runner)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)

    def run(self, runner):
        signal.signal(signal.SIGTERM, runner.on_terminate)
        random.seed()  # else all of them draw the same
        for fd in (1, 2):
            os.dup2(self.output.fileno(), fd)
        result = runner.Lines(self.failed)
        try:
            unittest.TestSuite(self.unit).run(result)
        except KeyboardInterrupt:
            print(f"{self.failed} {name_of(self.unit)}: terminated", flush=True)
            return 1
        left = runner.left_behind()
        for line in left:
            print(f"{self.failed} left behind: {line}", flush=True)
        return 1 if left or result.failures or result.errors else 0

    def ended(self):
        """Words that begin the lines of its tests; None: it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            if time.monotonic() > self.began + self.limit_s and not self.late:
                self.late = True
                os.kill(self.pid, signal.SIGTERM)
            elif time.monotonic() > self.began + self.limit_s + 30:
                os.kill(self.pid, signal.SIGKILL)
            return None
        code = os.waitstatus_to_exitcode(status)
        self.output.seek(0)
        text = self.output.read()
        words = WORDS.findall(text)
        if code not in (0, 1) or (code == 1 and self.failed not in words):
            text += f"{self.failed} {name_of(self.unit)}: ended with {code}\n"
            words.append(self.failed)
        if "AGAIN" in words:  # all of the unit runs again: nothing of it counts yet
            text = re.sub(r"^(ok  |SKIP)", "    ", text, flags=re.M)
        print(text, end="", flush=True)
        return words


def run_units(waiting, runner, jobs, failed):
    """What became of each unit: (the unit, the words of its lines)."""
    out, running, free = [], [], list(range(jobs))
    try:
        while waiting or running:
            while waiting and free:
                running.append(Child(waiting.pop(0), runner, free.pop(0), jobs, failed))
            for child in list(running):
                words = child.ended()
                if words is not None:
                    out.append((child.unit, words))
                    running.remove(child)
                    free.append(child.slot)
            time.sleep(0.02)
    finally:
        for child in running:
            os.kill(child.pid, signal.SIGTERM)
        for child in running:
            os.waitpid(child.pid, 0)
    return out


def try_again(done, runner):
    """The words of all; of what failed, those of its second try."""
    unsteady = [unit for unit, words in done if "AGAIN" in words]
    words = [word for unit, said in done if unit not in unsteady for word in said]
    for unit in unsteady[FEW:]:
        print(f"FAIL {name_of(unit)}: one of {len(unsteady)}, no second try", flush=True)
        words.append("FAIL")
    for unit, said in run_units(unsteady[:FEW], runner, 1, "FAIL"):
        words += said
        if "ok" not in said and "FAIL" not in said:
            print(f"FAIL {name_of(unit)}: it was skipped when it was to run again", flush=True)
            words.append("FAIL")
    return words


def run_all(tests, runner, jobs):
    """Runs them and prints the counts; the exit status."""
    alone = [unit for unit in units(tests) if any(map(is_alone, unit))]
    others = [unit for unit in units(tests) if not any(map(is_alone, unit))]
    done = run_units(others, runner, jobs, "AGAIN") + run_units(alone, runner, 1, "AGAIN")
    words = try_again(done, runner)
    skipped = words.count("SKIP")
    print(f"{words.count('ok')} passed, {words.count('FAIL')} failed" +
          (f", {skipped} skipped" if skipped else ""))
    return 1 if "FAIL" in words else 0
