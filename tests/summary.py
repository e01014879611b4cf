#!/usr/bin/python3
"""Counts what the stages of tests/all found; the last line is `N passed, N failed[, N skipped]`.

    summary.py --stage LOG   one line for a stage, and what failed in it: the end of its log; for
                             programs of `make check`, what their own logs say of the failure
    summary.py LOG ...       all of them: what failed, what was skipped and why, the counts

A log holds lines of `make check` (PASS: x, FAIL: x, SKIP: x, ERROR: x), of our own runners
(ok x, FAIL x, SKIP x: reason), and ends with `exit N`. A test program that counts its own
checks (Check: "100%: Checks: N, Failures: N, Errors: N") counts as so many tests.
"""

import glob
import os
import re
import sys

AUTOMAKE = re.compile(r"^(PASS|FAIL|SKIP|ERROR|XPASS|XFAIL): (\S+)")
OURS = re.compile(r"^(ok|FAIL|SKIP)\s+(\S.*)")
# What a log says of a failure: unittest, exceptions, Check (file:line:F:...), sanitizers.
TELLING = re.compile(r"\b(FAIL|FAILED|ERROR)\b|^\w+(Error|Exception|Timeout)\b|:\d+:[FE]:|"
                     r"^SUMMARY: |runtime error: ")
CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.told = []  # (test, text of its own log) of programs that failed

    def line(self):
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def own_log(stage_log, test):
    """Text of the log that automake kept for a test."""
    build = os.path.dirname(os.path.dirname(stage_log))
    name = os.path.splitext(os.path.basename(stage_log))[0]
    path = os.path.join(build, name, re.sub(r"\.(py|sh)$", "", test) + ".log")
    for candidate in (path, os.path.join(build, name, test + ".log")):
        if os.path.exists(candidate):
            with open(candidate, errors="replace") as f:
                return f.read()
    return ""


def take_automake(counts, stage, path, word, test):
    text = own_log(path, test)
    if word == "SKIP":
        reason = text.strip().splitlines()[-2:-1] or text.strip().splitlines()[-1:]
        counts.skipped.append(f"{stage}: {test}: {''.join(reason)}")
        return
    if word not in ("PASS", "XFAIL"):
        counts.told.append((test, text))
    found = CHECKS.search(text)
    if found:
        checks, failures, errors = map(int, found.groups())
        counts.passed += checks - failures - errors
        counts.failed += [f"{stage}: {test}"] * (failures + errors)
        if word in ("FAIL", "ERROR") and failures + errors == 0:
            counts.failed.append(f"{stage}: {test}")
    elif word in ("PASS", "XFAIL"):
        counts.passed += 1
    else:
        counts.failed.append(f"{stage}: {test}")
    for line in text.splitlines():
        if line.startswith("skipped: "):  # what a test that passed left out
            counts.skipped.append(f"{stage}: {test}: {line[9:]}")


def read(path, counts):
    stage = os.path.splitext(os.path.basename(path))[0]
    before = len(counts.failed)
    code = None
    with open(path, errors="replace") as f:
        for line in f:
            line = line.rstrip("\n")
            automake, ours = AUTOMAKE.match(line), OURS.match(line)
            if line.startswith("exit "):
                code = int(line[5:])
            elif automake:
                take_automake(counts, stage, path, *automake.groups())
            elif ours and ours[1] == "ok":
                counts.passed += 1
            elif ours and ours[1] == "FAIL":
                counts.failed.append(f"{stage}: {ours[2]}")
            elif ours:
                counts.skipped.append(f"{stage}: {ours[2]}")
    if code != 0 and len(counts.failed) == before:
        counts.failed.append(f"{stage}: ended with {code}")


def indented(lines):
    return "".join(f"    {line[:300]}\n" for line in lines)


def tail(path, lines=25):
    with open(path, errors="replace") as f:
        return indented(f.read().splitlines()[-lines:])


def own_story(test, text, telling=20, last=30):
    """Which of its tests failed, and the end of its log."""
    lines = text.splitlines() or ["(it has left no log)"]
    before = [line for line in lines[:-last] if TELLING.search(line)]
    more = [f"... {len(before) - telling} more"] if len(before) > telling else []
    return f"    ---- {test}\n" + indented(before[:telling] + more + lines[-last:])


def main():
    if sys.argv[1:2] == ["--stage"]:
        counts = Counts()
        read(sys.argv[2], counts)
        print(counts.line())
        for name in counts.failed:
            print(f"              FAILED {name}")
        for test, text in counts.told:
            print(own_story(test, text), end="")
        if counts.failed and not counts.told:
            print(tail(sys.argv[2]), end="")
        return 0
    counts = Counts()
    for path in sys.argv[1:] or glob.glob("*.log"):
        read(path, counts)
    print()
    for name in counts.failed:
        print(f"failed:  {name}")
    for name in counts.skipped:
        print(f"skipped: {name}")
    print(counts.line())
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
