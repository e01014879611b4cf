"""What leaves us (Q-01 to Q-06, E-15): the octets that upstreams get, ports and IDs (R-29)."""

import collections
import math
import os
import signal
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode

from harness import FULL, await_
from lab import EDE, PACKETS, ForwardTest, group, parallel
from upstream import after

NAME = "a.far.example."
MARK = 65313
QUESTIONS = int(os.environ.get("SHMDNS_PORTS", 20000))


class Questions(ForwardTest):
    def setUp(self):
        self.u = self.up()
        self.lab(group(self.u))

    def only(self, name=NAME, type_="A"):
        found = self.u.queries(name, type_)
        self.assertEqual(len(found), 1, name)
        return found[0]

    def test_form(self):
        """Q-01: one name, RD=1, AD=0, an OPT of our own of 1232 octets with the loop mark"""
        self.check_right(NAME, ad=True, payload=4096)
        q = self.only()
        m = q.message
        self.assertEqual((m.opcode(), len(m.question), m.answer, m.authority, m.additional),
                         (0, 1, [], [], []))
        self.assertEqual(dns.flags.to_text(m.flags), "RD")
        self.assertEqual((m.edns, m.payload, m.ednsflags & dns.flags.DO), (0, 1232, 0))
        self.assertEqual(q.options, [MARK])
        self.assertTrue(q.udp)

    def test_bits(self):
        """Q-01, FW-25: DO and CD are the client's"""
        for i, (do, cd) in enumerate(((False, True), (True, False), (True, True))):
            name = f"n{i}.far.example."
            self.check_right(name, do=do, cd=cd)
            m = self.only(name).message
            self.assertEqual((bool(m.ednsflags & dns.flags.DO), bool(m.flags & dns.flags.CD)),
                             (do, cd))
            self.assertTrue(m.flags & dns.flags.RD)

    def test_options(self):
        """Q-01, E-15: no option of a client passes: subnet, cookie, NSID, padding, unknown"""
        options = [dns.edns.ECSOption("192.0.2.0", 24), dns.edns.GenericOption(10, b"12345678"),
                   dns.edns.GenericOption(3, b""), dns.edns.GenericOption(12, bytes(20)),
                   dns.edns.GenericOption(65001, b"private"),
                   dns.edns.GenericOption(MARK, bytes(20))]
        reply = self.check_right(NAME, options=options)
        self.assertEqual(self.only().options, [MARK])
        self.assertNotIn(dns.edns.ECS, [o.otype for o in reply.message.options])
        self.check_right("b.far.example.", options=[dns.edns.GenericOption(8, b"\0\1\x20\0\1")])
        self.assertEqual(self.only("b.far.example.").options, [MARK])

    def test_never(self):
        """Q-04, W-09, W-25, W-26, W-27, N-01, N-03, N-04, N-06: what must not leave"""
        asked = [(NAME, type_, "IN") for type_ in ("MAILA", "MAILB", "TSIG", "TKEY", "AXFR",
                                                  "IXFR", "TYPE0", "OPT")]
        asked += [(NAME, "A", class_) for class_ in ("CH", "HS", "ANY", "NONE", "CLASS65280")]
        asked += [("localhost.", "A", "IN"), ("x.localhost.", "AAAA", "IN"),
                  ("1.0.0.127.in-addr.arpa.", "PTR", "IN"), ("x.invalid.", "A", "IN"),
                  ("x.onion.", "A", "IN"), ("_dns.resolver.arpa.", "SVCB", "IN"),
                  ("none.shop.svc.cluster.local.", "A", "IN"),
                  ("www.far.example.shop.svc.cluster.local.", "A", "IN"),
                  ("www.far.example.svc.cluster.local.", "A", "IN"),
                  ("www.far.example.cluster.local.", "A", "IN"),
                  ("svc-001.shop.svc.cluster.local.", "TXT", "IN")]
        for name, type_, class_ in asked:
            query = dns.message.make_query(name, type_, class_)
            dns.query.udp(query, "127.0.0.1", 5, self.a.port)
        for opcode in (1, 2, 4, 5, 6):
            query = dns.message.make_query(NAME, "A").to_wire()
            query = query[:2] + bytes([query[2] | opcode << 3]) + query[3:]
            self.raw(query)
        self.check_right("last.far.example.")
        names = {q.name.lower() for q in self.u.queries()}
        sent = [name for name, _, _ in asked if name.lower() in names]
        self.assertEqual(sent, [])

    def raw(self, octets):
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(octets, ("127.0.0.1", self.a.port))
            return s.recv(4096)

    def test_any(self):
        """W-29: ANY far is forwarded as it is"""
        self.a.query(NAME, "ANY")
        self.assertEqual(len(self.u.queries(NAME, "ANY")), 1)

    def test_snooping(self):
        """Q-05, FP-01: RD=0: REFUSED, EDE 20, whether it is cached or not"""
        for _ in range(2):
            reply = self.a.query(NAME, rd=False)
            self.assertEqual((reply.rcode, reply.rdatas, reply.ede),
                             ("REFUSED", [], EDE["not authoritative"]))
            self.check_right(NAME)
        self.assertEqual(len(self.u.queries(NAME)), 1)

    def test_coalesced(self):
        """Q-06, FP-03: asked at the same time of all workers: one query, all answered"""
        self.u.on(NAME, after(0.2))
        replies = self.a.all_workers(NAME, number=200)
        self.assertEqual(len(replies), 200)
        for reply in replies:
            self.check_right(NAME, reply=reply)
        self.assertIn(self.u.count(NAME), PACKETS)

    def test_waiters(self):
        """Q-06, FP-02: more than 256 who wait: the others are REFUSED, and told why"""
        self.u.on(NAME, after(1.5))
        replies = self.a.all_workers(NAME, number=400)
        refused = [r for r in replies if r.rcode == "REFUSED"]
        self.assertEqual(len(replies), 400)
        self.assertEqual(len(refused), 400 - 256)
        for reply in refused:
            self.assertEqual((reply.ede, reply.ede_text),
                             (EDE["other"], "too many queries in flight"))
        self.assertIn(self.u.count(NAME), PACKETS)

    def test_own_form(self):
        """FP-03: each waiter gets its own ID, letter case and EDNS"""
        self.u.on(NAME, after(0.2))
        upper = NAME.upper()
        plain, mixed, tcp = parallel(lambda: self.a.query(NAME, edns=False),
                                     lambda: self.a.query(upper),
                                     lambda: self.a.query(NAME, tcp=True))
        self.assertIn(self.u.count(NAME), PACKETS)
        self.assertEqual(plain.message.edns, -1)
        self.assertEqual(mixed.message.question[0].name.to_text(), upper)
        self.assertEqual({r.outcome[1][0] for r in (plain, mixed, tcp)}, {plain.rdatas[0]})


