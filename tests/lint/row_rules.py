"""row_rules.py - every row has a test, or stands in the list of those that are not due."""
import re

from tree import Finding

ROWS = "tests/data/rows.txt"
NOT_DUE = "tests/wire/not_due.py"
ROW = r"[A-Z]{1,2}-[A-Z]?\d{1,2}"
TESTS = (("tests/wire/", ".py"), ("tests/scenario/", ".scn"), ("tests/scenario/", ".fws"),
         ("tests/unit/", ".c"),
         ("tests/system/", ".py"), ("tests/api/", ".py"), ("tests/cluster/", ".py"),
         ("tests/forward/", ".py"))


def read_rows(tree):
    """{id: line} of the list of rows, and the findings about its lines."""
    rows, found = {}, []
    for i, line in enumerate(tree.files.get(ROWS, "").split("\n"), 1):
        m = re.match(r"(%s) \S" % ROW, line)
        if m is None and line and not line.startswith("#"):
            found.append(Finding(ROWS, i, "neither a row nor a comment", "ID MEANING"))
        elif m is not None and m.group(1) in rows:
            found.append(Finding(ROWS, i, "%s stands here twice" % m.group(1), "once is enough"))
        elif m is not None:
            rows[m.group(1)] = i
    return rows, found


def read_not_due(tree):
    """[(id, line)] of the list of rows that are not due."""
    text = tree.files.get(NOT_DUE, "")
    return [(m.group(1), text.count("\n", 0, m.start()) + 1)
            for m in re.finditer(r'^    "(%s)": [A-Z]\w+,' % ROW, text, re.M)]


def named_rows(tree):
    """Rows that tests name."""
    named = set()
    for folder, suffix in TESTS:
        for path in tree.paths(folder, suffix=suffix):
            if path != NOT_DUE:
                named.update(re.findall(r"\b%s\b" % ROW, tree.files[path]))
    return named


def check_rows_tested(tree):
    """Each row of the list is named by a test or is not due; nothing else is not due."""
    rows, found = read_rows(tree)
    yield from found
    named, waiting = named_rows(tree), set()
    for row, line in read_not_due(tree):
        if row not in rows:
            yield Finding(NOT_DUE, line, "%s is no row of %s" % (row, ROWS),
                          "remove it, or add the row")
        if row in waiting:
            yield Finding(NOT_DUE, line, "%s stands here twice" % row, "once is enough")
        waiting.add(row)
    for row, line in rows.items():
        if row not in named and row not in waiting:
            yield Finding(ROWS, line, "no test names %s" % row,
                          "write one, or say in %s what it waits for" % NOT_DUE)


CHECKS = (check_rows_tested,)
