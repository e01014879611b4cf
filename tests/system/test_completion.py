"""shmdnsctl completion: scripts for shells, as the shells take them (OV-20)."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness


def ctl(*arguments):
    done = subprocess.run([harness.program("shmdnsctl"), *arguments], capture_output=True,
                          text=True, timeout=60)
    return done.stdout


VERBS = [line.split()[0] for line in ctl("help").splitlines() if line.startswith("  ")]

ASK = """source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_shmdnsctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need("bash")
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.script = os.path.join(cls.directory.name, "script")
        harness.write_whole(cls.script, ctl("completion", "bash"))
        harness.write_whole(os.path.join(cls.directory.name, "a.conf"), "")

    def complete(self, *words):
        done = subprocess.run(["bash", "--norc", "-c", ASK, "bash", self.script, "shmdnsctl",
                               *words], capture_output=True, text=True, timeout=60,
                              cwd=self.directory.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout.split()

    def test_words(self):
        """OV-20: verbs, options, their values, arguments, files and keys"""
        self.assertEqual(self.complete(""), VERBS + ["help"])
        self.assertEqual(self.complete("up"), ["upstreams"])
        for words, want in (
                (["completion", ""], ["bash", "zsh", "fish"]),
                (["status", "-o", "j"], ["json"]),
                (["status", "--output", "=", "w"], ["wide"]),
                (["status", "--output", "="], ["table", "wide", "json"]),
                (["status", "--al"], ["--alive"]),
                (["status", ""], []),
                (["status", "-i", "-"], []),
                (["check", "a"], ["a.conf"]),
                (["check", "-c", ""], ["a.conf", "script"]),
                (["query", "-s", ""], []),
                (["query", "web.shop", "AA"], ["AAAA"]),
                (["query", "web.shop", "+"], ["+short"]),
                (["config", ""], ["show", "get", "schema", "diff"]),
                (["config", "s"], ["show", "schema"]),
                (["config", "-o", "json", "d"], ["diff"]),
                (["config", "diff", ""], ["a.conf", "script"]),
                (["config", "show", "--origin", "a"], ["a.conf"]),
                (["config", "get", "kubernetes.neg"], ["kubernetes.negative_ttl"])):
            self.assertEqual(sorted(self.complete(*words)), sorted(want), words)

    def test_each_option(self):
        """OV-20: whatever the help of a verb tells of is completed"""
        for verb in VERBS:
            told = set(re.findall(r"^ +(?:-\w, )? *(--[a-z-]+)", ctl(verb, "--help"), re.M))
            self.assertIn("--output", told)
            self.assertEqual(told - set(self.complete(verb, "-")), set(), verb)


class Others(unittest.TestCase):
    def test_syntax(self):
        """OV-20: zsh and fish, where they are installed, have nothing against theirs"""
        shells = [s for s in ("zsh", "fish") if shutil.which(s)]
        if not shells:
            self.skipTest("neither zsh nor fish is here")
        for shell in shells:
            done = subprocess.run([shell, "-n", "/dev/stdin"], input=ctl("completion", shell),
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_fish(self):
        """OV-20: sub-verbs lead, files stand behind them, in a fish that completes"""
        harness.need("fish")
        with tempfile.TemporaryDirectory() as directory:
            script = os.path.join(directory, "script")
            harness.write_whole(script, ctl("completion", "fish"))
            for line, want in (("config ", {"show", "get", "schema", "diff"}),
                               ("config diff ", {"script"}),
                               ("config get kubernetes.neg", {"kubernetes.negative_ttl"}),
                               ("completion ", {"bash", "zsh", "fish"})):
                done = subprocess.run(
                    ["fish", "-N", "-c", 'source script; complete -C "$argv"',
                     "shmdnsctl " + line], capture_output=True, text=True, timeout=60,
                    cwd=directory, env={**os.environ, "HOME": directory})
                self.assertEqual((done.returncode, done.stderr), (0, ""), line)
                self.assertEqual({w.split("\t")[0] for w in done.stdout.splitlines()},
                                 want, line)

    def test_complete(self):
        """OV-20: each verb and each of its options stands in both"""
        for shell in ("zsh", "fish"):
            out = ctl("completion", shell)
            for verb in VERBS:
                self.assertIn(verb, out)
            for option in ("alive", "below", "origin", "headless"):
                self.assertRegex(out, rf"(--|-l ){option}\b")


if __name__ == "__main__":
    unittest.main()
