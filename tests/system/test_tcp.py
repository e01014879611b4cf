"""TCP with real processes: T rows, EV-01, EV-08, E-17, MQ-10, MQ-11."""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import struct
import threading
import time
import unittest

import dns.edns
import dns.message
import dns.rcode

import harness
from test_listen import ADDRESSES, OWN_NET, PORT, InNamespace, inside

ZONE = "shop.svc.cluster.local."
WEB = f"svc-001.{ZONE}"
KEEPALIVE = 11


def framed(message):
    octets = message.to_wire()
    return struct.pack("!H", len(octets)) + octets


def query(i=0, name=WEB, **options):
    q = dns.message.make_query(name, "A", **options)
    q.id = i
    return framed(q)


class Client:
    """A connection. Octets go out as they are given; replies come back decoded."""

    def __init__(self, appliance, source=None, receive_buffer=None, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(harness.PATIENCE_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, appliance.port))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def read(self):
        """The next reply, None at the end of the stream."""
        octets = self.read_octets()
        return octets and dns.message.from_wire(octets)

    def read_octets(self):
        while True:
            if len(self.buffer) >= 2:
                n = 2 + struct.unpack("!H", self.buffer[:2])[0]
                if len(self.buffer) >= n:
                    octets, self.buffer = self.buffer[2:n], self.buffer[n:]
                    return octets
            more = self.socket.recv(1 << 20)
            if not more:
                assert self.buffer == b"", "the stream ends in a message"
                return None
            self.buffer += more

    def ask(self, i=0, name=WEB, **options):
        self.send(query(i, name, **options))
        return self.read()

    def ended(self):
        """True if the server has ended the connection by now."""
        return bool(select.select([self.socket], [], [], 0)[0]) and self.read() is None

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def appliance(tcp="", workers=1, objects=None, **options):
    extra = f"tcp = {{ {tcp} }};" if tcp else ""
    return harness.Appliance(objects or harness.cluster(), workers=workers, extra=extra,
                             **options)


