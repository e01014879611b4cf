"""tree.py - the files that the lint looks at, and a small reader of C.

A Tree maps paths (relative to the top) to texts. The lint reads it from disk, its own
test from a dictionary. The reader of C knows comments, strings, preprocessor lines and
brace depth, which is enough to find includes, functions and declarations.
"""
import os
import re
from collections import namedtuple

Finding = namedtuple("Finding", "path line what mend")
Function = namedtuple("Function", "name line first last body static")
Declaration = namedtuple("Declaration", "name line documented")

FOLDERS = ("src", "tests", "bench", "doc", "conf", "deploy", "systemd", "m4", ".ci")
SKIPPED = ("tests/data", "tests/fuzz/corpus", "__pycache__")
TOP_FILES = ("configure.ac", "Makefile.am", "quickstart", "README.md", "NEWS", "HACKING.md",
             "SECURITY.md", ".gitignore", ".clang-format", "tests/data/rows.txt")

NOT_A_FUNCTION = {"if", "while", "for", "switch", "return", "sizeof", "_Static_assert",
                  "_Alignas", "defined", "int", "void", "bool", "char", "typeof"}


class Tree:
    """Texts by path. `root` is the top folder on disk, None in the lint's own test."""

    def __init__(self, files, root=None):
        self.files = files
        self.root = root
        self._sources = {}

    @classmethod
    def read(cls, root):
        files = {}
        for path in sorted(walk(root)):
            try:
                with open(os.path.join(root, path), encoding="utf-8") as f:
                    files[path] = f.read()
            except UnicodeDecodeError:
                continue
        return cls(files, root)

    def paths(self, *prefixes, suffix=""):
        """Paths below one of the folders (all without any) that end with `suffix`."""
        return [p for p in self.files if p.endswith(suffix)
                and (not prefixes or p.startswith(prefixes))]

    def c_paths(self, *prefixes):
        return [p for p in self.paths(*prefixes) if p.endswith((".c", ".h"))]

    def source(self, path):
        if path not in self._sources:
            self._sources[path] = Source(self.files[path])
        return self._sources[path]


def walk(root):
    for name in TOP_FILES:
        if os.path.isfile(os.path.join(root, name)):
            yield name
    for folder in FOLDERS:
        for at, folders, names in os.walk(os.path.join(root, folder)):
            here = os.path.relpath(at, root)
            folders[:] = [d for d in folders if os.path.join(here, d) not in SKIPPED
                          and d not in SKIPPED and not d.startswith(".")]
            for name in names:
                if not name.startswith(".") and not name.endswith((".o", ".log", ".trs", "~")):
                    yield os.path.join(here, name)


TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The same number of lines and columns, without content."""
    return re.sub(r"[^\n]", " ", text)


class Source:
    """One C file: `code` is the text with comments and strings blanked."""

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        self.code = TOKENS.sub(self._blank_token, text)
        # Without preprocessor lines (with their continuations) too.
        self.plain = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: blank(m.group()),
                            self.code, flags=re.M)
        self.plain = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)",
                            lambda m: blank(m.group()), self.plain)
        self.plain = re.sub(r"\bEND_TEST\b", "        ", self.plain)
        self.functions = []
        self.declarations = []
        self._separators = self._find_separators()
        self._scan()

    @staticmethod
    def _blank_token(m):
        token = m.group()
        if token[0] in "\"'":
            return token[0] + blank(token[1:-1]) + token[-1]
        return blank(token)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        """(line, name, quoted) for each #include."""
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', self.text, re.M):
            yield self.line_of(m.start()), m.group(2), m.group(1) == '"'

    def calls(self, name):
        """Lines on which a function of that name (a regular expression) is called."""
        for m in re.finditer(r"(?<![\w.>])(%s)\s*\(" % name, self.plain):
            yield self.line_of(m.start(1)), m.group(1)

    def _find_separators(self):
        """Numbers of lines that are empty outside of comments and braces."""
        depth, found, in_comment = 0, set(), False
        plain = self.plain.split("\n")
        for i, line in enumerate(self.lines, 1):
            if not line.strip() and depth == 0 and not in_comment:
                found.add(i)
            in_comment = self._comment_state(line, in_comment)
            depth += plain[i - 1].count("{") - plain[i - 1].count("}")
        return found

    @staticmethod
    def _comment_state(line, inside):
        opened, closed = line.rfind("/*"), line.rfind("*/")
        if opened == closed == -1:
            return inside
        return opened > closed

    def documented(self, line):
        """True if the paragraph that this line stands in begins with a comment."""
        first = line
        while first > 1 and first - 1 not in self._separators:
            first -= 1
        return self.lines[first - 1].lstrip().startswith(("/*", "//"))

    def _scan(self):
        depth, start = 0, None
        body_from, current = None, None
        for i, c in enumerate(self.plain):
            if depth == 0 and start is None and not c.isspace():
                start = i
            if c == "{":
                if depth == 0:
                    current = self._head(start, i)
                    body_from = i
                depth += 1
            elif c == "}":
                depth = max(0, depth - 1)
                if depth == 0:
                    if current is not None:
                        self._add_function(current, start, body_from, i)
                        start, current = None, None
            elif c == ";" and depth == 0:
                self._declaration(start, i)
                start = None

    def _head(self, start, end):
        """Name of the function whose body begins at `end`, or None."""
        head = self.plain[start:end]
        if "=" in head or "(" not in head or not head.rstrip().endswith(")"):
            return None
        m = re.search(r"(\w+)\s*\(", head)
        if m is None or m.group(1) in NOT_A_FUNCTION:
            return None
        if m.group(1) == "START_TEST":
            m = re.search(r"START_TEST\s*\(\s*(\w+)", head)
        return m.group(1)

    def _add_function(self, name, start, body_from, end):
        head = self.plain[start:body_from]
        static = re.search(r"\bstatic\b", head) is not None
        first, last = self.line_of(start), self.line_of(end)
        self.functions.append(Function(name, first, first, last,
                                       self.plain[body_from:end + 1], static))
        if "START_TEST" not in head:
            self.declarations.append(Declaration(name, first, self.documented(first)))

    def _declaration(self, start, end):
        text = self.plain[start:end]
        if re.match(r"\s*(typedef|_Static_assert|struct\s+\w+\s*\{|enum\b[^(]*\{)", text):
            return
        m = re.search(r"(\w+)\s*\(", text)
        if m is None or "=" in text[:m.start()] or m.group(1) in NOT_A_FUNCTION:
            return
        if m.group(1).isupper():  # a macro such as TAILQ_HEAD()
            return
        if "{" in text[:m.start()]:
            return
        line = self.line_of(start)
        self.declarations.append(Declaration(m.group(1), line, self.documented(line)))
