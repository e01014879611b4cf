#!/usr/bin/python3
"""lint.py - the rules that a compiler does not check; run by `make check`.

Each finding is `file:line: what - how to mend`. Exit 0 without any, else 1.
The checks stand in layer_rules.py, code_rules.py, text_rules.py and row_rules.py, one
function per concern.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

import code_rules  # noqa: E402
import layer_rules  # noqa: E402
import row_rules  # noqa: E402
import text_rules  # noqa: E402
from tree import Tree  # noqa: E402

CHECKS = layer_rules.CHECKS + code_rules.CHECKS + text_rules.CHECKS + row_rules.CHECKS


def run(tree):
    """All findings, in the order of files and lines."""
    found = [f for check in CHECKS for f in check(tree)]
    return sorted(set(found))


def skipped():
    """What could not be checked here, each with its reason."""
    _, why = code_rules.clang_format()
    if why is not None:
        yield "format: " + why
    if shutil.which("mandoc") is None:
        yield "manual pages: mandoc is not installed"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    tree = Tree.read(root)
    found = run(tree)
    for f in found:
        print("%s:%d: %s - %s" % (f.path, f.line, f.what, f.mend))
    for reason in skipped():
        print("skipped: " + reason)
    line = code_rules.summary(tree)
    if line is not None:
        print(line)
    print("%d files, %d checks, %d findings" % (len(tree.files), len(CHECKS), len(found)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
