"""The path of a miss (FP-01 to FP-07), who may have one (AC-10), names that lead out of our
zones (RE-05 to RE-08, FT-01 to FT-04)."""

import os
import signal
import unittest

import harness
from harness import await_, object_list, service
from lab import EDE, SERVICE, ForwardTest, group, parallel
from upstream import CLOSE, address_of, after, records, silent, soa

NAME = "a.far.example."
ZONE = "shop.svc.cluster.local."


class Path(ForwardTest):
    def test_no_group(self):
        """FP-01: no group has the name: REFUSED, EDE 20"""
        up = self.up()
        self.lab(group(up, zone="corp.example."))
        reply = self.a.query(NAME)
        self.assertEqual((reply.rcode, reply.ede), ("REFUSED", EDE["not authoritative"]))
        self.check_right("a.corp.example.")
        self.check_right("corp.example.")
        self.assertEqual(self.a.query("xcorp.example.").rcode, "REFUSED")

    def test_nothing(self):
        """FP-01: no group at all"""
        self.lab(forward=())
        reply = self.a.query(NAME)
        self.assertEqual((reply.rcode, reply.ede), ("REFUSED", EDE["not authoritative"]))
        self.check_ours()

    def test_header(self):
        """SM-09: forwarded for clients that do not ask for recursion; RD=1 in the answer"""
        up = self.up()
        self.lab(group(up), extra='header = { query_set = [ "rd" ]; response_clear = [ "ra" ]; };')
        reply = self.check_right(NAME, rd=False)
        self.assertEqual((reply.has("RD"), reply.has("RA")), (True, False))
        self.assertIn(up.count(NAME), (1, 2))  # hedged

    def test_reply(self):
        """FP-05, B-01, B-03 to B-05: RA=1, AA=0, AD=0, sections scrubbed, rcode as received"""
        up = self.up(lambda q: q.reply(
            ("", 60, "A", "192.0.2.1"), authority=[("example.", 60, "NS", "ns.example.")],
            flags=0x0400 | 0x0020))
        self.lab(group(up))
        for do in (False, True):
            reply = self.a.query(NAME, do=do, ad=True)
            flags = {f: reply.has(f) for f in ("AA", "TC", "RD", "RA", "AD", "CD")}
            self.assertEqual(flags, {"AA": False, "TC": False, "RD": True, "RA": True,
                                     "AD": False, "CD": False})
            self.assertEqual((reply.message.authority, reply.message.additional), ([], []))

    def test_trust_ad(self):
        """FW-27, B-05: AD of upstreams that are trusted, to those who set AD or DO"""
        up = self.up(lambda q: q.reply(("", 60, "A", "192.0.2.1"), flags=0x0020))
        self.lab(group(up, trust_ad=True))
        for turn in range(2):
            for how, want in (({}, False), ({"ad": True}, True), ({"do": True}, True)):
                self.assertEqual(self.a.query(NAME, **how).has("AD"), want, (turn, how))
        self.assertTrue(all(q.message.flags & 0x20 for q in up.queries(NAME)))

    def test_search_path(self):
        """FP-07: names of the search path are answered from the snapshot, nothing leaves"""
        up = self.up()
        self.lab(group(up))
        for suffix in (ZONE, "svc.cluster.local.", "cluster.local."):
            self.assertEqual(self.a.query("www.far.example." + suffix).rcode, "NXDOMAIN")
        self.check_right("www.far.example.")
        self.assertEqual([q.name.lower() for q in up.queries()
                          if "cluster.local" in q.name.lower()], [])

    def test_parked(self):
        """FP-02: a client holds at most an eighth once half is parked; ours are answered"""
        up = self.up(silent)
        self.lab(group(up, max_concurrent=0), workers=1)
        first = self.a.flood("x.far.example.", 900)
        self.check_ours()
        replies = first()
        self.assertEqual(len(replies), 900)
        for reply in replies:
            self.assertIn(reply.rcode, ("SERVFAIL", "REFUSED"))
        self.check_ours()

    def test_zone_first(self):
        """T-02: over TCP the zone answer overtakes a slow far one"""
        up = self.up(after(0.5))
        self.lab(group(up))
        import socket
        import struct
        import dns.message
        with socket.create_connection(("127.0.0.1", self.a.port), 5) as s:
            for i, name in enumerate((NAME, SERVICE[0])):
                wire = dns.message.make_query(name, "A")
                wire.id = i
                wire = wire.to_wire()
                s.sendall(struct.pack("!H", len(wire)) + wire)
            ids = []
            f = s.makefile("rb")
            for _ in range(2):
                size = struct.unpack("!H", f.read(2))[0]
                ids.append(dns.message.from_wire(f.read(size)).id)
            f.close()
        self.assertEqual(ids, [1, 0])


