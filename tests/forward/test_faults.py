"""Upstreams that misbehave (F-01 to F-22): a bad packet is ignored, the right one awaited."""

import struct
import unittest

import dns.flags

from lab import CAP_S, DEADLINE_S, EDE, ForwardTest, group
from upstream import CLOSE, Later, address_of, in_turn, rcode, records, right, silent, soa

WHY = (EDE["unreachable"], EDE["network"])
SLACK_S = 0.4  # of a busy machine, where a row has a bound


def answer_count(query, n):
    """A header as of a reply with so many answers, and the question."""
    return (query.wire[:2] + b"\x81\x80" + struct.pack("!4H", 1, n, 0, 0)
            + query.wire[12:query.end])


def changed(octets, at, value):
    return octets[:at] + value + octets[at + len(value):]


# Packets that are no reply to a query, and what of it must be so in 6.2.
BAD = {
    "F-03": lambda q: changed(q.right(), 0, struct.pack("!H", q.id ^ 0x0101)),
    "F-04": lambda q: changed(q.right(), 13, bytes([q.wire[13] ^ 1])),
    "F-05": lambda q: changed(q.right(), q.end - 4, b"\0\x10"),
    "F-06": lambda q: changed(q.right(), 2, b"\1"),
    "F-07": lambda q: answer_count(q, 3) + b"\xff" * 40,
    "F-08": lambda q: q.wire[:4],
    "F-09": lambda q: q.wire[:2] + b"\x81\x82" + bytes(8),
    "F-17": lambda q: answer_count(q, 1) + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\x20\1\2\3\4",
}


class Ignored(ForwardTest):
    """A packet that is no reply, then the right one: the right answer, and one packet."""

    def check(self, row, number=1):
        up = self.up(lambda q: [*[BAD[row](q)] * number, Later(0.02, q.right())])
        self.lab(group(up))
        self.check_right("a.far.example.")
        self.assertEqual(up.count("a.far.example.", "A"), 1)

    def test_wrong_id(self):
        """F-03, FW-24, U-06: another ID, fifty times less one"""
        self.check("F-03", 49)

    def test_wrong_name(self):
        """F-04, C-10: another name"""
        self.check("F-04")

    def test_wrong_type(self):
        """F-05, C-10: another type"""
        self.check("F-05")

    def test_query(self):
        """F-06: QR=0"""
        self.check("F-06")

    def test_garbage(self):
        """F-07: the ID is right, the rest is garbage"""
        self.check("F-07")

    def test_short(self):
        """F-08: four octets"""
        self.check("F-08")

    def test_no_question(self):
        """F-09: SERVFAIL without a question"""
        self.check("F-09")

    def test_rdlength(self):
        """F-17: an RDLENGTH past the end, then right; alone it is silence"""
        self.check("F-17")
        self.a.stop()
        up = self.up(BAD["F-17"])
        self.lab(group(up))
        self.check_failed(self.a.query("b.far.example."), *WHY)
        self.assertLessEqual(up.count("b.far.example."), 3)

    def test_mismatches(self):
        """F-10: more than 50 mismatches: by TCP; the upstream is not marked down"""
        up = self.up(lambda q: [BAD["F-03"](q)] * 80 if q.udp else q.right())
        self.lab(group(up))
        for name in ("a.far.example.", "b.far.example.", "c.far.example.", "d.far.example.",
                     "e.far.example.", "f.far.example."):
            self.check_right(name)
            self.assertEqual(up.count(name, transport="tcp"), 1)
            self.assertEqual(up.count(name, transport="udp"), 1)
        up.default = right
        self.check_right("g.far.example.")
        self.assertEqual(up.count("g.far.example.", transport="tcp"), 0)

    def test_stranger(self):
        """FW-24: the right reply from another port is none"""
        other = self.up()
        up = self.up(lambda q: other.send(q.right(), q.peer))
        self.lab(group(up))
        self.check_failed(self.a.query("a.far.example."), *WHY)


