"""The log of queries: formats, what is chosen, who is too slow, who dies (SM-02, MN-07, LG-04)."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import threading
import unittest

import dns.message
import dns.query
import dns.rdatatype

import harness
import logtext
from scrape import Scrape

ZONE = "shop.svc.cluster.local."
HERE = "svc-001." + ZONE
# CoreDNS's common log format, as it documents it.
COREDNS = re.compile(
    r'(?P<client>\[[0-9a-f:]+\]|[0-9.]+):(?P<port>\d+) - (?P<id>\d+) '
    r'"(?P<type>\S+) (?P<class>\S+) (?P<name>\S+) (?P<proto>udp|tcp) (?P<size>\d+) '
    r'(?P<do>true|false) (?P<bufsize>\d+)" (?P<rcode>[A-Z]+) (?P<rflags>[a-z,]*) (?P<rsize>\d+) '
    r'(?P<duration>\d+(\.\d+)?s)')
KV = re.compile(r"info admin: query (.*)")


def parse(line):
    """A line of any of the formats as {field: text}; None: it is another line."""
    if line.startswith("{"):
        return {k: str(v).lower() if isinstance(v, bool) else str(v)
                for k, v in json.loads(line).items()}
    if m := KV.fullmatch(line):
        return dict(pair.split("=", 1) for pair in m[1].split(" "))
    m = COREDNS.fullmatch(line)
    return m and m.groupdict()


class Lab(unittest.TestCase):
    keys = 'format = "kv";'
    more = ""
    workers = 2

    def setUp(self):
        self.metrics = harness.free_port()
        self.a = self.appliance()
        self.a.__enter__()
        self.addCleanup(self.a.__exit__, None, None, None)

    def appliance(self):
        return harness.Appliance(harness.cluster(5), workers=self.workers, extra=self.extra(),
                                 http={"metrics": self.metrics})

    def extra(self):
        return f"query_log = {{ {self.keys} }};\n{self.more}"

    def text(self):
        return self.a.log_text()

    def lines(self, name=None):
        """Lines of queries (for that name), parsed."""
        found = [parse(line) for line in self.text().splitlines()]
        return [q for q in found if q and name in (None, q["name"])]

    def await_lines(self, name, n):
        return harness.await_(f"{n} lines of {name}", lambda: (
            found := self.lines(name)) and len(found) >= n and found)

    def reload(self, keys, more=""):
        before = len(self.a.log_lines("reload done"))
        self.keys, self.more = keys, more
        self.a.extra = self.extra()
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        harness.await_("a reload", lambda: len(self.a.log_lines("reload done")) > before)
        config = self.a.status()["generation"]
        harness.await_("settings", lambda: all(
            w["generation"] >= config for w in self.a.status()["workers"] if w.get("pid")))

    def ask_tcp(self, name, type_="A"):
        query = dns.message.make_query(name, type_)
        return dns.query.tcp(query, "127.0.0.1", port=self.a.port, timeout=30)

    def ask_many(self, name, n):
        """n queries over UDP, all of which are answered."""
        query = dns.message.make_query(name, "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.a.port))
            s.settimeout(30)
            for i in range(0, n, 50):
                for j in range(i, min(i + 50, n)):
                    s.send(j.to_bytes(2, "big") + query[2:])
                for j in range(i, min(i + 50, n)):
                    s.recv(512)

    def scrape(self):
        to = http.client.HTTPConnection("127.0.0.1", self.metrics, timeout=30)
        to.request("GET", "/metrics")
        text = to.getresponse().read().decode()
        to.close()
        return Scrape(text)

    def dropped(self):
        return self.scrape().value("shmdns_query_log_dropped_total")

    def answers(self):
        """Replies, but for those to the appliance's own queries (HR-05)."""
        scrape = self.scrape()
        return scrape.value("shmdns_answers_total") - scrape.value("shmdns_queries_total",
                                                                   qtype="SOA")


