"""Groups of upstreams (FW-01 to FW-27): who is asked, in what order, how, and how often."""

import os
import tempfile
import time
import unittest

import certs
import harness
from harness import await_
from lab import EDE, Forwarding, ForwardTest, group, parallel
from network import FAR, NEAR, Beyond
from upstream import CLOSE, Upstream, after, in_turn, records, right, silent

NAME = "a.far.example."


def names(n, zone="far.example."):
    return [f"n{i}.{zone}" for i in range(n)]


class Groups(ForwardTest):
    def test_longest(self):
        """FW-01, FW-02, SM-13: stub domains: the group with the longest `from`"""
        all_, corp, deep = self.up(), self.up(), self.up()
        self.lab(group(all_), group(corp, zone="corp.example."),
                 group(deep, zone="lab.corp.example"))
        for name, up in ((NAME, all_), ("corp.example.", corp), ("a.corp.example.", corp),
                         ("lab.corp.example.", deep), ("x.y.lab.corp.example.", deep),
                         ("xlab.corp.example.", corp), ("example.", all_)):
            self.check_right(name)
            self.assertEqual([u.count(name) for u in (all_, corp, deep)],
                             [u is up for u in (all_, corp, deep)], name)

    def test_except(self):
        """FW-05: `except`: the next best group, or none"""
        all_, corp = self.up(), self.up()
        self.lab(group(all_, **{"except": ["secret.example"]}),
                 group(corp, zone="corp.example.", **{"except": ["www.corp.example."]}))
        self.check_right("www.corp.example.")
        self.check_right("a.www.corp.example.")
        self.assertEqual((all_.count("www.corp.example."), corp.count("www.corp.example.")), (1, 0))
        self.check_right("mail.corp.example.")
        self.assertEqual(corp.count("mail.corp.example."), 1)
        reply = self.a.query("a.secret.example.")
        self.assertEqual((reply.rcode, reply.ede), ("REFUSED", EDE["not authoritative"]))

    def test_special(self):
        """N-04, N-05, SM-16: a group of its own beats special names"""
        up, corp = self.up(), self.up()
        self.lab(group(up), group(corp, zone="onion."), group(corp, zone="office.local."),
                 special_names={"local": "nxdomain"})
        for name, rcode_ in (("a.test.", "NOERROR"), ("a.onion.", "NOERROR"),
                             ("a.office.local.", "NOERROR"), ("a.local.", "NXDOMAIN")):
            self.assertEqual(self.a.query(name).rcode, rcode_, name)
        self.assertEqual(corp.count("a.onion."), 1)

    def test_next(self):
        """FW-16: on these rcodes, and an empty NOERROR, the next group that covers it"""
        first, second = self.up(), self.up()
        first.on("a.corp.example.", lambda q: q.nxdomain())
        first.on("b.corp.example.", lambda q: q.reply())
        self.lab(group(second), group(first, zone="corp.example.", next=["NXDOMAIN"],
                                      next_on_nodata=True))
        for name in ("a.corp.example.", "b.corp.example."):
            self.check_right(name)
            self.assertEqual((first.count(name), second.count(name)), (1, 1))
        self.check_right("c.corp.example.")
        self.assertEqual(second.count("c.corp.example."), 0)

    def test_next_changes(self):
        """FW-16, CA-09: a reload that changes the next group: nothing that it said is served"""
        first, second, third = self.up(), self.up(), self.up()
        for name in ("a.corp.example.", "b.corp.example."):
            first.on(name, lambda q: q.nxdomain())
        inner = group(first, zone="corp.example.", next=["NXDOMAIN"])
        plain = group(first, zone="plain.example.")
        self.lab(group(second), inner, plain)
        for name in ("a.corp.example.", "a.plain.example."):
            self.check_right(name)
        third.on("a.corp.example.", records(("", 300, "A", "198.51.100.3")))
        self.a.reconfigure(forward=[group(third), inner, plain])
        await_("what the new one says", lambda: self.a.query("a.corp.example.").rdatas
               == ["198.51.100.3"])
        for reply in self.a.all_workers("a.corp.example.", number=16):
            self.assertEqual(reply.outcome, ("NOERROR", ["198.51.100.3"]))
        # what does not go on to it stays
        self.check_right("a.plain.example.")
        self.assertEqual(first.count("a.plain.example."), 1)
        # and without it what the first one says counts
        self.a.reconfigure(forward=[inner, plain])
        await_("what the first one says", lambda: self.a.query("a.corp.example.").rcode
               == "NXDOMAIN")


