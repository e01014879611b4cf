"""Endpoints move from one slice to another (RDY-06, WP-87; CD-34)."""

import time

import dns.rcode

import harness
from fixture import Beside, ClusterTest, Shared

MOVES = 1000
HELD_S = 0.05  # so long an address that left a slice is waited for (WP-87)
LATE_S = 0.5  # after so long every effect of a slow move is over
MOST_SLOW = 0.5  # a share of moves that says nothing about us


class Watching(Beside):
    """Asks one server for a name all the time; remembers when it was told that it is none."""

    def __init__(self, port, name):
        super().__init__()
        self.port, self.name = port, name
        self.missing, self.asked = [], 0

    def once(self):
        reply = harness.ask("127.0.0.1", self.name, "A", port=self.port)
        self.asked += 1
        if reply.rcode() != dns.rcode.NOERROR or not reply.answer:
            self.missing.append(time.monotonic())

    def outside(self, windows):
        return [t for t in self.missing if not any(a <= t <= b for a, b in windows)]


class Moves(ClusterTest):
    needs_api = True

    def test_moves(self):
        """RDY-06: 1,000 times the old slice loses it first; the name is always there"""
        self.headless("db")
        one = self.slice("db-1", "db", ["192.0.2.1"])
        two = self.slice("db-2", "db", [])
        endpoints = one["endpoints"]
        self.quiet("before")
        name = self.name("db")
        slow = []
        with Watching(self.dns.port, name) as ours, \
                Watching(Shared.get_coredns(False).port, name) as theirs:
            for _ in range(MOVES):
                one["endpoints"] = []
                began = time.monotonic()
                one = self.api.replace(one)
                two["endpoints"] = endpoints
                two = self.api.replace(two)
                if time.monotonic() - began > HELD_S:
                    slow.append((began, time.monotonic() + LATE_S))
                one, two = two, one
        self.quiet("after")
        print(f"     {MOVES} moves, {len(slow)} of them slow; NXDOMAIN: {len(ours.missing)} of "
              f"{ours.asked}, CoreDNS {len(theirs.missing)} of {theirs.asked}")
        self.assertEqual(ours.outside(slow), [])
        if len(slow) > MOST_SLOW * MOVES:
            self.skipTest(f"{len(slow)} of {MOVES} moves took over {HELD_S} s")