class Clients(ForwardTest):
    """AC-10: 127.0.0.1 may not, 127.0.0.2 may."""

    def setUp(self):
        objects = object_list(harness.namespace("shop"), service("web"),
                              external("out", NAME))
        self.u = self.up()
        self.lab(group(self.u), objects=objects, forward_clients=["127.0.0.2/32", "10.0.0.0/8"])

    def test_miss(self):
        """AC-10, C-16, B-04, RG-04: REFUSED with EDE 18, RA=0, cached or not"""
        for _ in range(2):
            reply = self.a.query(NAME)
            self.assertEqual((reply.rcode, reply.rdatas, reply.ede),
                             ("REFUSED", [], EDE["prohibited"]))
            self.assertFalse(reply.has("RA"))
            reply = self.check_right(NAME, source="127.0.0.2")
            self.assertTrue(reply.has("RA"))
        self.assertEqual(self.u.count(NAME), 1)

    def test_own(self):
        """AC-10, RG-04: own data is answered to everybody; RA says who may forward"""
        for source, may in (("127.0.0.1", False), ("127.0.0.2", True)):
            reply = self.a.query("web." + ZONE, source=source)
            self.assertEqual(reply.rcode, "NOERROR")
            self.assertEqual(reply.has("RA"), may)

    def test_external(self):
        """AC-10, RE-05, Z-09: an ExternalName is its CNAME alone"""
        self.assertEqual(self.a.query("out." + ZONE).outcome, ("NOERROR", [NAME]))
        self.assertEqual(self.u.count(NAME), 0)
        reply = self.a.query("out." + ZONE, source="127.0.0.2")
        self.assertEqual(reply.rdatas, sorted([NAME, address_of(NAME)]))


def external(name, target):
    obj = service(name, type="ExternalName", externalName=target)
    for key in ("clusterIP", "clusterIPs"):
        del obj["spec"][key]
    return obj


class External(ForwardTest):
    def setUp(self):
        self.u = self.up()
        self.lab(group(self.u), objects=object_list(
            harness.namespace("shop"), service("web", ip="10.96.0.7"),
            external("out", "a.far.example."), external("chain", f"out.{ZONE[:-1]}"),
            external("back", "b.far.example."), external("near", f"web.{ZONE[:-1]}")),
            cache={"serve_stale": {"mode": "off"}})

    def ask(self, name="out", **more):
        return self.a.query(name + "." + ZONE, **more)

    def test_followed(self):
        """RE-02, RE-05, Z-09, SP-22, SP-23: the target's address, over UDP and TCP; AA=1"""
        for tcp in (False, True):
            for type_ in ("A", "AAAA"):
                reply = self.ask(type_=type_, tcp=tcp)
                self.assertEqual(reply.rcode, "NOERROR")
                self.assertEqual(reply.types(), ["CNAME", type_])
                self.assertEqual(reply.message.answer[1].name.to_text(), NAME)
                self.assertEqual(reply.message.answer[1][0].to_text(), address_of(NAME, type_))
                self.assertTrue(reply.has("AA"))
        self.assertEqual(self.u.count(NAME), 2)

    def test_whole_chain(self):
        """RE-05: ours, ours, theirs and their chain"""
        self.u.on(NAME, records(("", 60, "CNAME", "c.far.example."),
                                ("c.far.example.", 20, "A", "192.0.2.1")))
        reply = self.ask("chain")
        self.assertEqual([r.name.to_text() for r in reply.message.answer],
                         ["chain." + ZONE, "out." + ZONE, NAME, "c.far.example."])
        self.assertLessEqual(reply.ttls[3], 20)

    def test_no_recursion(self):
        """RE-05: RD=0: the CNAME alone, nothing leaves"""
        self.assertEqual(self.ask(rd=False).outcome, ("NOERROR", [NAME]))
        self.assertEqual(self.u.count(NAME), 0)

    def test_type(self):
        """RE-01, SP-24: CNAME itself"""
        self.assertEqual(self.ask(type_="CNAME").outcome, ("NOERROR", [NAME]))
        self.assertEqual(self.ask(type_="ANY").outcome[1][:1], [NAME])
        self.assertEqual(self.u.count(NAME), 0)

    def test_denied(self):
        """RE-05: the rcode of the last name, its SOA in authority; AA=1"""
        for code in ("NXDOMAIN", "NOERROR"):
            name = "out" if code == "NXDOMAIN" else "back"
            target = NAME if name == "out" else "b.far.example."
            self.u.on(target, records(authority=[soa("far.example.")], rcode=code))
            for _ in range(2):
                reply = self.ask(name)
                self.assertEqual(reply.outcome, (code, [target]))
                self.assertEqual([r.name.to_text() for r in reply.message.authority],
                                 ["far.example."])
                self.assertTrue(reply.has("AA"))

    def test_failed(self):
        """RE-06, RG-07: SERVFAIL with the CNAME, EDE 22 or 23"""
        self.u.on(NAME, silent)
        reply = self.ask()
        self.assertEqual(reply.outcome, ("SERVFAIL", [NAME]))
        self.assertIn(reply.ede, (EDE["unreachable"], EDE["network"]))
        self.assertTrue(reply.has("AA"))
        reply = self.ask()
        self.assertEqual((*reply.outcome, reply.ede), ("SERVFAIL", [NAME], EDE["cached"]))

    def test_truncated(self):
        """RE-07: truncated: by TCP; that fails too: RE-06"""
        many = [f"192.0.2.{i}" for i in range(1, 120)]
        self.u.on(NAME, lambda q: q.truncated(("", 60, "A", "192.0.2.200")) if q.udp else
                  q.reply(("", 60, "A", *many)))
        reply = self.ask(tcp=True)
        self.assertEqual(reply.outcome, ("NOERROR", sorted([NAME, *many])))
        self.assertTrue(self.ask().has("TC"))
        self.u.on("b.far.example.", lambda q: q.truncated(("", 60, "A", "192.0.2.200"))
                  if q.udp else CLOSE)
        self.assertEqual(self.ask("back").outcome, ("SERVFAIL", ["b.far.example."]))

    def test_back_into_our_zone(self):
        """RE-05, RE-08: a chain from outside that leads back into our zone"""
        self.u.on(NAME, records(("", 60, "CNAME", "web." + ZONE)))
        reply = self.a.query(NAME)
        self.assertEqual(reply.rcode, "NOERROR")
        self.assertIn("web." + ZONE, reply.rdatas)
        self.assertEqual([q for q in self.u.queries() if "cluster.local" in q.name.lower()], [])

    def test_loop(self):
        """RE-08: our CNAME, theirs, and ours again: it ends"""
        self.u.on(NAME, records(("", 60, "CNAME", "out." + ZONE)))
        reply = self.ask()
        self.assertIn(reply.rcode, ("NOERROR", "SERVFAIL"))
        self.assertLess(reply.took_s, 4)

    def test_long(self):
        """RE-08: more than ten CNAMEs"""
        for i in range(15):
            self.u.on(f"n{i}.long.example.", records(("", 60, "CNAME", f"n{i + 1}.long.example.")))
        reply = self.a.query("n0.long.example.")
        self.assertEqual(reply.rcode, "SERVFAIL")
        self.assertLessEqual(len([q for q in self.u.queries() if "long.example" in q.name]), 12)

    def test_kill(self):
        """RE-05, G9: the forwarder dies while the chain is followed"""
        self.u.on(NAME, after(0.6))
        asked, killed = parallel(self.ask, lambda: (
            await_("the packet", lambda: self.u.count(NAME)),
            os.kill(self.a.forwarder_pids[0], signal.SIGKILL)))
        self.assertEqual(asked.rdatas, sorted([NAME, address_of(NAME)]))


