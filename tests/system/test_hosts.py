"""The file of `hosts`: what it says, and what becomes of it as it changes (HO rows)."""

import json
import os
import signal
import unittest

import dns.flags

import harness
from harness import await_

SVC = "svc-000.shop.svc.cluster.local."


class Hosts(unittest.TestCase):
    def appliance(self, content=None, keys='reload = "1s";', **options):
        a = harness.Appliance(harness.cluster(1), **options)
        a.hosts = os.path.join(a.directory, "hosts")
        self.configure(a, keys)
        if content is not None:
            harness.write_whole(a.hosts, content)
        return a

    def configure(self, a, keys):
        a.extra = f'hosts = {{ file = "{a.hosts}"; {keys} }};'
        a.write_config()

    def has(self, a, name, *addresses):
        """The name has these addresses, sooner or later."""
        a.await_outcome(name, "A", "NOERROR", sorted(addresses))

    def test_file(self):
        """HO-01, HO-02: names and their PTRs; an edit, no file, a file again"""
        with self.appliance("10.9.0.1 a.example.com b.example.com\n"
                            "fd00::9%eth0 a.example.com # six\n") as a:
            reply = a.ask("a.example.com.", "A")
            self.assertTrue(reply.flags & dns.flags.AA)
            self.assertEqual(reply.answer[0].ttl, 3600)
            self.assertEqual(harness.rdatas(reply), ["10.9.0.1"])
            self.assertEqual(a.outcome("a.example.com.", "AAAA"), ("NOERROR", ["fd00::9"]))
            self.assertEqual(a.outcome("1.0.9.10.in-addr.arpa.", "PTR"),
                             ("NOERROR", ["a.example.com.", "b.example.com."]))
            reply = a.ask("b.example.com.", "AAAA")
            self.assertEqual(reply.authority[0].to_text().split(" ")[:4],
                             ["example.com.", "30", "IN", "SOA"])
            harness.write_whole(a.hosts, "10.9.0.2 a.example.com\n")
            self.has(a, "a.example.com.", "10.9.0.2")
            self.assertEqual(a.outcome("b.example.com.", "A")[0], "REFUSED")
            os.unlink(a.hosts)
            a.await_log("hosts .*: No such file or directory; .* its former names stand")
            self.has(a, "a.example.com.", "10.9.0.2")
            harness.write_whole(a.hosts, "10.9.0.3 a.example.com\n")
            self.has(a, "a.example.com.", "10.9.0.3")
            self.assertEqual(a.outcome(SVC, "A")[0], "NOERROR")

    def test_absent(self):
        """HO-01: no file at the start"""
        with self.appliance() as a:
            a.await_log("hosts .*: No such file or directory; .* it has no names")
            self.assertEqual(a.outcome("a.example.com.", "A")[0], "REFUSED")
            harness.write_whole(a.hosts, "10.9.0.3 a.example.com\n")
            self.has(a, "a.example.com.", "10.9.0.3")

    def test_bad_lines(self):
        """HO-05: each is named with file and line, the rest stands"""
        with self.appliance("10.9.0.1 a.example.com\nb.example.com 10.9.0.2\n"
                            "10.9.0.3\n10.9.0.4 c..d e.example.com\n"
                            "10.9.0.5 f.example.com\n") as a:
            self.has(a, "a.example.com.", "10.9.0.1")
            self.has(a, "f.example.com.", "10.9.0.5")
            self.assertEqual(a.outcome("e.example.com.", "A")[0], "REFUSED")
            for line, why in ((2, '"b.example.com" is no IP address'),
                              (3, '"10.9.0.3" has no name behind it'),
                              (4, r'"c\.\.d" is no domain name')):
                a.await_log(f"hosts {a.hosts}:{line}: {why}; the line is skipped")

    def test_many(self):
        """HO-01: 10,000 lines; a change publishes what changed"""
        lines = [f"10.{9 + i // 65536}.{i // 256 % 256}.{i % 256} h{i}.example.com\n"
                 for i in range(10000)]
        with self.appliance("".join(lines)) as a:
            a.await_log("hosts read .* records=20000")
            self.has(a, "h0.example.com.", "10.9.0.0")
            self.has(a, "h9999.example.com.", "10.9.39.15")
            self.assertEqual(a.outcome("15.39.9.10.in-addr.arpa.", "PTR"),
                             ("NOERROR", ["h9999.example.com."]))
            lines[5000] = "10.9.39.200 h5000.example.com\n"
            harness.write_whole(a.hosts, "".join(lines))
            self.has(a, "h5000.example.com.", "10.9.39.200")
            a.await_log(r"published .* added=1 changed=1 removed=1 .*")
            # What is as it was is no generation, in whatever order it stands.
            generation = a.status()["generation"]
            harness.write_whole(a.hosts, "".join(reversed(lines)))
            await_("it is read", lambda: len(a.log_lines("records=20000")) == 3)
            self.assertEqual(a.status()["generation"], generation)

    def test_reload(self):
        """HO-01, HO-04: a reload brings other lines, closes zones, and takes all away"""
        with self.appliance("10.9.0.1 a.example.com\n") as a:
            self.has(a, "a.example.com.", "10.9.0.1")
            pids = a.worker_pids
            self.configure(a, 'inline = [ "10.9.0.2 b.example.com a.example.com" ]; '
                              'zones = [ "example.com" ]; fallthrough = false;')
            os.kill(a.pid, signal.SIGHUP)
            self.has(a, "a.example.com.", "10.9.0.1", "10.9.0.2")
            self.has(a, "b.example.com.", "10.9.0.2")
            reply = a.ask("x.example.com.", "A")
            self.assertEqual(harness.outcome(reply)[0], "NXDOMAIN")
            self.assertEqual(reply.authority[0].name.to_text(), "example.com.")
            a.extra = ""
            a.write_config()
            os.kill(a.pid, signal.SIGHUP)
            a.await_outcome("a.example.com.", "A", "REFUSED")
            self.assertEqual(a.worker_pids, pids, "a worker died")

    def test_refused(self):
        """HO-05: a line of the configuration that is wrong is an error of it"""
        a = self.appliance(keys='inline = [ "10.9.0.2", "a b" ]; ')
        code, out, err = a.ctl("check", a.config)
        self.assertEqual(code, 1)
        self.assertIn('"10.9.0.2" has no name behind it', out + err)
        self.assertIn('"a" is no IP address', out + err)

