"""The scripted upstream does what its scripts say: asked directly by dnspython (R-10)."""

import os
import ssl
import tempfile
import time
import unittest

import certs
import dns.exception
import dns.message
import dns.query

import upstream
from upstream import CLOSE, Later, Upstream, address_of


def ask(up, name, type_="A", how=dns.query.udp, **more):
    return how(dns.message.make_query(name, type_, use_edns=0), up.address, timeout=2,
               port=up.port, **more)


def addresses(reply):
    return [rr.to_text() for rrset in reply.answer for rr in rrset]


class Selftest(unittest.TestCase):
    def test_right(self):
        """every name has its addresses, over UDP and TCP"""
        with Upstream() as up:
            for how in (dns.query.udp, dns.query.tcp):
                for type_ in ("A", "AAAA"):
                    self.assertEqual(addresses(ask(up, "a.example.", type_, how)),
                                     [address_of("a.example.", type_)])
            self.assertEqual(ask(up, "A.example.", "TXT").answer, [])
            self.assertEqual(up.count("a.example.", "A"), 2)
            self.assertEqual(up.count("a.example.", "A", "tcp"), 1)
            self.assertEqual(up.count(), 5)

    def test_scripts(self):
        """in turn, late, closed, restarted on its port"""
        with Upstream() as up:
            up.on("one.test.", upstream.in_turn(upstream.silent, upstream.right))
            up.on("*.below.test.", lambda q: [Later(0.1, q.right()), q.nxdomain()])
            with self.assertRaises(dns.exception.Timeout):
                dns.query.udp(dns.message.make_query("one.test.", "A"), up.address, 0.2, up.port)
            self.assertEqual(addresses(ask(up, "one.test.")), [address_of("one.test.")])
            self.assertEqual(ask(up, "x.below.test.").rcode(), 3)
            up.on("closed.test.", lambda q: CLOSE)
            with self.assertRaises(EOFError):
                ask(up, "closed.test.", how=dns.query.tcp)
            up.stop()
            up.start()
            self.assertEqual(addresses(ask(up, "two.test.")), [address_of("two.test.")])

    def test_tls(self):
        """a certificate of the test's own CA"""
        with tempfile.TemporaryDirectory(prefix="shmdns-forward-") as directory:
            pair = certs.Authority(directory).issue("dot", "subjectAltName=DNS:dot.test")
            with Upstream(tls=pair) as up:
                context = ssl.create_default_context(cafile=os.path.join(directory, "ca.crt"))
                reply = dns.query.tls(dns.message.make_query("t.test.", "A"), up.address, 5,
                                      up.tls_port, ssl_context=context,
                                      server_hostname="dot.test")
                self.assertEqual(addresses(reply), [address_of("t.test.")])

    def test_fast(self):
        """20,000 questions one after the other"""
        with Upstream() as up:
            began = time.monotonic()
            query = dns.message.make_query("f.test.", "A").to_wire()
            import socket
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.connect((up.address, up.port))
                for _ in range(20000):
                    s.send(query)
                    s.recv(512)
            print(f"     {20000 / (time.monotonic() - began):.0f} a second")
            self.assertEqual(up.count(), 20000)