def big_cluster(addresses=1000):
    names = [f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" for i in range(addresses)]
    slices = [harness.slice_(f"big-{i}", "big", names[i:i + 1000])
              for i in range(0, addresses, 1000)]
    return harness.object_list(harness.namespace("shop"), harness.service("svc-001"),
                               harness.service("big", ip="None"), *slices)


def resident(pid):
    """Octets of memory that a process has touched."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1)) << 10


def closed(a):
    """{reason: connections} over all workers."""
    out = {}
    for w in a.status()["workers"]:
        for why, n in w["tcp"]["closed"].items():
            out[why] = out.get(why, 0) + n
    return out


def connections(a):
    return sum(w["tcp"]["connections"] for w in a.status()["workers"])


class Stream(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.a = appliance()
        cls.a.start()
        cls.addClassCleanup(cls.a.__exit__, None, None, None)

    def check(self, replies, n):
        self.assertEqual(sorted(r.id for r in replies), list(range(n)))
        for r in replies:
            self.assertEqual(harness.outcome(r), ("NOERROR", ["10.96.1.1"]))

    def test_one(self):
        """T-01: a query, its reply; the connection stays, and takes more"""
        with Client(self.a) as c:
            self.check([c.ask(i) for i in range(3)], 3)

    def test_three_in_a_segment(self):
        """T-01: three in one segment"""
        with Client(self.a) as c:
            c.send(query(0) + query(1) + query(2))
            self.check([c.read() for _ in range(3)], 3)

    def test_octet_by_octet(self):
        """T-01: each octet in a segment of its own"""
        with Client(self.a) as c:
            c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in query(0) + query(1):
                c.send(bytes([octet]))
            self.check([c.read() for _ in range(2)], 2)

    def test_long_query(self):
        """W-16, W-37: 60,000 octets left over: FORMERR, and the connection stays"""
        junk = dns.message.make_query(WEB, "A").to_wire() + bytes(60000)
        with Client(self.a) as c:
            for _ in range(3):
                c.send(query(0) + struct.pack("!H", len(junk)) + junk + query(1))
                self.assertEqual(c.read().id, 0)
                self.assertEqual(c.read().rcode(), dns.rcode.FORMERR)
                self.assertEqual(c.read().id, 1)

    def test_broken_length(self):
        """T-03: length 0, 1, 11: what came before is answered, then the end"""
        for length in (0, 1, 11):
            for before in (0, 3):
                with self.subTest(length=length, before=before), Client(self.a) as c:
                    c.send(b"".join(query(i) for i in range(before)) +
                           struct.pack("!H", length) + bytes(length) + query(9))
                    self.check([c.read() for _ in range(before)], before)
                    self.assertIsNone(c.read())

    def test_response(self):
        """W-03: a response: no reply, the end"""
        with Client(self.a) as c:
            q = bytearray(query(7))
            q[4] |= 0x80
            c.send(query(0) + bytes(q) + query(1))
            self.check([c.read()], 1)
            self.assertIsNone(c.read())

    def test_half_close(self):
        """T-09: all queries are answered, then the end"""
        for n in (0, 1, 3, 200):
            with self.subTest(n), Client(self.a) as c:
                c.send(b"".join(query(i) for i in range(n)))
                c.socket.shutdown(socket.SHUT_WR)
                self.check([c.read() for _ in range(n)], n)
                self.assertIsNone(c.read())

    def test_half_close_within(self):
        """T-09: a query without its end is nobody's"""
        with Client(self.a) as c:
            c.send(query(0) + query(1)[:-1])
            c.socket.shutdown(socket.SHUT_WR)
            self.check([c.read()], 1)
            self.assertIsNone(c.read())

    def test_keepalive(self):
        """E-17: who asks is told the idle time in 100 ms, nobody else"""
        option = dns.edns.GenericOption(KEEPALIVE, b"")
        with Client(self.a) as c:
            reply = c.ask(use_edns=0, options=[option])
            self.assertEqual([(o.otype, o.to_wire()) for o in reply.options],
                             [(KEEPALIVE, struct.pack("!H", 100))])
            self.assertEqual(c.ask(use_edns=0).options, ())
            self.assertEqual(c.ask().edns, -1)

    def test_many_queries(self):
        """T-06: 100,000 on one connection, and memory stays flat"""
        n, batch = 100000, 500
        octets = b"".join(query(i) for i in range(batch))
        pid = self.a.worker_pids[0]
        with Client(self.a) as c:
            for turn in range(n // batch):
                if turn == 1:
                    before = resident(pid)
                c.send(octets)
                ids = [int.from_bytes(c.read_octets()[:2], "big") for _ in range(batch)]
                self.assertEqual(ids, list(range(batch)))
            self.assertLess(resident(pid) - before, 256 << 10)

    def test_resets(self):
        """T-10: RST after, within and before a query: nobody else notices"""
        pids = self.a.worker_pids
        with Client(self.a) as other:
            for octets in (b"", query(0), query(0)[:9], query(0) * 500 + b"\0"):
                for _ in range(20):
                    c = Client(self.a)
                    c.send(octets)
                    c.reset()
                self.check([other.ask(0)], 1)
        self.assertEqual(self.a.worker_pids, pids)
        harness.await_("the last to be gone", lambda: connections(self.a) == 0)

    def test_ctl(self):
        """OP-07: shmdnsctl query --tcp"""
        code, out, err = self.a.ctl("query", "-c", self.a.config, "--tcp", WEB, "A")
        self.assertEqual(code, 0, err)
        self.assertIn("over tcp", out)
        self.assertIn("10.96.1.1", out)


class Large(unittest.TestCase):
    def test_large_answers(self):
        """S-05, S-06: 4,000 addresses in one message; UDP says TC"""
        with appliance(objects=big_cluster(4000)) as a, Client(a) as c:
            def whole():
                reply = c.ask(name=f"big.{ZONE}")
                return len(reply.answer) == 1 and len(reply.answer[0]) == 4000
            harness.await_("4,000 addresses", whole)
            c.send(b"".join(query(i, f"big.{ZONE}") for i in range(50)))
            for i in range(50):
                octets = c.read_octets()
                self.assertEqual(octets[:8], struct.pack("!4H", i, 0x8500, 1, 4000))
                self.assertGreater(len(octets), 4000 * 16)
            self.assertEqual(len({r.address for r in dns.message.from_wire(octets).answer[0]}),
                             4000)
            self.assertTrue(a.ask(f"big.{ZONE}", "A").flags & dns.flags.TC)

    def test_never_reads(self):
        """T-07: who takes no replies is not read from, and closed after tcp.write"""
        with appliance('write = "1s"; idle = "60s";', objects=big_cluster(1000)) as a:
            with Client(a, receive_buffer=4096) as c, Client(a) as other:
                harness.await_("1,000 addresses", lambda: len(
                    (other.ask(name=f"big.{ZONE}").answer or [[]])[0]) == 1000)
                c.socket.settimeout(0.5)
                sent, began = 0, time.monotonic()
                with contextlib.suppress(OSError):
                    while time.monotonic() - began < harness.PATIENCE_S:
                        sent += c.socket.send(query(0, f"big.{ZONE}") * 1000)
                # What the kernel holds of queries on both sides, no more.
                self.assertLess(sent, 16 << 20)
                self.assertEqual(other.ask().rcode(), 0)
                harness.await_("the end", lambda: closed(a)["write"] == 1)
                self.assertEqual(other.ask().rcode(), 0)
                self.assertLess(resident(a.worker_pids[0]), 8 << 20)

    def test_all_big_buffers(self):
        """T-07, T-08: more slow readers than big buffers: others are still served"""
        with appliance(objects=big_cluster(1000)) as a, contextlib.ExitStack() as stack:
            other = stack.enter_context(Client(a))
            harness.await_("1,000 addresses", lambda: len(
                (other.ask(name=f"big.{ZONE}").answer or [[]])[0]) == 1000)
            for _ in range(100):
                c = stack.enter_context(Client(a, receive_buffer=4096))
                c.send(query(0, f"big.{ZONE}") * 40)
            harness.await_("some to give way", lambda: closed(a)["limit"] > 0)
            self.assertEqual(other.ask().rcode(), 0)


class Limits(unittest.TestCase):
    def test_silence_within(self):
        """T-04: a length of 65,535, then silence: tcp.read; little memory before data"""
        n = 200
        with appliance('read = "1s";') as a, contextlib.ExitStack() as stack:
            pid = a.worker_pids[0]
            with Client(a) as first:
                first.ask()
            before = resident(pid)
            clients = [stack.enter_context(Client(a)) for _ in range(n)]
            for c in clients:
                c.send(b"\xff\xff")
            harness.await_("connections", lambda: connections(a) >= n)
            self.assertLess(resident(pid) - before, n * 4096 + (256 << 10))
            for c in clients:
                self.assertIsNone(c.read())
            self.assertEqual(closed(a)["read"], n)

    def test_slow_octets(self):
        """T-04: an octet now and then does not keep a query alive"""
        with appliance('read = "1s"; idle = "60s";') as a, Client(a) as c:
            octets = query(0)

            def dripped():
                nonlocal octets
                with contextlib.suppress(OSError):
                    c.send(octets[:1])
                    octets = octets[1:]
                return c.ended()
            harness.await_("the end", dripped, every_s=0.1)
            self.assertEqual(closed(a)["read"], 1)
            self.assertGreater(len(octets), 0)

    def test_idle(self):
        """T-05: tcp.idle; a reload changes it for open connections, too (FE-49)"""
        with appliance('idle = "3600s"; max_age = "0s";') as a, Client(a) as c:
            self.assertEqual(c.ask().rcode(), 0)
            self.assertFalse(c.ended())
            a.extra = 'tcp = { idle = "1s"; };'
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            a.await_log("reload done")
            self.assertIsNone(c.read())
            c.socket.shutdown(socket.SHUT_WR)
            harness.await_("it to be counted", lambda: closed(a)["idle"] == 1)

    def test_max_queries(self):
        """T-06: tcp.max_queries are answered, then FIN and no RST"""
        with appliance("max_queries = 5;") as a, Client(a) as c:
            c.send(b"".join(query(i) for i in range(8)))
            self.assertEqual([c.read().id for _ in range(5)], list(range(5)))
            self.assertIsNone(c.read())
            c.send(query(9))  # reads on: no reset
            c.socket.shutdown(socket.SHUT_WR)
            self.assertIsNone(c.read())
            harness.await_("it to be counted", lambda: closed(a)["queries"] == 1)

    def test_max_age(self):
        """T-06: tcp.max_age ends it between queries: whatever was read is answered"""
        with appliance('max_age = "1s";') as a, Client(a) as c:
            asked = answered = 0
            while True:
                c.send(query(asked))
                asked = (asked + 1) % 65536
                reply = c.read()  # raises if the connection is reset
                if reply is None:
                    break
                self.assertEqual(reply.id, answered % 65536)
                answered += 1
            self.assertGreater(answered, 0)
            c.socket.shutdown(socket.SHUT_WR)
            harness.await_("it to be counted", lambda: closed(a)["age"] == 1)

    def test_too_many(self):
        """T-08: the oldest idle one of the client with most connections is closed"""
        with appliance("max_connections = 8;") as a, contextlib.ExitStack() as stack:
            def client(source):
                c = stack.enter_context(Client(a, source))
                self.assertEqual(c.ask().rcode(), 0)
                return c
            few = [client("127.0.0.2") for _ in range(2)]
            many = [client("127.0.0.1") for _ in range(6)]
            option = dns.edns.GenericOption(KEEPALIVE, b"")
            reply = few[0].ask(use_edns=0, options=[option])
            self.assertEqual(reply.options[0].to_wire(), b"\0\0")  # E-17: shedding
            for i in range(3):
                late = client(f"127.0.0.{3 + i}")
                self.assertIsNone(many[i].read())
                for c in (*few, *many[i + 1:], late):
                    self.assertEqual(c.ask().rcode(), 0)
            self.assertEqual(connections(a), 8)
            self.assertEqual(closed(a)["limit"], 3)
            a.extra = "tcp = { max_connections = 3; };"  # FE-49: a reload counts
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            harness.await_("five more to go", lambda: connections(a) == 3)
            self.assertEqual(closed(a)["limit"], 8)

    def test_thousand(self):
        """T-08, MQ-10: 1,000 connections at once, each is answered, twice"""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2048:
            self.skipTest("too few descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with appliance(workers=2) as a, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(a)) for _ in range(1000)]
            for turn in range(2):
                for i, c in enumerate(clients):
                    c.send(query(i))
                for i, c in enumerate(clients):
                    self.assertEqual(c.read().id, i)
                self.assertEqual(a.ask(WEB, "A").rcode(), 0)
            self.assertEqual(connections(a), 1000)
            code, out, err = a.ctl("status", "-c", a.config, "-o", "wide")
            self.assertIn("1000 connections now", out)


@harness.alone
class Abuse(unittest.TestCase):
    def flood(self, a, stop):
        """More connections than are kept: silent, half, reset, slow to read."""
        octets = query(0)
        held = []
        while not stop.is_set():
            with contextlib.suppress(OSError):
                for kind in range(4):
                    c = Client(a)
                    held.append(c)
                    c.send((b"", octets[:7], octets, octets * 500)[kind])
                    if kind == 2:
                        c.reset()
            while len(held) > 300:
                held.pop(0).socket.close()
        for c in held:
            c.socket.close()

    def test_datagrams_go_on(self):
        """R-21: whatever happens over TCP: no datagram is lost, a new client is answered"""
        if harness.sanitized("shmdns-worker"):
            raise unittest.SkipTest("a build with sanitizers is too slow for 1,000 to give way")
        with appliance('read = "1s"; max_connections = 200;') as a:
            pids = a.worker_pids
            load = harness.Load(a, harness.cluster_questions())
            stop = threading.Event()
            thread = threading.Thread(target=self.flood, args=(a, stop))
            with load.running(2000, 5 if harness.FULL else 2) as run:
                thread.start()
                try:
                    with Client(a) as c:
                        self.assertEqual(c.ask().rcode(), 0)
                    harness.await_("1,000 to give way", lambda: closed(a)["limit"] > 1000)
                finally:
                    stop.set()
                    thread.join()
            self.assertEqual(run.result["wrong"], 0)
            load.lost_at_most(run, 0)
            with Client(a) as c:
                self.assertEqual(c.ask().rcode(), 0)
            self.assertEqual(a.worker_pids, pids)


class Descriptors(unittest.TestCase):
    def test_none_left(self):
        """EV-08: accepting pauses, the rest goes on, a new client is answered"""
        with appliance('max_age = "0s";') as a, contextlib.ExitStack() as stack:
            pid = a.worker_pids[0]
            used = max(map(int, os.listdir(f"/proc/{pid}/fd")))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 9, used + 9))
            for _ in range(20):
                stack.enter_context(Client(a))
            harness.await_("a pause", lambda: a.status()["workers"][0]["tcp"]["pauses"] > 0)
            for _ in range(20):
                self.assertEqual(a.ask(WEB, "A").rcode(), 0)
            with Client(a) as c:
                self.assertEqual(c.ask().rcode(), 0)
            a.put("more.json", harness.object_list(harness.service("more", ip="10.96.9.9")))
            a.await_outcome(f"more.{ZONE}", "A", "NOERROR", ["10.96.9.9"])
            self.assertEqual(a.worker_pids, [pid])
            self.assertGreater(len(a.log_lines("accepting paused")), 0)


class Replaced(unittest.TestCase):
    def test_orderly_end(self):
        """T-06: the appliance stops: what was sent is answered, then FIN, never RST"""
        with appliance(workers=2) as a, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(a)) for _ in range(20)]
            for c in clients:
                c.send(query(0))
                self.assertEqual(c.read().id, 0)
                c.send(b"".join(query(i) for i in range(100)))
            a.process.terminate()
            for c in clients:
                replies = []
                while (reply := c.read()) is not None:
                    replies.append(reply.id)
                self.assertEqual(replies, list(range(100)))
            a.process.wait(harness.PATIENCE_S)

    def test_backlog_outlives_worker(self):
        """EV-01, DE-03: connections that wait are accepted by the successor"""
        with appliance() as a, contextlib.ExitStack() as stack:
            pid = a.worker_pids[0]
            os.kill(pid, signal.SIGSTOP)
            clients = [stack.enter_context(Client(a)) for _ in range(20)]
            for c in clients:
                c.send(query(5))
            os.kill(pid, signal.SIGKILL)
            for c in clients:
                self.assertEqual(c.read().id, 5)
            self.assertEqual(connections(a), 20)
            os.kill(a.worker_pids[0], signal.SIGKILL)  # the gauge goes with its process
            harness.await_("none of the successor's", lambda: connections(a) == 0)

    def test_crash_loop(self):
        """EV-03: a share that is steered around: TCP is served by the others"""
        with appliance(workers=2) as a:
            stop = threading.Event()

            def shoot():
                killed = set()
                while not stop.is_set():
                    lines = a.log_lines(r"worker started slot=1 ")
                    pid = int(re.search(r"pid=(\d+)", lines[-1]).group(1))
                    if pid not in killed:
                        killed.add(pid)
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                    time.sleep(0.001)
            thread = threading.Thread(target=shoot)
            thread.start()
            try:
                a.await_log("crash loop: steered around share=1")
                for _ in range(100):
                    with Client(a) as c:
                        self.assertEqual(c.ask().rcode(), 0)
            finally:
                stop.set()
                thread.join()


