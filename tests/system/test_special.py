"""NSID, class CH and special names of a running appliance (E-11, W-24, N-01, N-02)."""

import socket
import unittest

import dns.edns
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

    def test_names(self):
        """N-01, N-02, W-24: localhost, its PTR, version.bind"""
        with harness.Appliance(harness.cluster(1), extra=EXTRA) as a:
            self.assertEqual(a.outcome("localhost.", "A"), ("NOERROR", ["127.0.0.1"]))
            self.assertEqual(a.outcome("1.0.0.127.in-addr.arpa.", "PTR"),
                             ("NOERROR", ["localhost."]))
            query = dns.message.make_query("version.bind.", "TXT", "CH")
            reply = dns.query.udp(query, "127.0.0.1", 2, a.port)
            self.assertEqual(reply.answer[0][0].to_text(), '"v1"')