class Silence(ForwardTest):
    def test_first_dropped(self):
        """F-01, FW-13, U-02: the first packet is lost: asked again after 300 ms at most"""
        up = self.up(in_turn(silent, right))
        self.lab(group(up))
        took = []
        for i in range(3):
            name = f"n{i}.far.example."
            took.append(self.check_right(name).took_s)
            self.assertEqual(up.count(name, "A"), 2)
        self.assertLess(min(took), 0.35)

    def test_all_dropped(self):
        """F-02, FP-04, FP-06, C-08, U-01: SERVFAIL within the deadline, then from the cache"""
        up = self.up(silent)
        self.lab(group(up), cache={"serve_stale": {"mode": "off"}})
        reply = self.a.query("a.far.example.")
        self.check_failed(reply, *WHY)
        self.assertLess(reply.took_s, DEADLINE_S + SLACK_S)
        packets = up.count("a.far.example.")
        self.assertTrue(1 <= packets <= 3, packets)
        for reply in self.a.all_workers("a.far.example.", number=16):
            self.check_failed(reply, EDE["cached"])
        self.assertEqual(up.count("a.far.example."), packets)
        self.check_ours()

    def test_refused(self):
        """FP-06, U-04: a port that nobody has: SERVFAIL, at once"""
        up = self.up()
        self.lab(group(up))
        up.stop()
        reply = self.a.query("a.far.example.")
        self.check_failed(reply, *WHY)
        self.assertRegex(reply.ede_text, up.address.replace(".", r"\."))
        up.start()

    def test_silent_if_opt(self):
        """F-14, FW-25: silence is no reason to leave the OPT away; `edns = false` is"""
        up = self.up(lambda q: None if q.edns else q.right())
        self.lab(group(up))
        reply = self.a.query("a.far.example.")
        self.check_failed(reply, *WHY)
        self.assertLess(reply.took_s, DEADLINE_S + SLACK_S)
        self.a.stop()
        self.lab(group(up, edns=False))
        self.check_right("a.far.example.")


class Refusals(ForwardTest):
    def test_next(self):
        """F-11, FW-15: SERVFAIL, REFUSED, NOTIMP: the next upstream, once"""
        first, second = self.up(), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False))
        for code in ("SERVFAIL", "REFUSED", "NOTIMP"):
            name = f"{code}.far.example.".lower()
            first.on(name, rcode(code))
            self.check_right(name)
            self.assertEqual((first.count(name), second.count(name)), (1, 1), code)

    def test_all(self):
        """F-11: then SERVFAIL; its text has the upstream and the rcode"""
        first, second = self.up(), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False))
        for code in ("SERVFAIL", "REFUSED", "NOTIMP"):
            name = f"{code}.far.example.".lower()
            first.on(name, rcode(code))
            second.on(name, rcode(code))
            reply = self.a.query(name)
            self.check_failed(reply, *WHY)
            self.assertIn(code, reply.ede_text)
            self.assertEqual((first.count(name), second.count(name)), (1, 1), code)

    def test_formerr(self):
        """F-13, FW-25, U-09: FORMERR to an OPT: once more without; the third time at once"""
        up = self.up(lambda q: q.reply(rcode="FORMERR", opt=False) if q.edns else
                     changed(q.right(), 10, b"\0\0"))
        self.lab(group(up))
        for i, packets in enumerate((2, 2, 1, 1)):
            self.check_right(f"n{i}.far.example.")
            self.assertEqual(up.count(f"n{i}.far.example."), packets, i)

    def test_extended(self):
        """FP-06: an rcode of EDNS is about the hop: the next upstream, then SERVFAIL says so"""
        first, second = self.up(rcode("BADCOOKIE")), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False))
        self.check_right("a.far.example.")
        second.on("b.far.example.", rcode("BADVERS"))
        reply = self.a.query("b.far.example.")
        self.check_failed(reply, *WHY)
        self.assertIn("BADVERS", reply.ede_text)

    def test_passed_on(self):
        """FW-15, FP-05: rcodes that are not listed are passed on"""
        up, other = self.up(rcode("YXDOMAIN")), self.up()
        self.lab(group(up, other, policy="sequential", hedge=False))
        reply = self.a.query("a.far.example.")
        self.assertEqual(reply.rcode, "YXDOMAIN")
        self.assertEqual(other.count("a.far.example."), 0)


