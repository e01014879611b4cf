#!/usr/bin/python3
"""selftest.py - proves that the lint finds what it should, and nothing in clean code.

Each case is a small tree, the check that must speak, and what it must say ("" for
nothing). A check that never speaks would otherwise look like clean code.
"""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import code_rules  # noqa: E402
import layer_rules  # noqa: E402
import row_rules  # noqa: E402
import text_rules  # noqa: E402
from tree import Source, Tree  # noqa: E402

HEADER = """/*
 * x.h - what it is for
 */
#ifndef DNS_X_H
#define DNS_X_H

%s
#endif
"""


def header(text):
    return {"src/common/dns/x.h": HEADER % text}


def core(text):
    return {"src/common/dns/x.c": text}


def long_function(n):
    return core("void x_f(void)\n{\n" + "\tx_g();\n" * (n - 3) + "}\n")


def rows_list(*lines):
    return {row_rules.ROWS: "# Rows\n" + "".join(line + "\n" for line in lines)}


def not_due_list(*rows):
    """As tests/wire/not_due.py has them; naming a row there is no test of it."""
    lines = "".join('    "%s": TCP,\n' % row for row in rows)
    return {row_rules.NOT_DUE: "NOT_DUE = {\n" + lines + "}\n"}


CASES = (
    # layers
    (layer_rules.check_areas, {"src/common/base/a.c": '#include "dns/x.h"\n', **header("")},
     "base may not include dns"),
    (layer_rules.check_areas, {"src/worker/a.c": '#include "conf/conf.h"\n',
                               "src/common/conf/conf.h": ""}, "worker may not include conf"),
    (layer_rules.check_areas, {"src/ctl/a.c": '#include "worker/query.h"\n',
                               "src/worker/query.h": ""}, "ctl may not include worker"),
    (layer_rules.check_areas, {"src/ctl/a.c": '#include "a.h"\n', "src/ctl/a.h": ""},
     "is not a path from"),
    (layer_rules.check_areas, {"src/misc/a.c": ""}, "area misc is unknown"),
    (layer_rules.check_areas, {"src/worker/a.c": '#include "dns/x.h"\n', **header("")}, ""),
    (layer_rules.check_doors, core("#include <yajl/yajl_parse.h>\n"), "outside its door"),
    (layer_rules.check_doors, {"src/ctl/a.c": "#include <sys/mman.h>\n"}, "outside its door"),
    (layer_rules.check_doors, {"src/supervisor/a.c": "#include <libconfig.h>\n"},
     "outside its door"),
    (layer_rules.check_doors, {"src/worker/answer.c": "#include <event2/event.h>\n"},
     "libevent in a core file"),
    (layer_rules.check_doors, {"src/worker/udp.c": "#include <event2/event.h>\n"}, ""),
    (layer_rules.check_doors, {"src/common/conf/parse.c": "#include <libconfig.h>\n"}, ""),
    (layer_rules.check_core, core("#include <sys/socket.h>\n"), "core file includes"),
    (layer_rules.check_core, {"src/worker/answer.c": '#include "snap/segment.h"\n',
                              "src/common/snap/segment.h": ""}, "shell header"),
    (layer_rules.check_core, {"src/worker/answer.c": '#include "base/clock.h"\n',
                              "src/common/base/clock.h": ""}, "shell header"),
    (layer_rules.check_core, core("#include <string.h>\n"), ""),
    (layer_rules.check_clock, core("void x(void)\n{\n\tx_set(clock_mono_ns());\n}\n"),
     "core file calls clock_mono_ns()"),
    (layer_rules.check_clock, core("/* clock_mono_ns() is for shells */\n"), ""),
    # comments, guards, names
    (code_rules.check_header_comment, {"src/common/dns/x.h": "#ifndef DNS_X_H\n"},
     "no purpose at the top"),
    (code_rules.check_header_comment, {"src/common/dns/x.h": "/*\n * y.h - else\n */\n"},
     "no purpose at the top"),
    (code_rules.check_header_comment, header(""), ""),
    (code_rules.check_docs, header("int x_f(int a);\n"), "x_f() has no comment"),
    (code_rules.check_docs, header("/* Far above. */\n\nint x_f(int a);\n"),
     "x_f() has no comment"),
    (code_rules.check_docs, header("static inline int x_f(void)\n{\n\treturn 0;\n}\n"),
     "x_f() has no comment"),
    (code_rules.check_docs, header("/* Says it. */\nint x_f(int a,\n\tint b);\nint x_g(void);\n"),
     ""),
    (code_rules.check_docs, header("TAILQ_HEAD(x_list, x);\n"), ""),
    (code_rules.check_docs, header("enum x_e { X_A };\nextern const int x_n;\n"), ""),
    (code_rules.check_guards, {"src/common/dns/x.h": "#ifndef X_H\n#define X_H\n#endif\n"},
     "include guard is not DNS_X_H"),
    (code_rules.check_guards, header(""), ""),
    (code_rules.check_used, header("/* . */\nint x_f(int a);\n"), "x_f() is defined nowhere"),
    (code_rules.check_used, {**header("/* . */\nint x_f(int a);\n"),
                             **core("int x_f(int a)\n{\n\treturn a;\n}\n")},
     "x_f() is used nowhere"),
    (code_rules.check_used, {**header("/* . */\nint x_f(int a);\n"),
                             **core("int x_f(int a)\n{\n\treturn a;\n}\n"),
                             "src/worker/a.c": "int b(void)\n{\n\treturn x_f(1);\n}\n"}, ""),
    (code_rules.check_prefixes, header("int y_f(int a);\n"), "does not begin with x_"),
    (code_rules.check_prefixes, header("void on_x_ready(int a);\nint x_f(void);\n"), ""),
    (code_rules.check_types, core("typedef struct x x;\n"), "typedef of a struct"),
    (code_rules.check_types, core("typedef int x_t;\n"), "a type named _t"),
    (code_rules.check_types, core("struct x_t { int a; };\n"), "a type named _t"),
    (code_rules.check_types, core("int shmdns_f(void);\n"), "project prefix"),
    (code_rules.check_types, core('const char *x = "shmdns_queries";\n'), ""),
    # sizes and shape
    (code_rules.check_budget, long_function(41), "median 41 lines"),
    (code_rules.check_budget, long_function(15), ""),
    (code_rules.check_function_length, long_function(81), "x_f() has 81 lines"),
    (code_rules.check_function_length, long_function(80), ""),
    (code_rules.check_file_length, core("\n" * 801), "801 lines"),
    (code_rules.check_file_length, core("\n" * 800), ""),
    (code_rules.check_columns, core("\t/* " + "a" * 80 + " */\n"), "94 columns"),
    (code_rules.check_columns, core("int a; \n"), "spaces at the end"),
    (code_rules.check_conditionals, core("#ifdef __linux__\n#endif\n"), "#ifdef outside base/"),
    (code_rules.check_conditionals, header(""), ""),
    (code_rules.check_conditionals, {"src/common/base/a.c": "#if 1\n#endif\n"}, ""),
    (code_rules.check_forbidden, core("void x(char *a)\n{\n\tstrcpy(a, a);\n}\n"),
     "strcpy() is not used here"),
    (code_rules.check_forbidden, core("void x(void)\n{\n\ta->gets(1);\n\tx.rand(2);\n}\n"), ""),
    (code_rules.check_forbidden, core("void x(void)\n{\n\tgetaddrinfo(0, 0, 0, 0);\n}\n"),
     "getaddrinfo() is not used here"),
    (code_rules.check_forbidden,
     {"tests/system/stub.c": "void x(void)\n{\n\tgetaddrinfo(0, 0, 0, 0);\n}\n"}, ""),
    # words and files
    (text_rules.check_words, core("/* see #" "12 */\n"), '"#12"'),
    (text_rules.check_words, {"README.md": "in the last ses" "sion\n"}, "session"),
    (text_rules.check_words, {"HACKING.md": "cd /wo" "rk/main\n"}, "no path of one machine"),
    (text_rules.check_words, core("/* TO" "DO */\n"), "do it, or describe"),
    (text_rules.check_words, core("/* see design.md */\n"), "name a document in doc/"),
    (text_rules.check_words, {"a.sh": "echo $# ${a#12} coredns#8043 sub/work\n"}, ""),
    (text_rules.check_lines_exist, {"doc/ARCHITECTURE.md": "`dns/x.c:x_f()`\n",
                                    **core("int x_g(void)\n{\n}\n")}, "no x_f() in"),
    (text_rules.check_lines_exist, {"doc/ARCHITECTURE.md": "`dns/y.c:x_f()`\n"}, "no file"),
    (text_rules.check_lines_exist, {"doc/ARCHITECTURE.md": "`dns/x.c:x_g()`\n",
                                    **core("int x_g(void)\n{\n}\n")}, ""),
    (text_rules.check_paths_exist, {"README.md": "`src/none/a.c`\n"}, "no src/none/a.c"),
    (text_rules.check_links, {"doc/A.md": "[b](B.md)\n"}, "no doc/B.md"),
    (text_rules.check_links, {"doc/A.md": "[b](../B.md#c)\n", "B.md": ""}, ""),
    (text_rules.check_listed, core(""), "in no Makefile.inc"),
    (text_rules.check_listed, {"Makefile.am": "a:\n\tmkdir -p src/common/dns\n", **core("")},
     "in no Makefile.inc"),
    (text_rules.check_listed, {"Makefile.am": "A = b \\\n\tsrc/common/dns/x.c\n", **core("")},
     ""),
    (text_rules.check_listed, {"Makefile.am": "A = src/common/dns/x.c\n", **core("")}, ""),
    (text_rules.check_rows, {"tests/scenario/a.scn": "ask x\n"}, "names no row"),
    (text_rules.check_rows, {"tests/scenario/a.scn": "# RS-01: a cluster IP\n"}, ""),
    (text_rules.check_rows_defined, {"doc/RULES.md": "| W-01 | x |\n",
                                     **core("/* W-02 */\n")}, "row W-02 is explained nowhere"),
    (text_rules.check_rows_defined, {"doc/RULES.md": "| W-01 | x |\n",
                                     **core("/* W-01, UTF-8 */\n")}, ""),
    (text_rules.check_rows_defined, {"doc/RULES.md": "| W-01 | x |\n", **rows_list("W-02 x"),
                                     **core("/* W-02 */\n")}, ""),
    (row_rules.check_rows_tested, rows_list("W-01 x"), "no test names W-01"),
    (row_rules.check_rows_tested, {**rows_list("W-01 x"), "tests/unit/a.c": "/* W-01 */"}, ""),
    (row_rules.check_rows_tested, {**rows_list("W-01 x"), "tests/fuzz/a.c": "/* W-01 */"},
     "no test names W-01"),
    (row_rules.check_rows_tested, {**rows_list("W-01 x"), **not_due_list("W-01")}, ""),
    (row_rules.check_rows_tested, {**rows_list("W-01 x"), **not_due_list("W-01", "W-02")},
     "W-02 is no row"),
    (row_rules.check_rows_tested, {**rows_list("W-01 x"), **not_due_list("W-01", "W-01")},
     "W-01 stands here twice"),
    (row_rules.check_rows_tested, {**rows_list("W-01 x", "W-01 y"), **not_due_list("W-01")},
     "W-01 stands here twice"),
    (row_rules.check_rows_tested, {**rows_list("W-01"), **not_due_list("W-01")}, "neither a row nor"),
    (text_rules.check_guarantees, {"doc/SNAPSHOT.md": "| G1 | `tests/a.c` |\n",
                                   "tests/a.c": "/* G11 */\n"}, "tests/a.c does not name G1"),
    (text_rules.check_guarantees, {"doc/SNAPSHOT.md": ""}, "no test for G10"),
    (text_rules.check_keys, {"src/common/conf/schema.c": '{"kubernetes.ttl", KEY_TTL},\n',
                             "doc/shmdns.conf.5": ".Dd\n"}, "key kubernetes.ttl is missing"),
    (text_rules.check_defaults, {"src/common/conf/schema.c": '{"any", K, WORDS("\\"on\\"", x)},\n',
                                 "doc/shmdns.conf.5": ".It Cm any No = Dq off\n"},
     "any is not Dq off by default"),
    (text_rules.check_defaults, {"src/common/conf/schema.c": '{"any", K, WORDS("\\"on\\"", x)},\n',
                                 "doc/shmdns.conf.5": ".It Cm any No = Do on Dc (start)\n"}, ""),
    (text_rules.check_options, {"src/ctl/a.c": '{"-p", "--port"}\n',
                                "doc/shmdnsctl.1": ".Fl x\n"}, "--port is not in the manual"),
    (text_rules.check_options, {"src/ctl/a.c": '{"-p", "--port"}\n',
                                "doc/shmdnsctl.1": ".It Fl p , Fl -port Ar n\n"}, ""),
)