class Policies(ForwardTest):
    def shares(self, policy, n, number=3):
        ups = [self.up() for _ in range(number)]
        self.lab(group(*ups, policy=policy, hedge=False))
        for name in names(n):
            self.check_right(name)
        return ups, [len([q for q in u.queries() if "far.example" in q.name.lower()])
                     for u in ups]

    def test_random(self):
        """FW-06: a new random order for each question"""
        ups, shares = self.shares("random", 90)
        self.assertEqual(sum(shares), 90)
        self.assertGreaterEqual(min(shares), 12, shares)  # 30 expected, deviation 4.5

    def test_round_robin(self):
        """FW-06: in turn"""
        _, shares = self.shares("round_robin", 30)
        self.assertEqual(shares, [10, 10, 10])

    def test_sequential(self):
        """FW-06: the first one while it answers"""
        ups, shares = self.shares("sequential", 10)
        self.assertEqual(shares, [10, 0, 0])
        ups[0].stop()
        self.check_right("after.far.example.")
        self.assertEqual(ups[1].count("after.far.example."), 1)
        ups[0].start()


class Failover(ForwardTest):
    def test_silent(self):
        """FW-13, U-02: one that is silent: the next after 300 ms at most"""
        first, second = self.up(silent), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False))
        took = [self.check_right(name).took_s for name in names(3)]
        self.assertLess(min(took), 0.35)

    def test_down(self):
        """FW-09, FW-10, U-03: five failures in a row: not asked any more; back after a probe"""
        first, second = self.up(silent), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False))
        for name in names(12):
            self.check_right(name)
        asked = [first.count(name) for name in names(12)]
        self.assertEqual(asked[:2], [1, 1])
        self.assertEqual(asked[-3:], [0, 0, 0], asked)
        await_("a probe", lambda: first.count(".", "NS"))
        first.default = right
        await_("the first one again", lambda: self.a.query(
            f"{time.monotonic_ns()}.far.example.").rcode == "NOERROR" and
            [q for q in first.queries() if q.name.lower().endswith(".far.example.")
             and q.at > time.monotonic() - 0.5], every_s=0.1)

    def test_probe(self):
        """FW-10, KP-02, N-08: probes are `. NS` with RD, and only after an error"""
        up, other = self.up(), self.up()
        self.lab(group(up, other, policy="sequential", hedge=False))
        for name in names(3):
            self.check_right(name)
        self.assertEqual(up.count(".", "NS"), 0)
        up.default = silent
        self.check_right("b.far.example.")
        q = await_("a probe", lambda: up.queries(".", "NS"))[0]
        self.assertEqual(q.message.flags & 0x0100, 0x0100)

    def test_probe_of_own(self):
        """FW-10: another name and type"""
        up, other = self.up(silent), self.up()
        self.lab(group(up, other, policy="sequential", hedge=False, health_check={
            "interval": "100ms", "name": "health.example", "type": "A", "recursion": False}))
        self.check_right(NAME)
        q = await_("a probe", lambda: up.queries("health.example.", "A"))[0]
        self.assertEqual(q.message.flags & 0x0100, 0)

    def take_down(self):
        """Ask until the upstream is known to be down."""
        await_("it is down", lambda: parallel(*[lambda i=i: self.a.query(
            f"{time.monotonic_ns()}.{i}.down.example.") for i in range(4)]) and
            self.a.log_lines("upstream down"))

    def test_all_down(self):
        """FW-11, KP-08: all down: one in ten tries, the others SERVFAIL, EDE 22, at once"""
        up = self.up(silent)
        self.lab(group(up, hedge=False), cache={"serve_stale": {"mode": "off"}},
                 limits={"query_deadline": "1.5s"})
        self.take_down()
        line = self.a.log_lines("upstream down")[0]
        self.assertRegex(line, rf" upstream={up.at} error=timeout$")
        before = len(up.packets)
        began = time.monotonic()
        replies = parallel(*[lambda i=i: self.a.query(f"{i}.all.example.") for i in range(40)])
        self.assertEqual({r.rcode for r in replies}, {"SERVFAIL"})
        self.assertGreaterEqual(sum(r.ede == EDE["unreachable"] for r in replies), 30)
        tried = {q.name.lower() for q in up.queries() if q.name.lower().endswith("all.example.")}
        self.assertLessEqual(len(tried), 4 + (time.monotonic() - began) + 1)
        up.default = right
        await_("it is back", lambda: self.a.query(f"{time.monotonic_ns()}.x.example.").rcode
               == "NOERROR", every_s=0.1)
        self.assertGreater(len(up.packets), before)

    def test_failfast(self):
        """FW-11: failfast: nobody tries"""
        up = self.up(silent)
        self.lab(group(up, hedge=False, failfast=True), limits={"query_deadline": "1.5s"})
        self.take_down()
        replies = parallel(*[lambda i=i: self.a.query(f"{i}.all.example.") for i in range(40)])
        self.assertEqual({(r.rcode, r.ede) for r in replies}, {("SERVFAIL", EDE["unreachable"])})
        self.assertEqual([q.name for q in up.queries() if "all.example" in q.name.lower()], [])

    def test_attempts(self):
        """FW-12, U-01: at most 3 packets for an upstream and transport, 2 x upstreams in all"""
        ups = [self.up(silent) for _ in range(3)]
        self.lab(group(*ups, hedge=False, timeout="200ms"))
        self.check_failed(self.a.query(NAME))
        counts = [u.count(NAME) for u in ups]
        self.assertLessEqual(max(counts), 3)
        self.assertLessEqual(sum(counts), 6)
        self.assertGreaterEqual(min(counts), 1)

    def test_hedge(self):
        """FW-14: slower than it used to be: the other one is asked beside"""
        first, second = self.up(), self.up()
        self.lab(group(first, second, policy="sequential"))
        for name in names(40):
            self.check_right(name)
        first.on("slow.far.example.", after(1.5))
        reply = self.check_right("slow.far.example.")
        self.assertLess(reply.took_s, 1.4)
        self.assertEqual(second.count("slow.far.example."), 1)

    def test_restarted(self):
        """FW-10: an upstream that is killed and started again"""
        up = self.up()
        self.lab(group(up), cache={"servfail_ttl": "1s"})
        for _ in range(2):
            up.stop()
            self.check_failed(self.a.query(f"{time.monotonic_ns()}.far.example."))
            up.start()
            await_("answers", lambda: self.a.query(
                f"{time.monotonic_ns()}.far.example.").rcode == "NOERROR", every_s=0.1)


