"""Which program links what, and imports what (R-28, LE-01, LC-01)."""

import os
import re
import subprocess
import unittest

import harness

# Sonames, without version, that a program needs at most; the C library may be in two parts.
LIBRARIES = {
    "shmdnsd": {"libc", "libconfig"},
    "shmdns-controller": {"libc", "libcurl", "libyajl", "libyaml", "libconfig", "libevent_core"},
    "shmdns-worker": {"libc", "libevent_core"},
    "shmdns-forwarder": {"libc", "libevent_core", "libssl", "libcrypto"},
    "shmdns-admin": {"libc", "libevent_core", "libmicrohttpd"},
    "shmdnsctl": {"libc", "libconfig"},
}
FORBIDDEN = re.compile(
    r"^(ev(http|dns|rpc|tag)_\w+|getaddrinfo|gethostby\w+|strcpy|strcat|sprintf|vsprintf|gets|"
    r"__(strcpy|strcat|sprintf|vsprintf)_chk|system|popen|rand|srand|random)$")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Linkage(unittest.TestCase):
    def setUp(self):
        harness.need("readelf", "nm")

    def each(self):
        for name in LIBRARIES:
            path = harness.program(name)
            if harness.sanitized(name):
                raise unittest.SkipTest("a build with sanitizers")
            yield name, path

    def test_libraries(self):
        """R-28, LC-01: each program needs the libraries of the table and no other"""
        for name, path in self.each():
            with self.subTest(name):
                needed = re.findall(r"NEEDED.*\[([\w.+-]+?)(?:-[\d.]+)?\.so[\d.]*\]",
                                    run("readelf", "-d", path))
                self.assertEqual(set(needed) - LIBRARIES[name] - {"ld-linux-x86-64",
                                 "ld-linux-aarch64"}, set())

    def test_imports(self):
        """R-28, LE-02: no program imports a function that is forbidden"""
        for name, path in self.each():
            with self.subTest(name):
                imports = [line.split()[-1].split("@")[0]
                           for line in run("nm", "-D", "--undefined-only", path).splitlines()]
                self.assertGreater(len(imports), 10)
                self.assertEqual([i for i in imports if FORBIDDEN.match(i)], [])

    def test_hardening(self):
        """R-28: position independent, full RELRO, bound at start, no executable stack"""
        for name, path in self.each():
            with self.subTest(name):
                head, dynamic = run("readelf", "-hW", path), run("readelf", "-dW", path)
                segments = run("readelf", "-lW", path)
                self.assertRegex(head, r"Type:\s+DYN")
                self.assertRegex(dynamic, r"FLAGS_1.*PIE")
                self.assertRegex(dynamic, r"BIND_NOW|FLAGS_1.*NOW")
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK\s.*\sRW\s")
                self.assertNotRegex(segments, r"LOAD\s.*\sRWE\s")

    def test_stack_protector(self):
        """R-28: programs that handle input are built with the stack protector"""
        for name, path in self.each():
            with self.subTest(name):
                self.assertIn("__stack_chk_fail", run("nm", "-D", "--undefined-only", path))