MANUAL = ".Dd January 1, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n"


class Lint(unittest.TestCase):
    def test_cases(self):
        for check, files, want in CASES:
            with self.subTest(check=check.__name__, want=want, files=files):
                found = [f.what + " - " + f.mend for f in check(Tree(files))]
                if want:
                    self.assertTrue(any(want in f for f in found), found)
                else:
                    self.assertEqual(found, [])

    def test_every_check_has_a_case(self):
        with_case = {check for check, _, want in CASES if want}
        by_tools = {code_rules.check_format, text_rules.check_manuals}
        for check in (layer_rules.CHECKS + code_rules.CHECKS + text_rules.CHECKS
                      + row_rules.CHECKS):
            self.assertIn(check, with_case | by_tools, check.__name__)

    def test_findings_name_the_line(self):
        tree = Tree(core("int a;\n\nvoid x(char *a)\n{\n\tstrcpy(a, a);\n}\n"))
        self.assertEqual([f.line for f in code_rules.check_forbidden(tree)], [5])

    def test_functions(self):
        source = Source("START_TEST(one)\n{\n\ta();\n}\nEND_TEST\n\n"
                        "static const int t[] = {1, 2};\n\nint two(int a)\n{\n\treturn a;\n}\n")
        self.assertEqual([(f.name, f.last - f.first + 1) for f in source.functions],
                         [("one", 4), ("two", 4)])

    def test_manual_pages(self):
        text_rules.shutil.which("mandoc") or self.skipTest("mandoc is not installed")
        bad = Tree({"doc/x.1": MANUAL + ".Sh DESCRIPTION\n.Fo\n"})
        self.assertTrue(list(text_rules.check_manuals(bad)))
        good = Tree({"doc/x.1": MANUAL + ".Sh DESCRIPTION\nText.\n"})
        self.assertEqual(list(text_rules.check_manuals(good)), [])

    def test_format(self):
        program, why = code_rules.clang_format()
        program or self.skipTest(why)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        style = "--style=file"
        for text, clean in (("int a;\n", True), ("int  a ;\n", False)):
            run = code_rules.subprocess.run(
                [program, style, "--dry-run", "--assume-filename=src/x.c"], input=text,
                cwd=root, capture_output=True, text=True)
            self.assertEqual("clang-format" not in run.stderr, clean, run.stderr)


if __name__ == "__main__":
    unittest.main()
