#!/usr/bin/python3
"""Torture: processes that read check every look-up while a writer publishes, compacts and
is killed at random (G1 to G6, G8, M-02, M-03). SHMDNS_FULL=1 runs it for half a minute.

    tests/torture/run.py [SECONDS]
"""

import glob
import json
import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.join(os.environ.get("SHMDNS_BUILD", "."), "tests/torture")
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else \
    30 if os.environ.get("SHMDNS_FULL") == "1" else 8
NAMES = "4000"
READERS = 2


def objects(instance):
    return glob.glob(f"/dev/shm/shmdns.{instance}.*")


def write_and_kill(instance, seconds):
    """Writers one after the other; every one but the last is killed. (kills, failures)"""
    end, kills = time.monotonic() + seconds, 0
    while True:
        writer = subprocess.Popen([f"{HERE}/torture_writer", instance, NAMES])
        # The last quarter belongs to one writer, so that it compacts.
        left = end - time.monotonic()
        wait = random.expovariate(1 / 0.15) if left > seconds / 4 else left
        try:
            code = writer.wait(max(wait, 0.001))
            return kills, f"a writer ended by itself: {code}"
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        if time.monotonic() >= end:
            return kills, None
        kills += 1


def readers_result(readers):
    results, failures = [], []
    for r in readers:
        r.terminate()
        out = r.communicate(timeout=20)[0]
        if r.returncode != 0:
            failures.append(f"a reader ended with {r.returncode}: {out.strip()}")
        else:
            results.append(json.loads(out))
    return results, failures


def main():
    if not os.access(f"{HERE}/torture_writer", os.X_OK):
        print("torture_writer was not built")
        return 77
    instance = f"torture{os.getpid()}"
    readers = [subprocess.Popen([f"{HERE}/torture_reader", instance, NAMES],
                                stdout=subprocess.PIPE, text=True) for _ in range(READERS)]
    failures = []
    try:
        kills, failure = write_and_kill(instance, SECONDS)
        failures += [failure] if failure else []
        left = objects(instance)
    finally:
        results, wrong = readers_result(readers)
        failures += wrong
        for path in objects(instance):
            os.unlink(path)
    print(f"{kills} kills, {len(left)} objects at the end")
    segments = [o for o in left if ".seg" in o]
    if len(segments) > 4:
        failures.append(f"{len(segments)} segments are linked")
    for r in results:
        print(json.dumps(r))
        if r["generations"] < 5 * SECONDS or r["checks"] < 10000 * SECONDS:
            failures.append("a reader saw too little")
        if r["segments"] < 3:
            failures.append("a reader never changed the segment")
    if kills < SECONDS:
        failures.append("too few kills")
    for f in failures:
        print("FAILED: " + f)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
