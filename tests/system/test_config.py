"""shmdnsctl config: what is set, where, and how it differs (OV-11, OP-03, OP-21)."""

import json
import os
import subprocess
import tempfile
import unittest

import harness

MAIN = """workers = 2;
kubernetes = { source = "files"; path = "objects";
  ttl = "1m"; };
forward = ( { from = "."; to = [ "10.0.0.1" ]; tls = { ca = "ca.pem"; };
  transport = "tls"; } );
@include "more.inc"
"""
MORE = ('log = { level = "debug"; };\nbootstrap = [ "10.0.0.2" ];\n'
        'errors = { consolidate = ( { window = "10s"; match = "x"; } ); };\n')
PART = 'workers = 3; bootstrap = [ "10.0.0.3" ];\n'


def config(*arguments):
    done = subprocess.run([harness.program("shmdnsctl"), "config", *arguments],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Files(unittest.TestCase):
    def setUp(self):
        d = tempfile.TemporaryDirectory()
        self.addCleanup(d.cleanup)
        self.directory = d.name
        self.main = self.put("shmdns.conf", MAIN)
        self.put("more.inc", MORE)
        os.mkdir(os.path.join(d.name, "conf.d"))
        self.part = self.put("conf.d/10-a.conf", PART)

    def put(self, name, text):
        path = os.path.join(self.directory, name)
        harness.write_whole(path, text)
        return path

    def test_show(self):
        """OV-11: what is shown can be read again and means the same, with defaults too"""
        for options in ([], ["--defaults"], ["--origin"], ["--defaults", "--origin"]):
            code, out, err = config("show", self.main, *options)
            self.assertEqual((code, err), (0, ""))
            self.assertEqual("#any_query" in out, "--defaults" in options)
            copy = self.put("copy", out)
            os.rename(self.part, self.part + "~")  # or it would be joined once more
            code, out, _ = config("diff", copy, copy)
            self.assertEqual(code, 0, out)
            os.rename(self.part + "~", self.part)
            sets = config("show", copy, "-o", "json")[1]
            want = config("show", self.main, "-o", "json")[1]
            only = [s for s in json.loads(sets)["settings"] if s["path"] != "bootstrap"]
            self.assertEqual(only, [s for s in json.loads(want)["settings"]
                                    if s["path"] != "bootstrap"])

    def test_origin(self):
        """OV-11: file, line and column of each key, in conf.d and included files as well"""
        code, out, _ = config("show", self.main, "--origin", "-o", "json")
        self.assertEqual(code, 0)
        document = json.loads(out)
        self.assertEqual(document["version"], 1)
        at = {s["path"]: [(os.path.relpath(o["file"], self.directory), o["line"], o["column"])
                          for o in s["origin"]] for s in document["settings"]}
        self.assertEqual(at, {
            "workers": [("conf.d/10-a.conf", 1, 11)],
            "kubernetes.source": [("shmdns.conf", 2, 25)],
            "kubernetes.path": [("shmdns.conf", 2, 41)],
            "kubernetes.ttl": [("shmdns.conf", 3, 9)],
            "forward[0].from": [("shmdns.conf", 4, 22)],
            "forward[0].to": [("shmdns.conf", 4, 32)],
            "forward[0].transport": [("shmdns.conf", 5, 15)],
            "forward[0].tls.ca": [("shmdns.conf", 4, 61)],
            "bootstrap": [("more.inc", 2, 15), ("conf.d/10-a.conf", 1, 28)],
            "errors.consolidate[0].window": [("more.inc", 3, 39)],
            "errors.consolidate[0].match": [("more.inc", 3, 54)],
            "log.level": [("more.inc", 1, 17)],
        })
        values = {s["path"]: s["value"] for s in document["settings"]}
        self.assertEqual((values["workers"], values["kubernetes.ttl"]), (3, 60))
        self.assertEqual(values["bootstrap"], ["10.0.0.2", "10.0.0.3"])
        self.assertEqual(values["kubernetes.path"], os.path.join(self.directory, "objects"))
        code, out, _ = config("show", self.main, "--origin", "--defaults", "-o", "wide")
        self.assertIn("\nany_query = \"normal\"  # default\n", out)
        self.assertIn(f"workers = 3  # {self.part}:1:11\n", out)

    def test_get(self):
        """OV-11, OP-04: one value as scripts want it, or those of a group; a typing error"""
        for path, want in (("kubernetes.ttl", "60\n"), ("kubernetes.negative_ttl", "60\n"),
                           ("bootstrap", "10.0.0.2\n10.0.0.3\n"), ("run_dir", "/run/shmdns\n"),
                           ("forward[0].tls.ca", f"{self.directory}/ca.pem\n"),
                           ("chaos", 'chaos.enabled = false\nchaos.version = ""\n')):
            self.assertEqual(config("get", path, "-c", self.main), (0, want, ""), path)
        code, out, err = config("get", "kubernetes.negativ_ttl", "-c", self.main)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("did you mean kubernetes.negative_ttl?", err)
        out = config("get", "workers", "-c", self.main, "-o", "json")[1]
        self.assertEqual([s["value"] for s in json.loads(out)["settings"]], [3])

    def test_diff(self):
        """OV-11, OP-04: from the defaults, and between two files"""
        code, out, err = config("diff", "-c", self.main)
        self.assertEqual((code, err), (1, ""))
        self.assertIn('- workers = "auto"\n+ workers = 3\n', out)
        self.assertIn('- forward["."].to = [ "/etc/resolv.conf" ]\n'
                      '+ forward["."].to = [ "10.0.0.1" ]\n', out)
        empty = self.put("empty", "")
        os.rename(self.part, self.part + "~")
        self.assertEqual(config("diff", empty), (0, "0 differences\n", ""))
        other = self.put("other", 'instance = "blue";\n')
        self.assertEqual(config("diff", empty, other), (1, (
            '- instance = "default"\n+ instance = "blue"\n'
            "  (instance takes effect at the next start)\n"
            "1 difference, some need a restart\n"), ""))
        document = json.loads(config("diff", empty, other, "-o", "json")[1])
        self.assertEqual(document, {"version": 1, "differences": [{
            "path": "instance", "before": "default", "after": "blue", "reloadable": False}]})

    def test_faults(self):
        """OP-04: errors are shown and are 1, a file that is not there 3, wrong words 2"""
        bad = self.put("bad", "wrokers = 1;\n")
        code, out, err = config("show", bad)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("did you mean workers?", err)
        self.assertEqual(config("show", self.main + ".none")[0], 3)
        self.assertEqual(config("diff", "--running", "-c", self.main)[0], 3)
        for words in ([], ["nope"], ["get"], ["schema", "x"], ["show", "a", "b"],
                      ["diff", "a", "b", "c"]):
            self.assertEqual(config(*words)[0], 2, words)

    def test_schema(self):
        """OP-21: every key of the packaged file is in the schema, and nothing else"""
        code, out, _ = config("schema")
        self.assertEqual(code, 0)
        schema = json.loads(out)
        self.assertEqual(schema["version"], 1)

        def paths(node, at):
            if node.get("type") == "object":
                for key, inner in node["properties"].items():
                    yield from paths(inner, f"{at}.{key}" if at else key)
                return
            yield at
            if "properties" in node.get("items", ()):
                yield from paths(node["items"], at + "[]")

        code, out, _ = config("show", self.main, "--defaults", "-o", "json")
        shown = {s["path"].replace("[0]", "[]").replace("[1]", "[]")
                 for s in json.loads(out)["settings"]}
        filled = {p.split("[]")[0] for p in shown if "[]" in p}  # lists that have a group
        keys = {p for p in paths(schema, "") if "[]" not in p or p.split("[]")[0] in filled}
        self.assertEqual(keys - shown - filled, set())
        self.assertEqual(shown - keys, set())
        self.assertEqual(schema["properties"]["forward"]["items"]["required"], ["from", "to"])
        self.assertEqual(schema["properties"]["log"]["properties"]["level"]["enum"],
                         ["error", "warning", "info", "debug"])


class Running(unittest.TestCase):
    def test_running(self):
        """OV-11, OP-26: what runs, and how the file differs from it"""
        with harness.Appliance(harness.object_list(), workers=1) as a:
            words = ("--running", "-c", a.config)
            self.assertEqual(config("diff", *words), (0, "0 differences\n", ""))
            a.workers = 2
            a.write_config()
            code, out, _ = config("diff", *words)
            self.assertEqual((code, out.splitlines()[:2]), (1, ["- workers = 1", "+ workers = 2"]))
            by_name = config("diff", "--running", "-i", a.instance)  # the file that it runs from
            self.assertEqual(by_name, (1, out, ""))
            code, out, _ = config("get", "workers", *words)
            self.assertEqual((code, out), (0, "1\n"))


if __name__ == "__main__":
    unittest.main()
