"""text_rules.py - documents, words, fragments of the makefile, rows that tests name."""
import fnmatch
import os
import re
import shutil
import subprocess

import row_rules
from tree import Finding

# Words that do not belong into the project: (pattern, what to do).
WORDS = (
    (r"(?<![\w:&/#])#\d+\b", "say what was decided, not where it was discussed"),
    (r"(?i)\bissues? \d+\b", "say what was decided, not where it was discussed"),
    (r"(?i)\bsessions?\b", "say connection, life or run"),
    (r"(?<![\w./-])/(work|farm)\b", "no path of one machine"),
    (r"/tmp/(bash_jobs|b-|HELPERS)", "no path of one machine"),
    (r"\b(design|records|robustness|operators|style|forwarding|performance)\.md\b",
     "name a document in doc/"),
    (r"(?i)\bdesign,? (section )?\d", "name a document in doc/"),
    (r"\b(TODO|FIXME|XXX)\b", "do it, or describe what is missing in README.md"),
)

ROW = re.compile(r"\b[A-Z]{1,3}-[A-Z]?\d{1,2}\b|\bG(10|[1-9])\b")
SAYS = re.compile(r"(?i)\b(proves?|shows?|checks?|support)\b")

LISTED = ("src/", "tests/", "bench/", "doc/", "conf/", "systemd/", "deploy/")


def check_words(tree):
    """No forbidden words. The lint's own folder has to spell them."""
    for path, text in tree.files.items():
        if path.startswith("tests/lint/") or path.endswith((".clang-format", ".json")):
            continue
        for i, line in enumerate(text.split("\n"), 1):
            for pattern, mend in WORDS:
                m = re.search(pattern, line)
                if m is not None:
                    yield Finding(path, i, '"%s"' % m.group(), mend)


def check_lines_exist(tree):
    """The straight lines of doc/ARCHITECTURE.md exist: `file.c:function()`."""
    path = "doc/ARCHITECTURE.md"
    text = tree.files.get(path, "")
    for m in re.finditer(r"`([\w./-]+\.[ch]):(\w+)\(\)`", text):
        line = text.count("\n", 0, m.start()) + 1
        found = [p for p in (m.group(1), "src/" + m.group(1), "src/common/" + m.group(1))
                 if p in tree.files]
        if not found:
            yield Finding(path, line, "no file %s" % m.group(1), "name where it stands now")
        elif not any(f.name == m.group(2) for f in tree.source(found[0]).functions):
            yield Finding(path, line, "no %s() in %s" % (m.group(2), found[0]),
                          "name the function that is there now")


def check_paths_exist(tree):
    """Paths that documents name in backticks exist."""
    for path in tree.paths(suffix=".md"):
        text = tree.files[path]
        for m in re.finditer(r"`((?:src|tests|doc|conf|bench|systemd|deploy)/[\w./-]+)`", text):
            name = m.group(1).rstrip("/")
            if name in tree.files or any(p.startswith(name + "/") for p in tree.files):
                continue
            if tree.root and os.path.exists(os.path.join(tree.root, name)):
                continue
            yield Finding(path, text.count("\n", 0, m.start()) + 1, "no %s" % name,
                          "name what is there")


def check_links(tree):
    """Links between documents lead somewhere."""
    for path in tree.paths(suffix=".md"):
        text = tree.files[path]
        for m in re.finditer(r"\]\((?!https?:)([^)#\s]+)", text):
            target = os.path.normpath(os.path.join(os.path.dirname(path), m.group(1)))
            if target in tree.files or (
                    tree.root and os.path.exists(os.path.join(tree.root, target))):
                continue
            yield Finding(path, text.count("\n", 0, m.start()) + 1, "no %s" % target,
                          "mend the link")


def fragments(tree):
    """All words of Makefile.am and its fragments, but not those of recipes."""
    words = set()
    for path, text in tree.files.items():
        if path == "Makefile.am" or path.endswith(".inc"):
            text = re.sub(r"#.*", "", text).replace("\\\n", " ")
            text = re.sub(r"^\t.*", "", text, flags=re.M)
            words.update(w.replace("$(srcdir)/", "").rstrip("/") for w in text.split())
    return words


def check_listed(tree):
    """Every file stands in a fragment of the makefile, or its folder does."""
    words = fragments(tree)
    for path in tree.paths(*LISTED):
        if path.endswith((".inc", ".pyc")) or os.path.basename(path) == ".gitignore":
            continue
        folders = path.split("/")
        names = {path} | {"/".join(folders[:n]) for n in range(1, len(folders))}
        if not names & words and not any("*" in w and fnmatch.fnmatch(path, w) for w in words):
            yield Finding(path, 1, "in no Makefile.inc",
                          "add it to the sources or EXTRA_DIST of its folder's fragment")


def check_rows(tree):
    """Each scenario, system, api and cluster test says what it proves."""
    for path in tree.paths("tests/scenario/", "tests/system/", "tests/api/test_",
                           "tests/cluster/test_"):
        if not path.endswith((".scn", ".py", ".sh")):
            continue
        if not ROW.search(tree.files[path]) and not SAYS.search(tree.files[path][:600]):
            yield Finding(path, 1, "names no row and no guarantee",
                          "say in the first lines what it proves (RS-01, G3, ...)")


