"""Queries that wait (FP-02, FP-04, SH-11): what becomes of them when their worker or their client
goes, by UDP and TCP, and how many there may be."""

import collections
import os
import re
import signal
import socket
import struct
import time
import unittest

import dns.message

import harness
from harness import await_
from lab import EDE, SERVICE, ForwardTest, Forwarding, Reply, group
from test_publish import Strace
from upstream import address_of, after, silent

NAME = "a.far.example."


class Everywhere(Forwarding):
    def write_config(self):
        self.listen = [f"0.0.0.0:{self.port}"]
        super().write_config()


def receive(s):
    """The next message of a stream, or None at its end."""
    head = s.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    size = struct.unpack("!H", head)[0]
    return dns.message.from_wire(s.recv(size, socket.MSG_WAITALL))


class Waiting(ForwardTest):
    def udp(self, source="127.0.0.1", server="127.0.0.1"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((source, 0))
        s.connect((server, self.a.port))
        s.settimeout(8)
        return s

    def tcp(self):
        s = socket.create_connection(("127.0.0.1", self.a.port), 8)
        self.addCleanup(s.close)
        return s

    def send(self, s, name, id_=None):
        query = self.a.make(name)
        if id_ is not None:
            query.id = id_
        wire = query.to_wire()
        s.sendall(wire if s.type == socket.SOCK_DGRAM else struct.pack("!H", len(wire)) + wire)

    def check_reply(self, s, name):
        message = receive(s) if s.type == socket.SOCK_STREAM else dns.message.from_wire(
            s.recv(65535))
        self.assertIsNotNone(message, name)
        self.check_right(name, reply=Reply(message, 0))

    def ask_slowly(self, sockets, seconds=1.2, **settings):
        """An upstream that takes its time, and a question by each socket that waits for it."""
        up = self.up(after(seconds))
        self.lab(group(up, timeout="3s", hedge=False, max_fails=0), **settings)
        sockets = [s() for s in sockets]
        for i, s in enumerate(sockets):
            self.send(s, f"{i}.far.example.")
        await_("the questions", lambda: len({q.name.lower() for q in up.queries()
                                             if "far" in q.name.lower()}) == len(sockets))
        return sockets


class Ends(Waiting):
    def test_killed(self):
        """SH-11, G9: the workers are killed: their successors answer what waits, once each"""
        sockets = self.ask_slowly([self.udp] * 24)
        for pid in self.a.worker_pids:
            os.kill(pid, signal.SIGKILL)
        for i, s in enumerate(sockets):
            self.check_reply(s, f"{i}.far.example.")
        time.sleep(0.3)
        for s in sockets:
            s.setblocking(False)
            self.assertRaises(BlockingIOError, s.recv, 65535)

    def test_killed_again(self):
        """SH-11, G9: and their successors too"""
        sockets = self.ask_slowly([self.udp] * 24, seconds=2.5)
        for _ in range(3):
            before = set(self.a.worker_pids)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            await_("successors", lambda: len(set(self.a.worker_pids) - before) == 2)
        for i, s in enumerate(sockets):
            self.check_reply(s, f"{i}.far.example.")

    def test_retired(self):
        """G9: a worker that is told to end settles what waits first, by UDP and by TCP"""
        sockets = self.ask_slowly([self.udp, self.tcp] * 8)
        for pid in self.a.worker_pids:
            os.kill(pid, signal.SIGTERM)
        for i, s in enumerate(sockets):
            self.check_reply(s, f"{i}.far.example.")
        for s in sockets[1::2]:
            self.assertIsNone(receive(s))

    def test_tcp_killed(self):
        """SH-11: TCP queries go with their connection; other clients do not notice"""
        sockets = self.ask_slowly([self.tcp] * 4)
        for pid in self.a.worker_pids:
            os.kill(pid, signal.SIGKILL)
        for s in sockets:
            try:
                self.assertIsNone(receive(s))
            except ConnectionResetError:
                pass
        self.check_right("0.far.example.")


class Straight(Waiting):
    def ask_all(self, sockets, rounds):
        """Misses and hits, in batches that are as large as they come."""
        for k in range(rounds):
            for i, s in enumerate(sockets):
                self.send(s, f"{i}-{k}.far.example.")
                self.send(s, f"0-{max(k - 1, 0)}.far.example.")
            for s in sockets:
                for _ in range(2):
                    self.assertEqual(dns.message.from_wire(s.recv(65535)).rcode(), 0)

    def test_no_system_call(self):
        """no system call between recvmmsg and sendmmsg, of queries and of what was settled"""
        harness.need_trace()
        self.lab(group(self.up()), workers=1)
        self.check_right("first.far.example.")  # the forwarder has said HELLO
        sockets = [self.udp() for _ in range(20)]
        path = os.path.join(self.a.directory, "trace")
        with Strace(self.a.worker_pids[0], path):
            self.ask_all(sockets, 20)
        with open(path, encoding="utf-8") as f:
            calls = re.findall(r"^(?:\d+ +)?(\w+)\(.*\) *= (-?\d+)", f.read(), re.MULTILINE)
        after_batch = collections.Counter(
            then[0] for this, then in zip(calls, calls[1:])
            if this[0] == "recvmmsg" and int(this[1]) > 0)
        self.assertGreater(after_batch["sendmmsg"], 30)
        self.assertEqual(set(after_batch), {"sendmmsg"})

    def test_no_allocation(self):
        """no allocation between recvmmsg and sendmmsg"""
        self.lab(group(self.up()), workers=1, env=harness.noalloc())
        pid = self.a.worker_pids
        self.ask_all([self.udp() for _ in range(20)], 20)
        self.assertEqual(self.a.worker_pids, pid, "the worker died")
        harness.check_noalloc(self.a)


class Streams(Waiting):
    def test_half_close(self):
        """T-09: FIN after the queries: all are answered, then it is closed"""
        up = self.up(after(0.8))
        self.lab(group(up, hedge=False, timeout="3s"))
        s = self.tcp()
        for i in range(5):
            self.send(s, f"{i}.far.example.", i)
        s.shutdown(socket.SHUT_WR)
        got = [receive(s) for _ in range(5)]
        self.assertEqual(sorted(m.id for m in got), list(range(5)))
        self.assertIsNone(receive(s))

    def test_idle(self):
        """T-05, T-06: a connection that waits for a reply is not idle, and ends after it"""
        up = self.up(after(1.5))
        self.lab(group(up, hedge=False, timeout="3s"), tcp={"idle": "1s", "max_queries": 3})
        s = self.tcp()
        self.send(s, NAME)
        self.check_reply(s, NAME)
        s = self.tcp()
        for i in range(5):
            self.send(s, f"{i}.far.example.", i)
        self.assertEqual(sorted(receive(s).id for _ in range(3)), [0, 1, 2])
        self.assertIsNone(receive(s))

    def test_reset(self):
        """T-10: a client that is gone before its replies are there takes nothing with it"""
        sockets = self.ask_slowly([self.tcp] * 8, seconds=0.8)
        for s in sockets[::2]:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        for i, s in list(enumerate(sockets))[1::2]:
            self.check_reply(s, f"{i}.far.example.")
        self.check_ours()


class Bounds(Waiting):
    def test_retransmitted(self):
        """FP-02, MQ-14: a client that asks again meanwhile is answered once"""
        self.ask_slowly([], workers=1)
        s = self.udp()
        for _ in range(3):
            self.send(s, NAME, 77)
        self.check_reply(s, NAME)
        s.settimeout(0.5)
        self.assertRaises(socket.timeout, s.recv, 65535)
        self.assertEqual(self.a.ctl("metrics", "-i", self.a.instance, "shmdns_duplicate")[1]
                         .splitlines()[-1], "shmdns_duplicate_queries_total 2")

    def test_asked_address(self):
        """FP-02: by a wildcard's socket the reply leaves from the address that was asked"""
        up = self.up(after(0.5))
        self.a = self.enter(Everywhere(group(up)))
        for server in ("127.0.0.1", "127.0.0.77"):
            s = self.udp(server=server)
            self.send(s, NAME)
            self.check_reply(s, NAME)

    def test_crowd(self):
        """FP-02: past half a client has at most an eighth; others find room; REFUSED says why"""
        up, near = self.up(silent), self.up(after(0.2))
        self.lab(group(up, max_concurrent=0, max_fails=0), group(near, zone="near.example."),
                 workers=1)  # an upstream of its own: the other one may have its fill
        s = self.udp(source="127.0.0.3")
        for i in range(3000):
            self.send(s, f"{i}.far.example.", i)
            if i % 100 == 0:
                self.check_ours()
        other = self.udp(source="127.0.0.4")
        self.send(other, "x.near.example.")
        self.check_reply(other, "x.near.example.")
        self.check_ours()
        replies = [Reply(dns.message.from_wire(s.recv(65535)), 0) for _ in range(3000)]
        self.assertEqual(len({r.message.id for r in replies}), 3000)
        count = collections.Counter((r.rcode, r.ede) for r in replies)
        refused = count.pop(("REFUSED", EDE["other"]))
        self.assertGreaterEqual(refused, 3000 - 2049, count)
        self.assertEqual({rcode for rcode, _ in count}, {"SERVFAIL"})
        self.assertEqual({r.ede_text for r in replies if r.rcode == "REFUSED"},
                         {"too many queries in flight"})

    def test_full(self):
        """FP-02: all places are taken: REFUSED; cluster names and what is cached go on"""
        up = self.up(silent)
        up.on("known.near.example.", after(0))
        self.lab(group(up, max_concurrent=0, max_fails=0), workers=1)
        self.check_right("known.near.example.")
        crowd = [self.udp(source=f"127.0.1.{i}") for i in range(1, 13)]
        for k, s in enumerate(crowd):
            for i in range(400):
                self.send(s, f"{i}-{k}.far.example.", i)
        self.assertEqual(self.a.outcome(*SERVICE), ("NOERROR", ["10.96.1.1"]))
        self.assertEqual(self.a.query("known.near.example.").rdatas,
                         [address_of("known.near.example.", "A")])
        count = collections.Counter()
        for s in crowd:
            for _ in range(400):
                count[Reply(dns.message.from_wire(s.recv(65535)), 0).rcode] += 1
        self.assertEqual(sum(count.values()), 4800)
        self.assertGreaterEqual(count["REFUSED"], 4800 - 4096)


if __name__ == "__main__":
    unittest.main()
