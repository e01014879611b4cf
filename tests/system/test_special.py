"""NSID, class CH, special names and flags of a running appliance (E-11, W-24, N-01, N-02, SM-09)."""

import signal
import socket
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.query

import harness

EXTRA = 'nsid = "hostname"; chaos = { enabled = true; version = "v1"; };'


def nsids(reply):
    return [o.data for o in reply.options if o.otype == dns.edns.NSID]


class Special(unittest.TestCase):
    def ask(self, appliance, options):
        query = dns.message.make_query("svc-000.shop.svc.cluster.local.", "A",
                                       use_edns=0, options=options)
        return dns.query.udp(query, "127.0.0.1", 2, appliance.port)

    def test_nsid(self):
        """E-11, SM-06: an NSID once, only if it was asked for, whatever it carried"""
        empty = dns.edns.GenericOption(dns.edns.NSID, b"")
        filled = dns.edns.GenericOption(dns.edns.NSID, b"theirs")
        ours = socket.gethostname().encode()[:64]
        with harness.Appliance(harness.cluster(1), extra=EXTRA) as a:
            for options, expected in (([], []), ([empty], [ours]), ([filled], [ours]),
                                      ([empty, filled], [ours])):
                with self.subTest(options=options):
                    self.assertEqual(nsids(self.ask(a, options)), expected)

    def test_nsid_is_off(self):
        """E-11: without the setting nobody gets one"""
        with harness.Appliance(harness.cluster(1)) as a:
            asked = self.ask(a, [dns.edns.GenericOption(dns.edns.NSID, b"")])
            self.assertEqual(nsids(asked), [])

    def flags(self, a, name="svc-000.shop.svc.cluster.local.", tcp=False, flags=dns.flags.RD):
        query = dns.message.make_query(name, "A", flags=flags)
        reply = (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", 2, a.port)
        return dns.flags.to_text(reply.flags)

    def test_header(self):
        """SM-09: flags of answers as the operator wants them; a reload takes that back"""
        extra = 'header = { response_set = [ "ra" ]; response_clear = [ "aa", "rd" ]; };'
        missing = "missing.shop.svc.cluster.local."
        with harness.Appliance(harness.cluster(1), extra=extra) as a:
            for tcp in False, True:
                self.assertEqual(self.flags(a, tcp=tcp), "QR RA")
                self.assertEqual(self.flags(a, missing, tcp), "QR RA")
            a.extra = 'header = { query_clear = [ "rd" ]; };'
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            harness.await_("the flags of a reload", lambda: self.flags(a) == "QR AA")
            self.assertEqual(self.flags(a, missing), "QR AA")
            a.extra = ""
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            harness.await_("the flags that are right", lambda: self.flags(a) == "QR AA RD")
            self.assertEqual(self.flags(a, flags=0), "QR AA")

    def test_minimal(self):
        """SM-10: no address beside an SRV or NS record that was asked for; denials have their SOA"""
        srv = "_http._tcp.svc-000.shop.svc.cluster.local."
        with harness.Appliance(harness.cluster(1)) as a:
            whole = {q: a.ask(*q) for q in ((srv, "SRV"), ("cluster.local.", "NS"))}
            self.assertTrue(all(reply.additional for reply in whole.values()))
            a.extra = "minimal_responses = true;"
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            harness.await_("minimal answers", lambda: not a.ask(srv, "SRV").additional)
            for (name, type_), reply in whole.items():
                minimal = a.ask(name, type_)
                self.assertEqual((minimal.answer, minimal.authority, minimal.additional),
                                 (reply.answer, [], []))
            self.assertEqual(len(a.ask("no." + srv, "SRV").authority), 1)

    def test_names(self):
        """N-01, N-02, W-24: localhost, its PTR, version.bind"""
        with harness.Appliance(harness.cluster(1), extra=EXTRA) as a:
            self.assertEqual(a.outcome("localhost.", "A"), ("NOERROR", ["127.0.0.1"]))
            self.assertEqual(a.outcome("1.0.0.127.in-addr.arpa.", "PTR"),
                             ("NOERROR", ["localhost."]))
            query = dns.message.make_query("version.bind.", "TXT", "CH")
            reply = dns.query.udp(query, "127.0.0.1", 2, a.port)
            self.assertEqual(reply.answer[0][0].to_text(), '"v1"')
