#!/usr/bin/python3
"""Counts what the stages of tests/all found; the last line is `N passed, N failed[, N skipped]`.

    summary.py --stage LOG   one line for a stage, and what is said of each failure in it
    summary.py LOG ...       all of them: what failed, what was skipped and why, the counts

A log holds lines of `make check` (PASS: x, FAIL: x, SKIP: x, ERROR: x), of our own runners
(ok x, FAIL x, SKIP x: reason, AGAIN x: failed, and has a second try), and ends with `exit N`.
A test program that counts its own checks (Check: "100%: Checks: N, Failures: N, Errors: N")
counts as so many tests. A program that failed and passed when `make recheck` ran it by itself
is unsteady, as what our runners say AGAIN of: it counts as passed, and is named.
"""

import glob
import os
import re
import sys

AUTOMAKE = re.compile(r"^(PASS|FAIL|SKIP|ERROR|XPASS|XFAIL): (\S+)")
OURS = re.compile(r"^(ok|FAIL|SKIP|AGAIN)\s+(\S.*)")
# What a log says of a failure: unittest, exceptions, Check (file:line:F:...), sanitizers.
TELLING = re.compile(r"\b(FAIL|FAILED|ERROR)\b|^\w+(Error|Exception|Timeout)\b|:\d+:[FE]:|"
                     r"^SUMMARY: |runtime error: ")
CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)


FIRST_TRY = ".first"  # tests/all keeps the log of a program that failed under this name


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.unsteady = []
        self.skipped = []
        self.stories = []  # (what failed, the lines that its log has of that)

    def line(self):
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def own_log(stage_log, test, suffix=""):
    """Text of the log that automake kept for a test, or of that of its first try."""
    build = os.path.dirname(os.path.dirname(stage_log))
    name = os.path.splitext(os.path.basename(stage_log))[0]
    path = os.path.join(build, name, re.sub(r"\.(py|sh)$", "", test) + ".log")
    for candidate in (path + suffix, os.path.join(build, name, test + ".log" + suffix)):
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
        counts.stories.append((f"{stage}: {test}", text.splitlines()))
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


def automake(path, lines, counts):
    """Programs of `make check`; of those that ran twice the second time counts."""
    stage = os.path.splitext(os.path.basename(path))[0]
    programs = {}
    for match in filter(None, map(AUTOMAKE.match, lines)):
        programs.setdefault(match[2], []).append(match[1])
    for test, words in programs.items():
        if len(words) > 1 and words[-1] == "PASS":
            counts.unsteady.append(f"{stage}: {test}")
            counts.stories.append((f"{stage}: {test}",
                                   own_log(path, test, FIRST_TRY).splitlines()))
        take_automake(counts, stage, path, words[-1], test)


def ours(path, lines, counts):
    """Lines of our own runners. What is printed beside the line of a failure is its story."""
    stage = os.path.splitext(os.path.basename(path))[0]
    marks = [(i, match) for i, line in enumerate(lines) if (match := OURS.match(line))]
    for k, (i, match) in enumerate(marks):
        word, name = match.groups()
        if word == "ok":
            counts.passed += 1
        elif word == "SKIP":
            counts.skipped.append(f"{stage}: {name}")
        else:
            into = counts.failed if word == "FAIL" else counts.unsteady
            into.append(f"{stage}: {name}")
            begin = marks[k - 1][0] + 1 if k > 0 else 0
            end = marks[k + 1][0] if k + 1 < len(marks) else len(lines)
            counts.stories.append((f"{stage}: {name}", lines[begin:end]))


def read(path, counts):
    before = len(counts.failed)
    with open(path, errors="replace") as f:
        lines = f.read().splitlines()
    automake(path, lines, counts)
    ours(path, lines, counts)
    if lines[-1:] != ["exit 0"] and len(counts.failed) == before:
        name = f"{os.path.splitext(os.path.basename(path))[0]}: {' '.join(lines[-1:])}"
        counts.failed.append(name)
        counts.stories.append((name, lines))


def excerpt(lines, telling, last, width=240):
    """The telling ones, and the end."""
    before = [line for line in lines[:-last] if TELLING.search(line)]
    more = [f"... {len(before) - telling} more"] if len(before) > telling else []
    return "".join(f"    {line[:width]}\n"
                   for line in before[:telling] + more + lines[-last:])


def tell(counts, telling, last):
    for name, lines in counts.stories:
        print(f"    ---- {name}")
        print(excerpt(lines or ["(it has left no log)"], telling, last), end="")


def main():
    counts = Counts()
    if sys.argv[1:2] == ["--stage"]:
        read(sys.argv[2], counts)
        print(counts.line())
        for name in counts.failed:
            print(f"              FAILED {name}")
        for name in counts.unsteady:
            print(f"              UNSTEADY {name}")
        tell(counts, telling=20, last=30)
        return 0
    for path in sys.argv[1:] or glob.glob("*.log"):
        read(path, counts)
    print()
    for name in counts.skipped:
        print(f"skipped:  {name}")
    for name in counts.unsteady:
        print(f"unsteady: {name}, had a second try")
    for name in counts.failed:
        print(f"failed:   {name}")
    tell(counts, telling=6, last=10)
    print(counts.line())
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