class Ports(ForwardTest):
    """R-29: pairs of port and ID, of one forwarder before and after a restart, and of two."""

    def setUp(self):
        self.u = self.up()

    def fetch(self, appliance, label, number):
        """[(port, id)] of so many questions."""
        self.u.forget()
        done = 0
        while done < number:
            n = min(400, number - done)
            replies = appliance.flood(f"{label}{done}.far.example.", n)()
            self.assertEqual({r.rcode for r in replies}, {"NOERROR"})
            self.assertEqual(len(replies), n)
            done += n
        return [(q.peer[1], q.id) for q in self.u.queries() if q.udp]

    def check(self, pairs):
        """Ports as many as chance gives, IDs spread evenly."""
        n = len(pairs)
        ports = [p for p, _ in pairs]
        low, high = min(ports), max(ports)
        with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
            self.range = tuple(map(int, f.read().split()))
        size = high - low + 1
        self.assertGreaterEqual(size, 1 << 14)
        expected = size * (1 - (1 - 1 / size) ** n)
        distinct = len(set(ports))
        p_ids = self.chi_square([i for _, i in pairs], 1 << 16, 256)
        p_ports = self.chi_square([p - low for p in ports], size, 128)
        print(f"     {n} pairs, ports {low} to {high}, {distinct} distinct of {expected:.0f} "
              f"expected; p of IDs {p_ids:.4f}, of ports {p_ports:.4f}")
        self.assertGreaterEqual(distinct, 0.99 * expected)
        self.assertGreater(p_ids, 0.001)
        self.assertGreater(p_ports, 0.001)
        return size

    @staticmethod
    def chi_square(values, size, bins):
        """Probability that even chance is as uneven (Wilson and Hilferty)."""
        counts = collections.Counter(v * bins // size for v in values)
        expected = [len(values) * ((i + 1) * size // bins - i * size // bins) / size
                    for i in range(bins)]
        x = sum((counts[i] - e) ** 2 / e for i, e in enumerate(expected))
        k = bins - 1
        z = ((x / k) ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))
        return 0.5 * math.erfc(z / math.sqrt(2))

    def check_disjoint(self, a, b, size):
        """The first 1,000 pairs of two have no more in common than chance gives."""
        common = set(a[:1000]) & set(b[:1000])
        self.assertLessEqual(len(common), 2, f"of 1000 * 1000 / {size << 16} expected")
        ids = {i for _, i in a[:1000]} & {i for _, i in b[:1000]}
        self.assertLessEqual(len(ids), 60)  # 15 expected, 4 their deviation

    def test_restart(self):
        """R-29, Q-02, Q-03, DE-07, FW-23: of one forwarder across a restart"""
        a = self.lab(group(self.u, max_concurrent=0))
        first = self.fetch(a, "x", QUESTIONS // 2)
        pid = a.forwarder_pids[0]
        os.kill(pid, signal.SIGKILL)
        await_("another forwarder", lambda: a.forwarder_pids not in ([], [pid]))
        second = self.fetch(a, "y", QUESTIONS // 2)
        size = self.check(first + second)
        self.check_disjoint(first, second, size)

    def test_two(self):
        """R-29, DE-07: of two forwarders started together: one range, other pairs"""
        a = self.lab(group(self.u, max_concurrent=0))
        b = self.lab(group(self.u, max_concurrent=0))
        first = self.fetch(a, "x", QUESTIONS // (1 if FULL else 4))
        second = self.fetch(b, "y", QUESTIONS // (1 if FULL else 4))
        size = self.check(first + second)
        self.check_disjoint(first, second, size)


if __name__ == "__main__":
    unittest.main()