class Limits(ForwardTest):
    def test_max_concurrent(self):
        """FW-17, FP-02, KP-01: over max_concurrent: REFUSED, and told why; no failure"""
        up = self.up(after(0.8))
        self.lab(group(up, max_concurrent=10))
        replies = self.a.flood("x.far.example.", 40)()
        refused = [r for r in replies if r.rcode == "REFUSED"]
        self.assertEqual(len(replies), 40)
        self.assertEqual(len(refused), 30)
        for reply in refused:
            self.assertEqual((reply.ede, reply.ede_text),
                             (EDE["other"], "too many queries in flight"))
        self.check_ours()
        up.default = right
        self.check_right(NAME)

    def test_packet_rate(self):
        """FW-26: packet_rate: no more than so many; over it the next, else FP-02"""
        up = self.up()
        self.lab(group(up, packet_rate=20, max_concurrent=0))
        replies = self.a.flood("x.far.example.", 100)()
        packets = [q.at for q in up.queries() if "far.example" in q.name.lower()]
        self.assertLessEqual(len(packets), 20 + 20 * (packets[-1] - packets[0]) + 1)
        self.assertIn("REFUSED", {r.rcode for r in replies})

    def test_timeout(self):
        """FW-13: `timeout` is the upper bound of an attempt"""
        first, second = self.up(silent), self.up()
        self.lab(group(first, second, policy="sequential", hedge=False, timeout="100ms"))
        took = [self.check_right(name).took_s for name in names(3)]
        self.assertLess(min(took), 0.25)


