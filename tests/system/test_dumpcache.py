"""What caches hold: `shmdnsctl dump cache` (OV-06, OP-06), and without memory (SH-02)."""

import json
import os
import socket
import threading
import unittest

import dns.message
import dns.rcode
import dns.rrset

import harness
from test_shm import sized


class Upstream:
    """Answers by the first label: a (an address), alias, nodata, zero (TTL), failed, else no."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            octets, peer = self.socket.recvfrom(4096)
            if not octets:
                return
            self.socket.sendto(self.reply(dns.message.from_wire(octets)).to_wire(), peer)

    def reply(self, query):
        reply = dns.message.make_response(query, recursion_available=True)
        name = query.question[0].name
        word = name.to_text().lower().split(".")[0]
        rrset = dns.rrset.from_text
        if word in ("a", "zero"):
            reply.answer = [rrset(name, 0 if word == "zero" else 25, "IN", "A",
                                  "192.0.2.1", "192.0.2.2")]
        elif word == "alias":
            reply.answer = [rrset(name, 25, "IN", "CNAME", "a.there.example."),
                            rrset("a.there.example.", 20, "IN", "A", "192.0.2.3")]
        elif word == "failed":
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            reply.set_rcode(dns.rcode.NOERROR if word == "nodata" else dns.rcode.NXDOMAIN)
            reply.authority = [rrset("example.", 15, "IN", "SOA",
                                     "ns.example. host.example. 1 2 3 4 15")]
        return reply


class DumpCache(unittest.TestCase):
    def test_dump(self):
        """Each kind of outcome, by name, as text and as JSON; read-only after all have died"""
        with Upstream() as upstream:
            forward = f'( {{ from = "."; to = [ "127.0.0.1:{upstream.port}" ]; }} )'
            with harness.Appliance(harness.cluster(1), forward=forward) as a:
                for word in ("a", "zero", "alias", "nodata", "failed", "missing"):
                    a.ask(f"{word}.example.", "A")
                self.look(a)
                a.kill()
                self.look(a)
                a.start()  # cleans up

    def look(self, a):
        code, out, err = a.ctl("dump", "cache", "-i", a.instance)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^; a\.example\. A answer, \d+ s left, group \.\n"
                              r"(a\.example\.\t\d+\tIN\tA\t192\.0\.2\.[12]\n){2}")
        self.assertRegex(out, r"(?m)^alias\.example\.\t\d+\tIN\tCNAME\ta\.there\.example\.\n"
                              r"a\.there\.example\.\t\d+\tIN\tA\t192\.0\.2\.3$")
        self.assertRegex(out, r"(?m)^; missing\.example\. NXDOMAIN, \d+ s left.*\n"
                              r"; authority: example\.\t")
        self.assertRegex(out, r"(?m)^; failed\.example\. A failure EDE \d+")
        code, out, _ = a.ctl("dump", "cache", "example", "-i", a.instance, "-o", "json")
        entries = {e["name"].split(".")[0]: e
                   for cache in json.loads(out)["caches"] for e in cache["entries"]}
        kinds = {word: e["kind"] for word, e in entries.items()}
        self.assertEqual(kinds, {"a": "answer", "zero": "passing", "alias": "answer",
                                 "nodata": "NODATA", "failed": "failure", "missing": "NXDOMAIN"})
        self.assertEqual({r["rdata"] for r in entries["a"]["rrs"]}, {"192.0.2.1", "192.0.2.2"})
        self.assertLessEqual(entries["a"]["rrs"][0]["ttl"], 25)
        self.assertEqual(entries["nodata"]["rrs"][0]["section"], "authority")
        code, out, _ = a.ctl("dump", "cache", "a.example", "-i", a.instance)
        self.assertEqual((code, out.count("\n; ")), (0, 1))
        self.assertEqual(a.ctl("dump", "cache", "nope.test", "-i", a.instance)[0], 1)
        self.assertEqual(a.ctl("dump", "cache", "-i", "none-of-this-name")[0], 3)


class NoMemory(unittest.TestCase):
    def test_full(self):
        """SH-02: no room in shared memory: the caches stay small, and everybody is answered"""
        harness.need_root()
        harness.need_namespace()
        with Upstream() as upstream:
            forward = f'( {{ from = "."; to = [ "127.0.0.1:{upstream.port}" ]; }} )'
            with harness.Appliance(harness.cluster(1), forward=forward, wrap=sized(40)) as a:
                pids = harness.children(a.pid)
                with open(f"/proc/{a.pid}/root/dev/shm/ballast", "wb") as f:
                    with self.assertRaises(OSError):
                        while True:
                            os.write(f.fileno(), b"\1" * 4096)
                # Twice what has memory, and each of them more than the first step of a ring.
                for i in range(3000):
                    for word, rcode in (("a", "NOERROR"), ("no", "NXDOMAIN"), ("zero", "NOERROR")):
                        self.assertEqual(a.outcome(f"{word}.n{i}.example.", "A")[0], rcode)
                self.assertEqual(harness.children(a.pid), pids, "somebody died")
                os.unlink(f"/proc/{a.pid}/root/dev/shm/ballast")
