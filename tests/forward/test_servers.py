"""Real upstreams: what we answer is what they answer, field by field (R-11, FP-05, FW-08, FW-20)."""

import os
import tempfile
import unittest

import certs
import dns.flags
import dns.rdatatype

from harness import await_
from lab import CAP_S, ForwardTest, group, parallel
from servers import ZONE, Knot, Unbound

SIGNATURES = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3}
QUESTIONS = [
    (ZONE, "SOA"), (ZONE, "NS"), (ZONE, "MX"), (ZONE, "TXT"), (ZONE, "CAA"), (ZONE, "A"),
    (ZONE, "DNSKEY"), ("www", "A"), ("www", "AAAA"), ("www", "MX"), ("WWW", "A"), ("alias", "A"),
    ("alias", "AAAA"), ("alias", "CNAME"), ("a1", "A"), ("a1", "TXT"), ("lost", "A"), ("out", "A"),
    ("none", "A"), ("none", "AAAA"), ("x.none", "TXT"), ("any.wild", "TXT"), ("wild", "TXT"),
    ("any.wild", "A"), ("below", "A"), ("ent.below", "A"), ("_sip._udp", "SRV"), ("web", "HTTPS"),
    ("x.sub", "A"), ("y.sub", "A"), ("sub", "DNAME"), ("type", "TYPE65280"), ("type", "TYPE65281"),
    ("naptr", "NAPTR"), ("many", "A"), ("big", "TXT"), ("www", "ANY"), ("none", "DS"),
]


def sets(section, keep=lambda rrset: True):
    return sorted((r.name.to_text().lower(), dns.rdatatype.to_text(r.rdtype),
                   dns.rdatatype.to_text(r.covers), sorted(rr.to_text() for rr in r))
                  for r in section if keep(r))


class Compared(ForwardTest):
    def compare(self, upstream, name, type_, do, tcp):
        """Our answer to a question is the upstream's, scrubbed (U-10)."""
        name = name if name.endswith(".") else f"{name}.{ZONE}"
        theirs = upstream.ask(name, type_, do=do, tcp=True)
        ours = self.a.query(name, type_, do=do, tcp=tcp).message
        what = (name, type_, "DO" if do else "", "TCP" if tcp else "UDP")
        self.assertEqual(ours.rcode(), theirs.rcode(), what)
        want = dns.flags.QR | dns.flags.RD | dns.flags.RA
        self.assertEqual(ours.flags & ~dns.flags.TC & ~15, want, what)
        self.assertEqual(ours.question[0].name.to_text(), name)
        if ours.flags & dns.flags.TC:
            self.assertFalse(tcp, what)
            self.assertGreater(len(theirs.to_wire()), 1232, what)
            got = {rr.to_text() for r in ours.answer for rr in r}
            self.assertTrue(got and got <= {rr.to_text() for r in theirs.answer for rr in r}, what)
            return "TC"
        signed = (lambda r: do or type_ == "ANY" or r.rdtype not in SIGNATURES)
        self.assertEqual(sets(ours.answer), sets(theirs.answer, signed), what)
        if any(r.rdtype == dns.rdatatype.SOA for r in theirs.authority):
            self.assertEqual(sets(ours.authority), sets(theirs.authority, lambda r: signed(r) and (
                r.rdtype in SIGNATURES or r.rdtype == dns.rdatatype.SOA)), what)
        self.assertEqual(ours.additional, [], what)
        for r in ours.answer + ours.authority:
            self.assertLessEqual(r.ttl, CAP_S, what)
        return "whole"

    def compare_all(self, upstream, but=()):
        kinds = []
        for do in (False, True):
            for tcp in (True, False):
                for name, type_ in (q for q in QUESTIONS if q[0] not in but):
                    kinds.append(self.compare(upstream, name, type_, do, tcp))
        self.assertGreater(kinds.count("TC"), 2)
        return len(kinds)


class Servers(Compared):
    def test_unbound(self):
        """R-11: Unbound in front of a signed zone: without and with DO, UDP and TCP"""
        knot = self.enter(Knot())
        unbound = self.enter(Unbound(knot))
        self.lab(group(unbound.at))
        print(f"     {self.compare_all(unbound)} answers compared")

    def test_knot(self):
        """R-11, FP-05: Knot itself: AA=1 and RA=0 of an upstream do not pass"""
        knot = self.enter(Knot())
        self.lab(group(knot.at))
        # It follows no CNAME out of its zone, and refuses the name behind it.
        print(f"     {self.compare_all(knot, but=('out',))} answers compared")

    def test_stopped(self):
        """FW-10, CA-15: Unbound is stopped and started under questions"""
        knot = self.enter(Knot())
        unbound = self.enter(Unbound(knot))
        self.lab(group(unbound.at, hedge=False), cache={"servfail_ttl": "1s"})
        self.compare(unbound, "www", "A", False, False)
        unbound.stop()
        replies = parallel(*[lambda i=i: self.a.query(f"n{i}.{ZONE}") for i in range(8)])
        self.assertEqual({r.rcode for r in replies}, {"SERVFAIL"})
        self.assertEqual(self.a.query(f"www.{ZONE}").rdatas, ["192.0.2.80"])  # cached
        unbound.start()
        await_("it answers", lambda: self.a.query(f"ent.below.{ZONE}").rcode == "NOERROR",
               every_s=0.1)


class ServersTls(Compared):
    """A DNS-over-TLS server of others, with a CA made here (FW-20)."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="shmdns-forward-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.ca = certs.Authority(self.directory)
        pair = self.ca.issue("dot", "subjectAltName=DNS:dot.far.example")
        self.knot = self.enter(Knot())
        self.unbound = self.enter(Unbound(self.knot, pair))

    def begin(self, name="dot.far.example", ca=None, **more):
        return self.lab(group(self.unbound.tls_at(name), tls={"ca": ca or self.ca.cert}), **more)

    def test_answers(self):
        """FW-20, R-11: everything over TLS"""
        self.begin()
        print(f"     {self.compare_all(self.unbound)} answers compared")

    def test_name(self):
        """FW-20, FP-06: its certificate is for another name"""
        self.begin("other.far.example")
        reply = self.a.query(f"www.{ZONE}")
        self.check_failed(reply)
        self.assertTrue(reply.ede_text)

    def test_authority(self):
        """FW-20: its certificate is of another CA"""
        other = certs.Authority(os.path.join(self.directory, "other"), "other CA")
        self.begin(ca=other.cert)
        self.check_failed(self.a.query(f"www.{ZONE}"))

    def test_restarted(self):
        """FW-19, FW-20: it is restarted; connections are made anew"""
        self.begin(cache={"servfail_ttl": "1s"})
        self.compare(self.unbound, "www", "A", False, False)
        for name in ("mail", "ns", "many"):
            self.unbound.stop()
            self.unbound.start()
            await_("an answer", lambda name=name: self.a.query(
                f"{name}.{ZONE}").rcode == "NOERROR", every_s=0.2)
            self.compare(self.unbound, name, "A", False, True)


if __name__ == "__main__":
    unittest.main()