class Transports(ForwardTest):
    def of(self, up, name=NAME):
        return [q.transport for q in up.queries(name)]

    def test_tcp(self):
        """FW-07, FW-19: transport = "tcp": by one connection, which is kept"""
        up = self.up()
        self.lab(group(up, transport="tcp"))
        for name in names(20):
            self.check_right(name)
            self.assertEqual(self.of(up, name), ["tcp"])
        self.assertLessEqual(up.connections["tcp"], 2)

    def test_client(self):
        """FW-07: transport = "client": as the client came"""
        up = self.up()
        self.lab(group(up, transport="client"))
        self.check_right("u.far.example.")
        self.check_right("t.far.example.", tcp=True)
        self.assertEqual((self.of(up, "u.far.example."), self.of(up, "t.far.example.")),
                         (["udp"], ["tcp"]))

    def test_pipelined(self):
        """FW-19: many at once over few connections, replies out of order"""
        delays = iter(range(100))
        up = self.up(lambda q: after(0.6 - 0.01 * (next(delays) % 50))(q))
        self.lab(group(up, transport="tcp"))
        replies = parallel(*[lambda i=i: (i, self.a.query(f"n{i}.far.example."))
                             for i in range(50)])
        for i, reply in replies:
            self.check_right(f"n{i}.far.example.", reply=reply)
        self.assertLessEqual(up.connections["tcp"], 4)

    def test_closed(self):
        """FW-19: a connection that the peer has closed is made anew, silently"""
        up = self.up()
        self.lab(group(up, transport="tcp"))
        self.check_right("one.far.example.")
        up.stop()
        up.start()
        self.check_right("two.far.example.")
        up.on("three.far.example.", in_turn(lambda q: CLOSE, right))
        self.check_right("three.far.example.")

    def test_expire(self):
        """FW-18: an idle connection is closed after `expire`"""
        up = self.up()
        self.lab(group(up, transport="tcp", expire="1s"))
        self.check_right("one.far.example.")
        await_("its end", lambda: not up.streams, 15)
        self.check_right("two.far.example.")
        self.assertEqual(up.connections["tcp"], 2)

    def test_garbage(self):
        """FW-19, FW-24: a stream of garbage ends the connection, not the forwarder"""
        up = self.up(lambda q: q.wire[:2] + b"\xff" * 300)
        self.lab(group(up, transport="tcp"), limits={"query_deadline": "2s"})
        pid = self.a.forwarder_pids
        self.check_failed(self.a.query(NAME))
        up.default = right
        await_("it goes on", lambda: self.a.query(
            f"{time.monotonic_ns()}.far.example.").rcode == "NOERROR", every_s=0.1)
        self.assertEqual(self.a.forwarder_pids, pid)


