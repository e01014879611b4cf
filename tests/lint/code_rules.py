"""code_rules.py - shape of the C code: comments, names, sizes, format, forbidden calls."""
import collections
import os
import re
import shutil
import statistics
import subprocess

from tree import Finding

COLUMNS = 90
FUNCTION_LINES = 80
MEDIAN_LINES = 15
P90_LINES = 40
FILE_LINES = 800
CLANG_FORMAT = 14  # versions differ in what they write

# Prefixes that a header may use besides its own name: one idea in several words.
PREFIXES = {
    "src/common/base/base.h": ("load", "store", "round"),
    "src/common/cache/layout.h": ("cache",),
    "src/common/dns/msg.h": ("query",),
    "src/common/dns/type.h": ("rcode", "ede",),
    "src/common/snap/diff.h": ("snap",),
    "src/common/snap/node.h": ("body", "endpoints"),
    "src/common/snap/trie.h": ("arena",),
    "src/controller/kube/kubeobj.h": ("kube",),
    "src/ctl/ctl.h": ("options", "complain", "query", "status", "dump", "check", "gen",
                      "completion", "version"),  # one file for each verb
    "src/worker/query.h": ("admit",),
}

FORBIDDEN = {
    "strcpy": "memcpy() with a length that was checked",
    "stpcpy": "memcpy() with a length that was checked",
    "strcat": "struct wire, struct mem_buf or snprintf()",
    "sprintf": "snprintf()",
    "vsprintf": "vsnprintf()",
    "gets": "read() or fgets()",
    "system": "posix_spawn() or fexecve()",
    "popen": "posix_spawn() with a pipe",
    "rand": "getrandom(), or a value that the caller passes",
    "srand": "getrandom()",
    "random": "getrandom(), or a value that the caller passes",
    "getaddrinfo": "addr_parse()",
    "gethostbyname": "addr_parse()",
    "alloca": "an array of fixed size",
    "strtok": "a cursor",
    "tmpnam": "mkdtemp()",
    "mktemp": "mkdtemp()",
}


def check_header_comment(tree):
    """Every header begins with its name and purpose."""
    for path in tree.paths("src/", suffix=".h"):
        name = re.escape(os.path.basename(path))
        if not re.match(r"/\*\s*(\n \* )?%s - \S" % name, tree.files[path]):
            yield Finding(path, 1, "no purpose at the top",
                          "begin with /* %s - what it is for" % os.path.basename(path))


def check_docs(tree):
    """Every public function has a comment right above it."""
    for path in tree.paths("src/", suffix=".h"):
        for d in tree.source(path).declarations:
            if not d.documented:
                yield Finding(path, d.line, "%s() has no comment" % d.name,
                              "say purpose, units, errors and ownership right above it")


def check_guards(tree):
    """Include guards are FOLDER_FILE_H."""
    for path in tree.paths("src/", suffix=".h"):
        folder, name = path.split("/")[-2:]
        guard = re.sub(r"\W", "_", "%s_%s" % (folder, name)).upper()
        m = re.search(r"^#ifndef (\w+)\n#define (\w+)$", tree.files[path], re.M)
        if m is None or m.group(1) != guard or m.group(2) != guard:
            yield Finding(path, 1, "include guard is not %s" % guard, "rename it")


def check_used(tree):
    """Every public function is defined, and used somewhere (tests count)."""
    used = collections.Counter()
    for path in tree.c_paths("src/", "tests/", "bench/"):
        used.update(re.findall(r"\w+", tree.source(path).plain))
    defined = {f.name for p in tree.c_paths("src/") for f in tree.source(p).functions}
    for path in tree.paths("src/", suffix=".h"):
        for d in tree.source(path).declarations:
            if d.name not in defined:
                yield Finding(path, d.line, "%s() is defined nowhere" % d.name, "remove it")
            elif used[d.name] <= (1 if "inline" in tree.source(path).lines[d.line - 1] else 2):
                yield Finding(path, d.line, "%s() is used nowhere" % d.name, "remove it")


def check_prefixes(tree):
    """File = module = prefix."""
    for path in tree.paths("src/", suffix=".h"):
        module = os.path.splitext(os.path.basename(path))[0]
        allowed = (module,) + PREFIXES.get(path, ())
        for d in tree.source(path).declarations:
            if d.name.startswith("on_"):
                continue
            if not any(d.name == p or d.name.startswith(p + "_") for p in allowed):
                yield Finding(path, d.line, "%s() does not begin with %s_" % (d.name, module),
                              "rename it, or add the word to PREFIXES in tests/lint/code_rules.py")