def check_rows_defined(tree):
    """Every row that code or a test names stands in RECORDS.md, RULES.md or rows.txt."""
    defined = set(row_rules.read_rows(tree)[0])
    for path in ("doc/RECORDS.md", "doc/RULES.md"):
        defined.update(re.findall(r"^\| ([A-Z]{1,3}-[A-Z]?\d{1,2}) \|",
                                  tree.files.get(path, ""), re.M))
    if not defined:
        return
    families = {row.split("-")[0] for row in defined}
    for path in tree.paths("src/", "tests/", "bench/", "conf/", "deploy/"):
        if path.startswith("tests/lint/"):
            continue
        for i, line in enumerate(tree.files[path].split("\n"), 1):
            for row in re.findall(r"\b[A-Z]{1,3}-[A-Z]?\d{1,2}\b", line):
                if row.split("-")[0] in families and row not in defined:
                    yield Finding(path, i, "row %s is explained nowhere" % row,
                                  "add it to doc/RULES.md or doc/RECORDS.md")


def check_guarantees(tree):
    """The tests that doc/SNAPSHOT.md names for a guarantee name it too; none is without."""
    path = "doc/SNAPSHOT.md"
    text = tree.files.get(path)
    if text is None:
        return
    for n in range(1, 11):
        row = re.search(r"^\| G%d \| (.*) \|$" % n, text, re.M)
        tests = re.findall(r"`([^`]+)`", row.group(1)) if row else []
        line = text.count("\n", 0, row.start()) + 1 if row else 1
        if not tests:
            yield Finding(path, line, "no test for G%d" % n, "name the tests that check it")
        for test in tests:
            if test in tree.files and not re.search(r"\bG%d\b" % n, tree.files[test]):
                yield Finding(path, line, "%s does not name G%d" % (test, n),
                              "say in the test that it checks it")


def schema_keys(tree):
    """Paths of the keys in the schema table."""
    text = tree.files.get("src/common/conf/schema.c", "")
    return sorted(set(re.findall(r'\{"([a-z][a-z0-9_.\[\]]*)",\s*KEY_', text)))


def check_keys(tree):
    """Every key of the schema stands in shmdns.conf(5) and in conf/shmdns.conf."""
    for key in schema_keys(tree):
        leaf = re.split(r"\W+", key)[-1]
        for path, pattern in (("doc/shmdns.conf.5", re.escape(key)),
                              ("conf/shmdns.conf", r"\b%s\b" % re.escape(leaf))):
            text = tree.files.get(path)
            if text is not None and not re.search(pattern, text):
                yield Finding(path, 1, "key %s is missing" % key, "describe it")


def check_defaults(tree):
    """shmdns.conf(5) gives the defaults that the schema has."""
    path = "doc/shmdns.conf.5"
    manual = tree.files.get(path, "")
    schema = re.sub(r'(?<!\\)"\s*"', "", tree.files.get("src/common/conf/schema.c", ""))
    for m in re.finditer(r'\{"([a-z][a-z0-9_.\[\]]*)",.*?'
                         r'(?:DEFAULT|WORDS|REQUIRED|FOLLOWS)\("((?:\\.|[^"\\])*)"',
                         schema, re.S):
        item = re.search(r"^\.It Cm %s No = (.*)$" % re.escape(m.group(1)), manual, re.M)
        if item is None or '{"' in m.group(0)[2:]:
            continue
        said = re.sub(r"\(start\)|\b(Dq|Do|Dc|No)\b|\s", "", item.group(1)).replace(r"\e", "\\")
        if said != re.sub(r'\\"|\s', "", m.group(2)).replace(r"\\", "\\"):
            yield Finding(path, manual.count("\n", 0, item.start()) + 1,
                          "%s is not %s by default" % (m.group(1), item.group(1)),
                          "the schema says " + m.group(2))


def check_options(tree):
    """Every option of shmdnsctl stands in its manual."""
    manual = tree.files.get("doc/shmdnsctl.1")
    if manual is None:
        return
    for path in tree.paths("src/ctl/", suffix=".c"):
        for m in re.finditer(r'"--([a-z][a-z-]+)"', tree.files[path]):
            if not re.search(r"\bFl -%s\b" % re.escape(m.group(1)), manual):
                yield Finding(path, tree.files[path].count("\n", 0, m.start()) + 1,
                              "--%s is not in the manual" % m.group(1),
                              "describe it in doc/shmdnsctl.1")


def check_manuals(tree):
    """mandoc finds nothing to warn of in the manual pages."""
    program = shutil.which("mandoc")
    if program is None:
        return
    for path in tree.paths("doc/"):
        if not re.search(r"\.[1-8]$", path):
            continue
        run = subprocess.run([program, "-T", "lint", "-W", "warning"], input=tree.files[path],
                             capture_output=True, text=True)
        for m in re.finditer(r"<stdin>:(\d+):\d+: (.*)", run.stdout + run.stderr):
            if "missing manual name" not in m.group(2):
                yield Finding(path, int(m.group(1)), m.group(2), "see mandoc -T lint")


CHECKS = (check_words, check_lines_exist, check_paths_exist, check_links, check_listed, check_rows,
          check_rows_defined, check_guarantees, check_keys, check_defaults,
          check_options, check_manuals)
