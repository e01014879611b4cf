"""Loops (LO-01 to LO-03): questions of ours that come back are known by their mark."""

import contextlib
import os
import signal
import socket
import threading
import unittest

import dns.edns
import dns.exception
import dns.message
import dns.rcode

from harness import await_
from lab import EDE, PACKETS, ForwardTest, group, parallel
from test_questions import MARK
from upstream import Later, right

HOPS = 4  # appliances that a query may pass


class Loops(ForwardTest):
    def back(self, port):
        """A script that asks an appliance what it was asked, and says what that said."""
        def script(q):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(6)
                s.sendto(q.wire, ("127.0.0.1", port))
                try:
                    return s.recv(4096)
                except socket.timeout:
                    return None
        return script

    def test_back_to_us(self):
        """LO-01, LO-02: an upstream that asks us again: SERVFAIL, EDE 0 "loop", one log line"""
        up = self.up()
        a = self.lab(group(up, hedge=False))
        up.default = self.back(a.port)
        reply = a.query("x.far.example.")
        self.check_failed(reply)
        self.assertLess(reply.took_s, 4)
        a.await_log("loop")
        self.assertLessEqual(up.count("x.far.example."), 4)
        self.check_ours()
        self.assertTrue(a.alive())

    def test_taken_out(self):
        """LO-02: break: that upstream is left out, the other one answers"""
        up, other = self.up(), self.up()
        a = self.lab(group(up, other, policy="sequential", hedge=False))
        up.default = self.back(a.port)
        a.query("x.far.example.")
        a.await_log("loop")
        for i in range(5):
            self.check_right(f"n{i}.far.example.")
            self.assertEqual(up.count(f"n{i}.far.example."), 0)

    def test_warn(self):
        """LO-02: warn: told and answered SERVFAIL, the upstream stays"""
        up = self.up()
        a = self.lab(group(up, hedge=False), loop_detection="warn")
        up.default = self.back(a.port)
        for name in ("x.far.example.", "y.far.example."):
            self.check_failed(a.query(name))
            self.assertGreater(up.count(name), 0)
        a.await_log("loop")

    def test_exit(self):
        """LO-02: exit: the supervisor ends, by a mark of its own only"""
        up = self.up()
        a = self.lab(group(up, hedge=False), loop_detection="exit")
        self.check_right("x.far.example.", options=[dns.edns.GenericOption(MARK, bytes(20))])
        self.assertTrue(a.alive())
        up.default = self.back(a.port)
        with contextlib.suppress(dns.exception.Timeout, OSError):
            a.query("y.far.example.", timeout_s=2)
        await_("the end", lambda: not a.alive())
        self.assertIn("loop", a.log_text())
        a.process = None

    def pass_on(self, up, port):
        """A script: an appliance is asked beside, and what it says is sent."""
        def ask(q):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(10)
                s.connect(("127.0.0.1", port))
                s.send(q.wire)
                with contextlib.suppress(OSError):
                    up.send(s.recv(4096), q.peer)

        def script(q):
            threading.Thread(target=ask, args=(q,), daemon=True).start()
        return script

    def ring(self, n, **settings):
        """Each of n appliances forwards to the next one, by a relay that counts."""
        self.relays = [self.up() for _ in range(n)]
        self.other = self.up()
        ring = [self.lab(group(relay, hedge=False), group(self.other, zone="other.example."),
                         **settings) for relay in self.relays]
        for i, relay in enumerate(self.relays):
            relay.default = self.pass_on(relay, ring[(i + 1) % n].port)
        return ring

    def check_ring(self, n):
        ring = self.ring(n, loop_detection="exit")
        for i, self.a in enumerate(ring):
            name = f"x{i}.far.example."
            reply = self.a.query(name)
            self.check_failed(reply, EDE["other"])
            self.assertEqual(reply.ede_text, "loop")
            counts = [r.count(name) for r in self.relays]
            # who is asked for the fourth time says so; a packet that is late is sent again
            self.assertGreaterEqual(sum(counts), HOPS)
            self.assertLessEqual(sum(counts), HOPS * max(PACKETS))
            self.check_right(f"y{i}.other.example.")
            self.check_ours()
        for a in ring:
            self.assertTrue(a.alive())
        where = [a for a in ring if a.log_lines("forward loop")]
        self.assertTrue(where)
        for a in where:
            self.assertRegex(a.log_lines("forward loop")[0],
                             r'attempt=4 error="loop through other appliances"$')

    def test_two(self):
        """LO-01, LO-02: two appliances that forward to each other: EDE 0, four queries"""
        self.check_ring(2)

    def test_three(self):
        """LO-01, LO-02: three in a ring"""
        self.check_ring(3)

    def test_chain(self):
        """LO-01: four appliances one behind another are no loop, five are"""
        up = self.up()
        chain = [self.lab(group(up, hedge=False))]
        for _ in range(HOPS):
            chain.append(self.lab(group(f"127.0.0.1:{chain[-1].port}", hedge=False)))
        self.check_right("x.far.example.", reply=chain[HOPS - 1].query("x.far.example."))
        reply = chain[HOPS].query("y.far.example.")
        self.check_failed(reply, EDE["other"])
        self.assertEqual((reply.ede_text, up.count("y.far.example.")), ("loop", 0))
        # what failed for want of hops there has not failed for others
        self.check_right("y.far.example.", reply=chain[0].query("y.far.example."))
        self.check_right("y.far.example.", reply=chain[1].query("y.far.example."))

    def mark(self, hops, octets=20):
        return dns.edns.GenericOption(MARK, (bytes(9) + bytes([hops]) + bytes(40))[:octets])

    def as_appliance(self, q):
        """A script: what an appliance says, after a while where it has to ask."""
        if q.message.options[0].data[9] < HOPS:
            return Later(0.5, q.right())
        reply = dns.message.make_response(q.message)
        reply.set_rcode(dns.rcode.SERVFAIL)
        reply.use_edns(0, options=[dns.edns.EDEOption(0, "loop")])
        return reply.to_wire()

    def test_killed(self):
        """LO-01, G9: forwarder and workers die while queries wait: their hops are the same"""
        up = self.up()
        self.lab(group(up, hedge=False), limits={"query_deadline": "8s"})
        names = {f"k{hops}.far.example.": hops for hops in range(HOPS)}
        dead = threading.Event()
        for name in names:
            up.on(name, lambda q: q.right() if dead.is_set() else None)
        waits = [lambda name=name, hops=hops: self.a.query(name, options=[self.mark(hops)])
                 for name, hops in names.items()]

        def kill():
            await_("packets", lambda: all(up.count(name) for name in names))
            pids = self.a.worker_pids + self.a.forwarder_pids
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            await_("others", lambda: len(self.a.forwarder_pids) == 1 and
                   len(self.a.worker_pids) == 2 and
                   not set(pids) & set(self.a.worker_pids + self.a.forwarder_pids))
            dead.set()

        replies = parallel(*waits, kill)
        for (name, hops), reply in zip(names.items(), replies):
            self.check_right(name, reply=reply)
            self.assertEqual({q.message.options[0].data[9] for q in up.queries(name)},
                             {hops + 1})
            self.assertGreater(up.count(name), 1)

    def test_no_blame(self):
        """LO-01, U-04: who claims hops cannot have an upstream taken for a bad one"""
        first, second = self.up(self.as_appliance), self.up(self.as_appliance)
        self.lab(group(first, second, policy="sequential", hedge=False))
        replies = self.a.flood("far.example.", 220, options=[self.mark(HOPS - 1)])()
        self.assertEqual({r.rcode for r in replies}, {"SERVFAIL"})
        first.default = right
        self.check_right("z.other.example.")
        self.assertEqual(first.count("z.other.example."), 1)
        self.assertEqual(self.a.log_lines("upstream down"), [])

    def test_innocent(self):
        """LO-01, FP-03: who claims hops fails alone: others who ask the same are answered"""
        up = self.up(self.as_appliance)
        self.lab(group(up, hedge=False))
        for i in range(4):
            name = f"n{i}.far.example."
            waits = [lambda: self.a.query(name),
                     lambda: self.a.query(name, options=[self.mark(HOPS - 1)]),
                     lambda: self.a.query(name)]
            first, far, second = parallel(*waits)
            self.check_right(name, reply=first)
            self.check_right(name, reply=second)
            if far.rcode == "SERVFAIL":  # else it came when the answer was there
                self.assertEqual((far.ede, far.ede_text), (EDE["other"], "loop"))
            # and the answer is for all
            self.check_right(name, options=[self.mark(HOPS - 1)])
            self.assertLessEqual(up.count(name), 2 * max(PACKETS))

    def test_hops(self):
        """LO-01, LO-02: any number of hops, of any mark: at most the query itself fails"""
        up = self.up()
        self.lab(group(up), loop_detection="exit")
        for i, (options, hops) in enumerate((
                ([self.mark(0)], 1), ([self.mark(1)], 2), ([self.mark(3)], 4),
                ([self.mark(255, 19)], 1), ([self.mark(255, 21)], 1), ([self.mark(255, 0)], 1),
                ([self.mark(2), self.mark(255)], 3))):
            name = f"n{i}.far.example."
            self.check_right(name, options=options)
            self.assertEqual(up.queries(name)[0].message.options[0].data[9], hops, options)
        for i, options in enumerate(([self.mark(4)], [self.mark(255)],
                                     [self.mark(4), self.mark(0)])):
            for tcp in (False, True):
                reply = self.a.query(f"l{i}.far.example.", options=options, tcp=tcp)
                self.assertEqual((reply.rcode, reply.ede, reply.ede_text),
                                 ("SERVFAIL", EDE["other"], "loop"))
            self.assertEqual(up.count(f"l{i}.far.example."), 0)
            self.check_right(f"l{i}.far.example.")
        self.a.await_log("loop through other appliances")
        self.assertTrue(self.a.alive())
        code, text, err = self.a.ctl("metrics", "-c", self.a.config)
        self.assertEqual(code, 0, err)
        self.assertIn('\nshmdns_loops_total{upstream="unknown"} 6\n', text)
        self.check_right("z.far.example.")

    def test_probe(self):
        """LO-03: a probe of a random name at start, when an upstream is on loopback"""
        up = self.up()
        self.lab(group(up))
        q = await_("a probe", up.queries)[0]
        self.assertNotEqual(q.type, "HINFO")
        self.assertEqual(q.options, [MARK])
        self.a.stop()
        names = {q.name.lower() for q in up.queries()}
        self.lab(group(up))
        await_("another", lambda: {q.name.lower() for q in up.queries()} - names)

    def test_forged(self):
        """LO-01: a mark that is not ours is not known: the query is answered"""
        up = self.up()
        self.lab(group(up))
        self.check_right("x.far.example.")
        mark = up.queries("x.far.example.")[0].message.options[0].data
        for i in range(len(mark)):
            forged = mark[:i] + bytes([mark[i] ^ 1]) + mark[i + 1:]
            self.check_right(f"n{i}.far.example.", options=[dns.edns.GenericOption(MARK, forged)])
        reply = self.a.query("y.far.example.", options=[dns.edns.GenericOption(MARK, mark)])
        self.assertEqual((reply.rcode, reply.ede, reply.ede_text),
                         ("SERVFAIL", EDE["other"], "loop"))
        self.assertEqual(up.count("y.far.example."), 0)


if __name__ == "__main__":
    unittest.main()
