"""Loops (LO-01 to LO-03): questions of ours that come back are known by their mark."""

import time
import unittest

from harness import await_
from lab import EDE, Forwarding, ForwardTest, group
from test_questions import MARK


class Loops(ForwardTest):
    def back(self, port):
        """A script that asks an appliance what it was asked, and says what that said."""
        import socket

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
        import dns.edns
        up = self.up()
        a = self.lab(group(up, hedge=False), loop_detection="exit")
        self.check_right("x.far.example.", options=[dns.edns.GenericOption(MARK, bytes(20))])
        self.assertTrue(a.alive())
        up.default = self.back(a.port)
        from contextlib import suppress
        import dns.exception
        with suppress(dns.exception.Timeout, OSError):
            a.query("y.far.example.", timeout_s=2)
        await_("the end", lambda: not a.alive())
        self.assertIn("loop", a.log_text())
        a.process = None

    def test_two(self):
        """LO-01, FP-04: two appliances that forward to each other: it ends, and both live"""
        first = Forwarding(forward=())
        second = Forwarding(group(f"127.0.0.1:{first.port}", hedge=False))
        first.settings = {"forward": [group(f"127.0.0.1:{second.port}", hedge=False)]}
        first.write_config()
        self.enter(first)
        self.a = self.enter(second)
        for a in (first, second):
            reply = a.query(f"{time.monotonic_ns()}.far.example.")
            self.check_failed(reply)
            self.assertLess(reply.took_s, 6)
        for self.a in (first, second):
            self.check_ours()

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
        """LO-01: a mark that is not ours is none: the query is answered"""
        import dns.edns
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