class Addresses(unittest.TestCase):
    def setUp(self):
        harness.need_root()
        harness.need_namespace()
        harness.need("nsenter")

    def ask(self, a, address):
        a.port = PORT
        with inside(a.pid), Client(a, host=address) as c:
            return c.ask().rcode()

    def listeners(self, a):
        """Local addresses that a listener stands on, each once."""
        out = set()
        for file in ("tcp", "tcp6"):
            with open(f"/proc/{a.pid}/net/{file}") as f:
                for line in f.readlines()[1:]:
                    fields = line.split()
                    if fields[3] == "0A":
                        out.add(fields[1])
        return out

    def test_wildcard(self):
        """T-11: TCP on every address that UDP is on, by one wildcard for each family"""
        with InNamespace(harness.cluster(3), listen=["0.0.0.0:53", "[::]:53"],
                         wrap=OWN_NET) as a:
            for address in ADDRESSES:
                with self.subTest(address):
                    self.assertEqual(self.ask(a, address), 0)
            self.assertEqual(self.listeners(a), {"00000000:0035", "0" * 32 + ":0035"})

    def test_specific(self):
        """T-11: named addresses only"""
        with InNamespace(harness.cluster(3), listen=["10.1.0.1:53", "[2001:db8::1]:53"],
                         wrap=OWN_NET) as a:
            for address in ("10.1.0.1", "2001:db8::1"):
                self.assertEqual(self.ask(a, address), 0)
            with self.assertRaises(ConnectionRefusedError):
                self.ask(a, "10.1.0.2")

    def test_somebody_holds_one(self):
        """T-11, EV-11: somebody listens on 127.0.0.53:53: TCP on all other addresses"""
        hold = ["unshare", "-n", "/usr/bin/python3", "-c", """
import os, socket, sys
os.system(sys.argv[1].partition("exec")[0].strip())
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.53", 53))
s.listen()
os.set_inheritable(s.fileno(), True)
os.execvp(sys.argv[2], sys.argv[2:])
""", OWN_NET[4].partition("&& exec")[0]]
        with InNamespace(harness.cluster(3), listen=["0.0.0.0:53"], wrap=hold) as a:
            self.assertEqual(len(a.log_lines(r"port held listen=0\.0\.0\.0:53 proto=tcp")), 1)
            for address in (x for x in ADDRESSES if ":" not in x):
                with self.subTest(address):
                    self.assertEqual(self.ask(a, address), 0)
            a.ip("addr", "add", "10.1.0.77/24", "dev", "d0")
            a.await_log("address new listen=10.1.0.77:53")

            def served():
                with contextlib.suppress(ConnectionRefusedError):
                    return self.ask(a, "10.1.0.77") == 0
            harness.await_("TCP on the new address", served)