def check_types(tree):
    """`struct x`, no typedef of structs, no _t, no project prefix."""
    for path in tree.c_paths("src/", "tests/", "bench/"):
        source = tree.source(path)
        for pattern, what, mend in (
                (r"\btypedef\s+(struct|union)\b", "typedef of a struct", "write struct x"),
                (r"\btypedef\b[^;{}()]*\b\w+_t\s*;", "a type named _t", "leave the _t away"),
                (r"\b(struct|union|enum)\s+\w+_t\b", "a type named _t", "leave the _t away"),
                (r"\bshmdns_\w+", "project prefix", "the module's name is the prefix")):
            for m in re.finditer(pattern, source.plain):
                yield Finding(path, source.line_of(m.start()), what, mend)


def check_budget(tree):
    """Half of all functions have at most 15 lines, nine in ten at most 40."""
    n = sizes(tree)
    if n and (statistics.median(n) > MEDIAN_LINES or n[int(0.9 * (len(n) - 1))] > P90_LINES):
        yield Finding("src", 1, summary(tree), "split the longest ones")


def check_function_length(tree):
    """No function over 80 lines."""
    for path in tree.c_paths("src/", "tests/", "bench/"):
        for f in tree.source(path).functions:
            n = f.last - f.first + 1
            if n > FUNCTION_LINES:
                yield Finding(path, f.line, "%s() has %d lines" % (f.name, n),
                              "split it, at most %d" % FUNCTION_LINES)


def check_file_length(tree):
    """No file over 800 lines."""
    for path in tree.c_paths("src/", "tests/", "bench/"):
        n = len(tree.source(path).lines) - 1
        if n > FILE_LINES:
            yield Finding(path, n, "%d lines" % n, "split it, at most %d" % FILE_LINES)


def check_columns(tree):
    """Lines of C at most 90 columns, tabs of 8, nothing at their ends."""
    for path in tree.c_paths("src/", "tests/", "bench/"):
        for i, line in enumerate(tree.source(path).lines, 1):
            if len(line.expandtabs(8)) > COLUMNS:
                yield Finding(path, i, "%d columns" % len(line.expandtabs(8)),
                              "break it at %d" % COLUMNS)
            if line != line.rstrip():
                yield Finding(path, i, "spaces at the end of the line", "remove them")


def check_conditionals(tree):
    """#if stands in base/ only, include guards aside."""
    for path in tree.c_paths("src/"):
        if path.startswith("src/common/base/"):
            continue
        source = tree.source(path)
        guard = re.search(r"^#ifndef \w+_H$", source.text, re.M)
        for m in re.finditer(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b", source.code, re.M):
            if guard is None or m.start() != guard.start():
                yield Finding(path, source.line_of(m.start()), "#%s outside base/" % m.group(1),
                              "hide the difference behind a function of base/")


STUB = "tests/system/stub.c"  # it is there for getaddrinfo()


def check_forbidden(tree):
    """Calls that have a better way."""
    for path in tree.c_paths("src/", "tests/", "bench/"):
        names = "|".join(n for n in FORBIDDEN if (path, n) != (STUB, "getaddrinfo"))
        for line, name in tree.source(path).calls(names):
            yield Finding(path, line, "%s() is not used here" % name, "use " + FORBIDDEN[name])


def clang_format():
    """(program, None) or (None, why not)."""
    program = shutil.which("clang-format")
    if program is None:
        return None, "clang-format is not installed"
    text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    m = re.search(r"version (\d+)", text)
    if m is None or int(m.group(1)) != CLANG_FORMAT:
        return None, "clang-format is not version %d" % CLANG_FORMAT
    return program, None


def check_format(tree):
    """clang-format has nothing to change."""
    program, _ = clang_format()
    if program is None or tree.root is None:
        return
    paths = tree.c_paths("src/", "tests/", "bench/")
    if not paths:
        return
    run = subprocess.run([program, "--dry-run", "--style=file"] + paths, cwd=tree.root,
                         capture_output=True, text=True)
    seen = set()
    for m in re.finditer(r"^(\S+?):(\d+):\d+: (?:warning|error):.*clang-format", run.stderr,
                         re.M):
        if m.group(1) not in seen:
            seen.add(m.group(1))
            yield Finding(m.group(1), int(m.group(2)), "not as clang-format writes it",
                          "clang-format -i " + m.group(1))


def sizes(tree):
    """Lines of the functions of src/, sorted."""
    return sorted(f.last - f.first + 1 for p in tree.c_paths("src/")
                  for f in tree.source(p).functions)


def summary(tree):
    """One line about the sizes of functions, or None without any."""
    n = sizes(tree)
    if not n:
        return None
    return "%d functions in src: median %d lines, p90 %d, longest %d" % (
        len(n), statistics.median(n), n[int(0.9 * (len(n) - 1))], n[-1])


CHECKS = (check_header_comment, check_docs, check_guards, check_used, check_prefixes, check_types,
          check_budget, check_function_length, check_file_length, check_columns, check_conditionals,
          check_forbidden, check_format)