class Formats(Lab):
    def appliance(self):
        """Without a listener for HTTP: the log alone is a reason for shmdns-admin."""
        env = {} if harness.sanitized("shmdns-worker") else harness.noalloc()
        return harness.Appliance(harness.cluster(5), extra=self.extra(), env=env)

    def exchange(self, query, tcp):
        """The octets of the reply, and the port that it was asked from."""
        octets = query.to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
            s.settimeout(30)
            s.connect(("127.0.0.1", self.a.port))
            s.sendall(len(octets).to_bytes(2, "big") * tcp + octets)
            reply = s.recv(65537)  # loopback: it comes in one piece
            return reply[2:] if tcp else reply, s.getsockname()[1]

    def check(self, type_, tcp, options):
        name = HERE if type_ != "AAAA" else f"n{len(self.lines())}.{ZONE}"
        before = len(self.lines(name))
        query = dns.message.make_query(name, type_, **options)
        octets, port = self.exchange(query, tcp)
        lines = self.await_lines(name, before + 1)
        self.assertEqual(len(lines), before + 1)
        line = lines[-1]
        seen = {k: line[k] for k in ("type", "class", "client", "port", "proto", "id", "rcode",
                                     "size", "rsize", "do", "bufsize", "rflags")}
        bufsize = query.payload if query.edns >= 0 else 512
        self.assertEqual(seen, {
            "type": type_, "class": "IN", "client": "127.0.0.1", "port": str(port),
            "proto": "tcp" if tcp else "udp", "id": str(query.id),
            "rcode": dns.rcode.to_text(dns.message.from_wire(octets).rcode()),
            "size": str(len(query.to_wire())), "rsize": str(len(octets)),
            "do": "true" if query.ednsflags & dns.flags.DO else "false",
            "bufsize": "65535" if tcp else str(bufsize), "rflags": "qr,aa,rd"})
        return line

    def check_hostile(self, word):
        """A name forges no line, and leaves its own whole."""
        self.a.ask(rf"\010info\032admin:\032x\034\092\027\255{word}.{ZONE}", "A")
        self.await_lines(rf"\010info\032admin\058\032x\034\092\027\255{word}.{ZONE}", 1)

    def test_formats(self):
        """SM-02: each format has what was asked and replied; a reload changes it"""
        marks = {"kv": "us", "json": "event", "coredns": "duration"}
        for fmt, mark in marks.items():
            if fmt != "kv":
                self.reload(f'format = "{fmt}";')
            for type_, tcp, options in (("A", False, {}), ("SRV", True, {}), (
                    "AAAA", False, {"want_dnssec": True, "payload": 1400})):
                with self.subTest(format=fmt, type=type_):
                    self.assertIn(mark, self.check(type_, tcp, options))
            self.check_hostile(fmt)
            self.check_no_question()
        self.assertFalse(self.a.log_lines("^info admin: x"))
        if not harness.sanitized("shmdns-worker"):
            harness.check_noalloc(self.a)

    def check_no_question(self):
        """A reply of a header alone has no words of another query."""
        before = len(self.lines("."))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0", ("127.0.0.1", self.a.port))
            s.settimeout(30)
            s.recv(512)
        line = self.await_lines(".", before + 1)[-1]
        self.assertEqual((line["type"], line["class"], line["id"], line["rcode"]),
                         ("-", "-", str(0x1234), "FORMERR"))


class Nobody(Lab):
    keys = ""

    def appliance(self):
        return harness.Appliance(harness.cluster(5), extra=self.extra())

    def test_nobody(self):
        """SM-02: a log that nobody can write is told, and keeps nobody"""
        self.reload('format = "kv";')
        self.a.await_log("warning supervisor: query log is not written why=.* fix=")
        self.ask_many(HERE, 3000)
        self.assertFalse(self.lines())