class Fallthrough(ForwardTest):
    def setUp(self):
        self.u = self.up()
        self.lab(group(self.u), kubernetes='''
            zones = [ "cluster.local", "other.local", "10.96.0.0/12", "10.244.0.0/16" ];
            own_ranges = [ "10.244.0.0/16" ];
            fallthrough = [ "in-addr.arpa", "other.local" ];''')

    def test_forward(self):
        """FT-01, FT-02, Z-14, N-07: a name that we do not have, in a listed zone"""
        name = "9.9.96.10.in-addr.arpa."
        self.u.on(name, records(("", 60, "PTR", "host.corp.example.")))
        reply = self.a.query(name, "PTR")
        self.assertEqual(reply.outcome, ("NOERROR", ["host.corp.example."]))
        self.assertFalse(reply.has("AA"))
        self.check_right("none.shop.svc.other.local.")

    def test_not(self):
        """FT-01: never on NODATA, never in a zone that is not listed"""
        self.assertEqual(self.a.query("svc-001.shop.svc.other.local.", "AAAA").outcome,
                         ("NOERROR", []))
        self.assertEqual(self.a.query("none.default.svc.cluster.local.").rcode, "NXDOMAIN")
        self.assertEqual([q.name for q in self.u.queries() if ".local" in q.name.lower()], [])

    def test_own_ranges(self):
        """FT-03, N-07: reverse names of our own ranges never leave"""
        reply = self.a.query("9.9.244.10.in-addr.arpa.", "PTR")
        self.assertEqual(reply.rcode, "NXDOMAIN")
        self.assertEqual(self.u.count("9.9.244.10.in-addr.arpa."), 0)

    def test_never_cached(self):
        """FT-04: a name that appears in the cluster is answered from there at once"""
        name = "late.shop.svc.other.local."
        self.check_right(name)
        self.a.put("late.json", object_list(service("late", ip="10.96.7.7")))
        self.a.await_outcome(name, "A", "NOERROR", ["10.96.7.7"])


if __name__ == "__main__":
    unittest.main()
