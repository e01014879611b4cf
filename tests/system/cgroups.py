"""Control groups of the real kernel, for tests that put an appliance into one (KM-10, MP-03)."""

import contextlib
import os
import unittest

import harness


def hierarchy(controller):
    """(directory in which groups with that controller can be made, version), or a skip."""
    found = []
    with open("/proc/self/mountinfo") as f:
        for line in f:
            before, _, after = line.partition(" - ")
            kind, _, options = after.split()[:3]
            point = before.split()[4]
            if kind == "cgroup" and controller in options.split(","):
                found.append((point, 1))
            elif kind == "cgroup2":
                with contextlib.suppress(OSError), open(point + "/cgroup.subtree_control") as c:
                    if controller in c.read().split():
                        found.append((point, 2))
    if not found:
        raise unittest.SkipTest(
            f"no hierarchy of control groups has the {controller} controller here")
    return found[0]


def inside(path):
    """The beginning of a command that runs the rest of it in the group `path`."""
    return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', path]


def remove(path):
    """When all its processes have ended."""
    def gone():
        with contextlib.suppress(FileNotFoundError):
            try:
                os.rmdir(path)
            except OSError:
                return False
        return True

    harness.await_("the end of " + path, gone)