class Chosen(Lab):
    keys = f'format = "kv"; classes = [ "denial", "error" ]; names = [ "{ZONE}", "b.example." ];'
    more = 'privacy = "prefix";'

    def test_chosen(self):
        """SM-02: by class, by name, by chance; off and on by reloads; LG-04: clients"""
        for name, type_ in ((HERE, "A"), (HERE, "AAAA"), ("no." + ZONE, "A"),
                            ("no.svc.cluster.local.", "A"), ("x.b.example.", "A"),
                            ("a.example.", "A"), ("last." + ZONE, "A")):
            self.a.ask(name, type_)
        self.await_lines("last." + ZONE, 1)
        self.await_lines("x.b.example.", 1)
        self.await_lines("no." + ZONE, 1)
        self.await_lines(HERE, 1)
        seen = sorted((q["name"], q["type"], q["rcode"]) for q in self.lines())
        self.assertEqual(seen, sorted([
            (HERE, "AAAA", "NOERROR"), ("no." + ZONE, "A", "NXDOMAIN"),
            ("x.b.example.", "A", "REFUSED"), ("last." + ZONE, "A", "NXDOMAIN")]))
        self.assertEqual({q["client"] for q in self.lines()}, {"127.0.0.0"})
        self.reload("")
        self.ask_many("off." + ZONE, 200)
        self.reload('format = "kv"; sample = 0.5;', 'privacy = "hash";')
        self.ask_many("half." + ZONE, 2000)
        # One that is logged comes behind them all in its ring; both rings have one.
        for i in range(2 * 64):
            self.a.ask(f"end.{ZONE}", "A")
        self.await_lines(f"end.{ZONE}", 20)
        half = self.lines("half." + ZONE)
        self.assertTrue(850 < len(half) < 1150, len(half))  # 6 sigma
        self.assertEqual(len({q["client"] for q in half}), 1)
        self.assertRegex(half[0]["client"], r"\A[0-9a-f]{16}\Z")
        self.assertFalse(self.lines("off." + ZONE))
        self.assertEqual(self.dropped(), 0)
        self.reload('format = "kv";')
        self.check_own()

    def check_own(self):
        """HR-05: the appliance's own queries are in no log"""
        def probed():
            return self.scrape().value("shmdns_self_probe_duration_seconds_count") >= 2

        harness.await_("queries of our own", probed)
        self.ask_tcp("behind." + ZONE)
        self.await_lines("behind." + ZONE, 1)
        self.assertFalse([q for q in self.lines() if q["type"] == "SOA"])


class Pipe(harness.Appliance):
    """Its standard error is a pipe, which nobody reads unless told."""

    def spawn(self):
        read, write = os.pipe()
        self.octets, self.reading = b"", threading.Event()
        self.thread = threading.Thread(target=self.read, args=(read,))
        self.thread.start()
        self.reading.set()
        path, self.log_path = self.log_path, f"/proc/self/fd/{write}"
        super().spawn()
        self.log.close()
        os.close(write)
        self.log, self.log_path = self, path

    def close(self):
        self.thread.join(30)

    def stop(self, check=True):
        self.reading.set()
        super().stop(check)

    def read(self, fd):
        while self.reading.wait() and (octets := os.read(fd, 65536)):
            self.octets += octets
        os.close(fd)

    def log_text(self):
        return logtext.plain(self.octets.decode(errors="replace"))


class Slow(Lab):
    """Nobody takes the lines for a while: every query has its reply, every loss is counted."""

    keys = f'format = "kv"; names = [ "{ZONE}" ];'

    def setUp(self):
        super().setUp()
        self.others = self.answers()  # that the harness asked for

    def await_sum(self):
        """Each reply is a line, or is counted as lost; no line was written twice."""
        def even():
            lost, n = self.dropped(), self.answers() - self.others
            return n == len(self.lines()) + lost and (lost, n)

        return harness.await_("lines and losses that are as many as replies", even)

    def test_admin_stands_still(self):
        """SM-02, MN-07: stopped, continued; killed with a worker beside it"""
        admin = self.a.role("shmdns-admin")[0]
        os.kill(admin, signal.SIGSTOP)
        self.ask_many(HERE, 6000)
        os.kill(admin, signal.SIGCONT)
        lost, _ = self.await_sum()
        self.assertGreaterEqual(lost, 6000 - 2 * 1024)
        self.a.await_log(r"warning admin: query log dropped=\d+ ")

        for role, name in (("shmdns-admin", "a1."), ("shmdns-worker", "w1.")):
            for pid in self.a.role(role):
                os.kill(pid, signal.SIGKILL)
            for _ in range(20):
                self.ask_tcp_patiently(name + ZONE)
            self.await_lines(name + ZONE, 20)
        self.assertEqual(self.dropped(), lost)

    def ask_tcp_patiently(self, name):
        """A connection dies with its worker; its successor answers."""
        def answered():
            with contextlib.suppress(OSError, EOFError, dns.exception.Timeout):
                return self.ask_tcp(name)

        harness.await_("an answer", answered)


class SlowPipe(Slow):
    workers = 1

    def appliance(self):
        return Pipe(harness.cluster(5), workers=1, extra=self.extra(),
                    http={"metrics": self.metrics})

    def test_admin_stands_still(self):
        """SM-02, MN-07: a pipe that nobody empties keeps nobody"""
        self.a.reading.clear()
        self.ask_many(HERE, 6000)
        self.a.reading.set()
        lost, _ = self.await_sum()
        self.assertGreater(lost, 1000)
        self.ask_many("after." + ZONE, 100)
        self.await_lines("after." + ZONE, 100)
        self.assertEqual(self.dropped(), lost)


if __name__ == "__main__":
    unittest.main()