class Content(ForwardTest):
    def setUp(self):
        self.u = self.up()
        self.lab(group(self.u))

    def ask(self, script, name="a.far.example.", type_="A", **more):
        self.u.on(name, script)
        return self.a.query(name, type_, **more)

    def test_unrelated(self):
        """F-12, C-11, U-10: what was not asked is dropped"""
        stranger = ("www.bank.example.", 60, "A", "192.0.2.66")
        reply = self.ask(records(("", 60, "A", "192.0.2.1"), stranger,
                                 authority=[("example.", 60, "NS", "ns.far.example.")],
                                 additional=[("ns.far.example.", 60, "A", "192.0.2.67")]))
        self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]))
        self.assertEqual((reply.message.authority, reply.message.additional), ([], []))
        self.check_failed(self.ask(records(stranger), "b.far.example."))
        self.check_right("www.bank.example.")

    def test_chain(self):
        """U-10, C-11: a CNAME chain in any order, and nothing beside it"""
        reply = self.ask(records(
            ("c.other.example.", 60, "A", "192.0.2.3"),
            ("b.other.example.", 60, "CNAME", "c.other.example."),
            ("d.other.example.", 60, "A", "192.0.2.4"),
            ("", 60, "CNAME", "b.other.example.")))
        self.assertEqual(reply.rcode, "NOERROR")
        self.assertEqual([(r.name.to_text(), r[0].to_text()) for r in reply.message.answer],
                         [("a.far.example.", "b.other.example."),
                          ("b.other.example.", "c.other.example."),
                          ("c.other.example.", "192.0.2.3")])

    def test_short_address(self):
        """F-18: an A record of three octets is dropped; SERVFAIL if nothing is left"""
        def short(q, more=b""):
            return (answer_count(q, 1 + bool(more)) +
                    b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\3\1\2\3" + more)

        good = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
        self.assertEqual(self.ask(lambda q: short(q, good)).outcome, ("NOERROR", ["192.0.2.1"]))
        self.check_failed(self.ask(short, "b.far.example."))

    def test_ttl(self):
        """F-19, C-03: a TTL of 2^32 - 1 is the cap's"""
        for i, ttl in enumerate((0xFFFFFFFF, 0x80000000, 0x7FFFFFFF)):
            reply = self.ask(lambda q, ttl=ttl: answer_count(q, 1) + b"\xc0\x0c\0\1\0\1" +
                             struct.pack("!I", ttl) + b"\0\4\xc0\0\2\1", f"n{i}.far.example.")
            self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]))
            self.assertIn(reply.ttl, (CAP_S, CAP_S - 1))

    def test_self(self):
        """F-20: a CNAME to itself, and two to each other"""
        self.check_failed(self.ask(records(("", 60, "CNAME", "a.far.example."))))
        self.check_failed(self.ask(records(
            ("", 60, "CNAME", "x.far.example."),
            ("x.far.example.", 60, "CNAME", "b.far.example.")), "b.far.example."))

    def test_no_soa(self):
        """F-21, C-06, CA-10: a denial without SOA is passed on, not reused"""
        for name, code in (("a.far.example.", "NXDOMAIN"), ("b.far.example.", "NOERROR")):
            for n in (1, 2):
                reply = self.ask(rcode(code), name)
                self.assertEqual(reply.outcome, (code, []))
                self.assertEqual(self.u.count(name), n)


class Truncated(ForwardTest):
    MANY = [f"192.0.2.{i}" for i in range(1, 200)]

    def script(self, q):
        if q.udp:
            return q.truncated(("", 60, "A", "192.0.2.250"))
        return q.reply(("", 60, "A", *self.MANY))

    def test_whole(self):
        """F-15, FW-08, U-08, C-09: TC=1: by TCP; whole to TCP clients, as it fits to others"""
        up = self.up(self.script)
        self.lab(group(up))
        whole = self.a.query("a.far.example.", tcp=True)
        self.assertEqual(whole.outcome, ("NOERROR", sorted(self.MANY)))
        self.assertFalse(whole.has("TC"))
        part = self.a.query("a.far.example.")
        self.assertTrue(part.has("TC"))
        self.assertTrue(set(part.rdatas) < set(self.MANY) and part.rdatas, part)
        self.assertEqual([q.transport for q in up.queries("a.far.example.")], ["udp", "tcp"])

    def test_next(self):
        """F-16: TCP closes: the next upstream"""
        up = self.up(lambda q: self.script(q) if q.udp else CLOSE)
        other = self.up(records(("", 60, "A", "192.0.2.1")))
        self.lab(group(up, other, policy="sequential", hedge=False))
        self.assertEqual(self.a.query("a.far.example.").outcome, ("NOERROR", ["192.0.2.1"]))

    def test_never(self):
        """F-16, RE-07: and then SERVFAIL; what was truncated is never used"""
        up = self.up(lambda q: self.script(q) if q.udp else CLOSE)
        self.lab(group(up))
        self.check_failed(self.a.query("a.far.example."), *WHY)


class LetterCase(ForwardTest):
    def test_kept(self):
        """FW-23, U-07: letters are mixed when three have come back as they were"""
        up = self.up()
        self.lab(group(up))
        for i in range(20):
            self.check_right(f"{i}.letters.of.far.example.")
        names = [q.name for q in up.queries() if "letters" in q.name.lower()]
        self.assertEqual(len(names), 20)
        mixed = [n for n in names if n != n.lower()]
        self.assertGreaterEqual(len(mixed), 12, names)

    def test_changed(self):
        """F-22, U-07: an upstream that answers in lower case: right, and 0x20 ends"""
        up = self.up(lambda q: q.wire[:2] + q.right()[2:12] + q.wire[12:q.end].lower() +
                     q.right()[q.end:])
        self.lab(group(up))
        for i in range(20):
            self.check_right(f"{i}.letters.of.far.example.")
        last = [q for i in range(10, 20) for q in up.queries(f"{i}.letters.of.far.example.")]
        self.assertEqual(len(last), 10)
        self.assertTrue(all(q.udp and q.name == q.name.lower() for q in last))

    def test_off(self):
        """FW-23: `case_randomize = false`"""
        up = self.up()
        self.lab(group(up, case_randomize=False))
        for i in range(20):
            self.check_right(f"{i}.letters.of.far.example.")
        self.assertTrue(all(q.name == q.name.lower() for q in up.queries()))


if __name__ == "__main__":
    unittest.main()