class Tls(ForwardTest):
    """tls:// upstreams with a CA of the test's own (FW-20)."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="shmdns-forward-")
        self.addCleanup(self.directory.cleanup)
        self.ca = certs.Authority(self.directory.name)
        self.pair = self.ca.issue("dot", "subjectAltName=DNS:dot.far.example")

    def begin(self, name="dot.far.example", **keys):
        self.u = self.up(tls=self.pair)
        self.lab(group(self.u.tls_at(name), tls={"ca": self.ca.cert, **keys}))

    def test_right(self):
        """FW-02, FW-20, FW-19: the right name: asked over TLS only, over a kept connection"""
        self.begin()
        for name in names(20):
            self.check_right(name)
        self.assertEqual({q.transport for q in self.u.queries()}, {"tls"})
        self.assertLessEqual(self.u.connections["tls"], 2)

    def test_server_name(self):
        """FW-20: server_name of the group"""
        self.begin(None, server_name="dot.far.example")
        self.check_right(NAME)

    def test_wrong_name(self):
        """FW-20, FP-06: another name: SERVFAIL, and no question leaves"""
        self.begin("other.far.example")
        self.check_failed(self.a.query(NAME), EDE["unreachable"], EDE["network"])
        self.assertEqual(self.u.count(), 0)

    def test_no_name(self):
        """FW-20: no name is given: the certificate must have the address"""
        self.begin(None)
        self.check_failed(self.a.query(NAME))
        self.assertEqual(self.u.count(), 0)
        self.a.stop()
        self.u.stop()
        self.pair = self.ca.issue("address", f"subjectAltName=IP:{self.u.address}")
        self.u = self.up(tls=self.pair, address=self.u.address)
        self.lab(group(self.u.tls_at(), tls={"ca": self.ca.cert}))
        self.check_right(NAME)

    def test_unknown_authority(self):
        """FW-20: a certificate of another CA"""
        other = certs.Authority(os.path.join(self.directory.name, "other"), "other CA")
        self.pair = other.issue("dot", "subjectAltName=DNS:dot.far.example")
        self.begin()
        self.check_failed(self.a.query(NAME))
        self.assertEqual(self.u.count(), 0)

    def test_restarted(self):
        """FW-19: the server is restarted: a new connection, a resumed one at best"""
        self.begin()
        self.check_right("one.far.example.")
        for i in range(3):
            self.u.stop()
            self.u.start()
            self.check_right(f"n{i}.far.example.")
        print(f"     {self.u.resumed} resumed of {self.u.connections['tls']}")

    def test_ca_changes(self):
        """FW-20: files are read again when they change"""
        other = certs.Authority(os.path.join(self.directory.name, "other"), "other CA")
        path = os.path.join(self.directory.name, "bundle.crt")
        harness.write_whole(path, other.text())
        self.u = self.up(tls=self.pair)
        self.lab(group(self.u.tls_at("dot.far.example"), tls={"ca": path}),
                 cache={"servfail_ttl": "0s"})
        self.check_failed(self.a.query(NAME))
        harness.write_whole(path, self.ca.text())
        await_("the new CA", lambda: self.a.query(
            f"{time.monotonic_ns()}.far.example.").rcode == "NOERROR", every_s=0.2)


class Files(ForwardTest):
    """Upstreams from a resolv.conf, and host names (FW-02 to FW-04, FW-22)."""

    def setUp(self):
        self.beyond = self.enter(Beyond())
        self.ups = [self.far(i) for i in range(2)]

    def far(self, i):
        return self.enter(Upstream(f"{FAR}{11 + i}", 53, namespace=self.beyond.namespace))

    def resolv(self, *lines):
        self.path = os.path.join(self.directory, "resolv.conf")
        harness.write_whole(self.path, "".join(line + "\n" for line in lines))
        return self.path

    def begin(self, *lines, and_listen=None, **more):
        directory = tempfile.TemporaryDirectory(prefix="shmdns-forward-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.a = Forwarding(group(self.resolv(*lines)), **more)
        if and_listen:
            self.a.listen.append(and_listen)
            self.a.write_config()
        self.enter(self.a)

    def test_watched(self):
        """FW-02, FW-03, RL-06: nameserver lines, applied when they change"""
        self.begin("search corp.example", f"nameserver {self.ups[0].address}")
        self.check_right("one.far.example.")
        self.assertEqual(self.ups[0].count("one.far.example."), 1)
        self.resolv(f"nameserver {self.ups[1].address}")
        await_("the other one", lambda: self.ups[1].count() or not self.a.query(
            f"{time.monotonic_ns()}.far.example."), every_s=0.1)
        self.check_right("two.far.example.")
        self.assertEqual(self.ups[0].count("two.far.example."), 0)

    def test_ourselves(self):
        """FW-04, LO-03: loopback and own addresses are left out, and told with file and line"""
        self.begin("nameserver 127.0.0.53", f"nameserver {self.ups[0].address}",
                   f"nameserver {NEAR}", "nameserver ::1", and_listen=f"{NEAR}:53")
        self.check_right("one.far.example.")
        for line in (1, 3, 4):
            self.a.await_log(rf"resolv\.conf:{line}\b")
        self.assertEqual(self.ups[0].count("one.far.example."), 1)

    def test_vanished(self):
        """FW-03: the file goes: what it said stays"""
        self.begin(f"nameserver {self.ups[0].address}")
        os.unlink(self.path)
        self.check_right("one.far.example.")
        self.resolv(f"nameserver {self.ups[1].address}")
        await_("the other one", lambda: self.ups[1].count() or not self.a.query(
            f"{time.monotonic_ns()}.far.example."), every_s=0.1)

    def test_host_name(self):
        """FW-02, FW-22: a host name is resolved by bootstrap, and again at its TTL's end"""
        first, second = self.ups
        boot = self.far(2)
        boot.on("dns.corp.example.", records(("", 1, "A", first.address)))
        self.lab(group("dns.corp.example"), bootstrap=[boot.address])
        self.check_right("one.far.example.")
        self.assertEqual((first.count("one.far.example."), boot.count("one.far.example.")), (1, 0))
        boot.on("dns.corp.example.", records(("", 1, "A", second.address)))
        await_("the other one", lambda: second.count() or not self.a.query(
            f"{time.monotonic_ns()}.far.example."), every_s=0.2)

    def test_bootstrap_fails(self):
        """FW-22: no bootstrap answers: SERVFAIL; it comes back: right"""
        boot = self.far(2)
        boot.on("dns.corp.example.", silent)
        self.lab(group("dns.corp.example"), bootstrap=[boot.address],
                 limits={"query_deadline": "2s"}, cache={"servfail_ttl": "1s"})
        self.check_failed(self.a.query("one.far.example."))
        boot.on("dns.corp.example.", records(("", 60, "A", self.ups[0].address)))
        await_("an answer", lambda: self.a.query(
            f"{time.monotonic_ns()}.far.example.").rcode == "NOERROR", every_s=0.2)


class Refused(ForwardTest):
    @staticmethod
    def to(upstream):
        return f'( {{ from = "."; to = [ "{upstream}" ]; }} )'

    def refused(self, to, **more):
        a = harness.Appliance(harness.cluster(1), forward=self.to(to), **more)
        a.spawn()
        try:
            self.assertNotEqual(a.process.wait(15), 0, to)
            return a.log_text()
        finally:
            a.process.kill()
            a.process.wait()
            a.log.close()

    def test_addresses(self):
        """FW-21, U-11: never to 0.0.0.0/8, to multicast, to a listener of ours"""
        for to in ("0.0.0.0", "0.1.2.3:53", "224.0.0.251", "[ff02::fb]:53"):
            self.assertRegex(self.refused(to), r"shmdns\.conf:\d+")
        a = harness.Appliance(harness.cluster(1))
        a.forward = self.to(f"127.0.0.1:{a.port}")
        a.write_config()
        a.spawn()
        self.assertNotEqual(a.process.wait(15), 0)
        self.assertRegex(a.log_text(), r"shmdns\.conf:\d+")
        a.process = None
        a.log.close()


if __name__ == "__main__":
    unittest.main()
