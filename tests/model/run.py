#!/usr/bin/python3
"""Checks the models with Spin (M-13): no error in any size, and every mutant is found.

    tests/model/run.py [NAME ...]

A model is a .pml file; its mutants are the MUTANT_ macros that it asks for. Skipped where Spin
or a C compiler is missing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIP = 77
DEPTH = 200000

# Sizes that the model is checked in, and the one in which mutants are looked for.
SIZES = {
    "park": [
        {},  # a place that is used again
        {"WORKER_KILLS": 2, "LOSSES": 0},
        {"FORWARDER_KILLS": 2, "LOSSES": 0},
        {"PLACES": 2, "LOSSES": 0, "FORWARDER_KILLS": 0},  # two that wait for one question
        {"PLACES": 2, "WORKER_KILLS": 0},
        {"PLACES": 2, "QUESTIONS": 2, "WORKER_KILLS": 0},
    ],
}


def check(path, defines):
    """(states, error or None)"""
    options = [f"-D{k}={v}" if v is not None else f"-D{k}" for k, v in defines.items()]
    with tempfile.TemporaryDirectory(prefix="shmdns-model-") as directory:
        def run(*command):
            return subprocess.run(command, cwd=directory, capture_output=True, text=True)

        done = run("spin", *options, "-a", path)
        assert done.returncode == 0, done.stdout + done.stderr
        done = run(os.environ.get("CC", "cc").split()[0], "-O2", "-DSAFETY", "-DCOLLAPSE",
                   "-DVECTORSZ=1024", "-w", "-o", "pan", "pan.c")
        assert done.returncode == 0, done.stderr
        done = run("./pan", f"-m{DEPTH}", "-w22")
    assert "max search depth too small" not in done.stdout, done.stdout
    states = int(re.search(r"(\d+) states, stored", done.stdout)[1])
    found = re.search(r"^pan:1: (.*?) \(at depth", done.stdout, re.M)
    assert found or re.search(r"errors: 0\b", done.stdout), done.stdout
    return states, found and found[1]


def mutants(path):
    with open(path) as f:
        return sorted(set(re.findall(r"\bMUTANT_[A-Z_]+", f.read())))


def text(defines):
    return " ".join(k if v is None else f"{k}={v}" for k, v in defines.items()) or "as it is"


def main():
    for tool in ("spin", os.environ.get("CC", "cc").split()[0]):
        if shutil.which(tool) is None:
            print(f"SKIP model: {tool} is not installed")
            return SKIP
    failed = 0
    for name in sys.argv[1:] or sorted(SIZES):
        path = os.path.join(HERE, name + ".pml")
        for size in SIZES[name]:
            states, error = check(path, size)
            failed += error is not None
            print(f"{'FAIL' if error else 'ok  '} {name}, {text(size)}: {error or 'no error'}, "
                  f"{states:,} states", flush=True)
        for mutant in mutants(path):
            # The first size in which it shows.
            for size in SIZES[name]:
                states, error = check(path, {**size, mutant: None})
                if error:
                    break
            failed += error is None
            print(f"{'ok  ' if error else 'FAIL'} {name}, {mutant}: {error or 'not found'}, "
                  f"{states:,} states", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
