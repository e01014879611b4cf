"""Addresses of our networks in what others say (AC-09)."""

import signal
import unittest

from harness import await_, object_list
from lab import SERVICE, ForwardTest, group
from test_path import external
from upstream import records

PUBLIC, PRIVATE, MAPPED = "198.51.100.1", "10.96.7.7", "::ffff:10.96.7.7"
SIGNED = "A 8 3 60 20380119031407 20200101000000 1 far.example. AAAA"
GUARD = {"private_addresses": {"nets": ["10.0.0.0/8", "fd00::/8"], "except": ["corp.example"]}}
FILTERED = 17
TEXT = "private addresses are left out"


def answer(*items):
    return records(*(("", 60, *item) for item in items))


class Private(ForwardTest):
    def setUp(self):
        self.u = self.up()

    def check(self, name, type_, expected, filtered=True, **more):
        """Over UDP and TCP, from upstream and from the cache."""
        for tcp in False, True:
            reply = self.a.query(name, type_, tcp=tcp, **more)
            self.assertEqual(reply.outcome, ("NOERROR", sorted(expected)), (name, reply))
            self.assertEqual((reply.ede, reply.ede_text),
                             (FILTERED, TEXT) if filtered else (None, ""), (name, reply))
        return reply

    def test_left_out(self):
        """AC-09: private addresses go, others stay; nothing is left: no address"""
        self.lab(group(self.u), **GUARD)
        self.u.on("mixed.far.example.", answer(("A", PUBLIC), ("A", PRIVATE), ("A", "10.0.0.1")))
        self.check("mixed.far.example.", "A", [PUBLIC])
        self.u.on("all.far.example.", answer(("A", PRIVATE)))
        self.check("all.far.example.", "A", [])
        self.u.on("six.far.example.", answer(("AAAA", MAPPED), ("AAAA", "fd00::1"),
                                             ("AAAA", "2001:db8::1")))
        self.check("six.far.example.", "AAAA", ["2001:db8::1"])
        self.u.on("fine.far.example.", answer(("A", PUBLIC), ("A", "11.0.0.1")))
        self.check("fine.far.example.", "A", [PUBLIC, "11.0.0.1"], filtered=False)
        self.check_ours()  # 10.96.1.1 is our own to give

    def test_hints(self):
        """AC-09: a service binding with a private hint goes"""
        self.lab(group(self.u), **GUARD)
        hint = f'1 . alpn="h2" ipv4hint="{PUBLIC},{PRIVATE}"'
        self.u.on("svc.far.example.", answer(
            ("HTTPS", hint), ("HTTPS", f'2 . ipv4hint="{PUBLIC}"')))
        self.check("svc.far.example.", "HTTPS", [f'2 . ipv4hint="{PUBLIC}"'])

    def test_signatures(self):
        """AC-09: with an address its RRset's signature and AD go"""
        self.lab(group(self.u, trust_ad=True), **GUARD)
        both = answer(("A", PUBLIC), ("A", PRIVATE), ("RRSIG", SIGNED))
        self.u.on("sig.far.example.", lambda query: both(query))
        reply = self.check("sig.far.example.", "A", [PUBLIC], do=True)
        self.assertEqual(reply.types(), ["A"])
        self.u.on("whole.far.example.", answer(("A", PUBLIC), ("RRSIG", SIGNED)))
        reply = self.a.query("whole.far.example.", do=True)
        self.assertEqual(sorted(reply.types()), ["A", "RRSIG"])

    def test_chain(self):
        """AC-09: behind CNAMEs of theirs and of ours; CNAMEs stay"""
        self.lab(group(self.u), **GUARD)
        self.u.on("www.far.example.", records(
            ("", 60, "CNAME", "b.far.example."), ("b.far.example.", 60, "A", PRIVATE),
            ("b.far.example.", 60, "A", PUBLIC)))
        self.check("www.far.example.", "A", ["b.far.example.", PUBLIC])
        self.u.on("all.far.example.", answer(("A", PRIVATE)))
        self.a.put("ext.json", object_list(external("ext", "all.far.example")))
        name = "ext.shop.svc.cluster.local."
        await_("the name", lambda: self.a.query(name).rcode == "NOERROR")
        self.check(name, "A", ["all.far.example."])

    def test_except(self):
        """AC-09: names that may have them, and those below; not those beside them"""
        self.lab(group(self.u), **GUARD)
        for name in "corp.example.", "a.b.corp.example.":
            self.u.on(name, answer(("A", PRIVATE)))
            self.check(name, "A", [PRIVATE], filtered=False)
        self.u.on("notcorp.example.", answer(("A", PRIVATE)))
        self.check("notcorp.example.", "A", [])

    def test_reload(self):
        """AC-09: what is in the cache already is guarded at once, and set free again"""
        self.lab(group(self.u))
        self.u.on("late.far.example.", answer(("A", PRIVATE), ("A", PUBLIC)))
        self.check("late.far.example.", "A", [PRIVATE, PUBLIC], filtered=False)
        for settings, expected in (GUARD, [PUBLIC]), ({}, [PRIVATE, PUBLIC]):
            self.a.settings = {"forward": self.a.settings["forward"], **settings}
            self.a.write_config()
            self.a.process.send_signal(signal.SIGHUP)
            await_("the reload", lambda: all(
                self.a.query("late.far.example.").rdatas == sorted(expected) for _ in range(16)))
        self.assertIn(self.u.count("late.far.example."), (1, 2))  # hedged

    def test_order(self):
        """AC-09, LD-03: where addresses are put in order, too"""
        self.lab(group(self.u), extra='loadbalance = { prefer = [ "198.51.100.0/24" ]; };', **GUARD)
        self.u.on("mixed.far.example.", answer(*(("A", a) for a in (
            "203.0.113.1", PRIVATE, PUBLIC, "10.0.0.1"))))
        for _ in range(4):
            reply = self.check("mixed.far.example.", "A", [PUBLIC, "203.0.113.1"])
            self.assertEqual(reply.message.answer[0][0].to_text(), PUBLIC)
        self.u.on("all.far.example.", answer(("A", PRIVATE), ("A", "10.0.0.1")))
        self.check("all.far.example.", "A", [])
        self.assertEqual(self.a.query(*SERVICE).rdatas, ["10.96.1.1"])


if __name__ == "__main__":
    unittest.main()
