"""The cache (C-01 to C-18, CA rows): what is stored, for whom, and for how long."""

import os
import signal
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rcode

import harness
from harness import await_
from lab import CAP_S, EDE, PACKETS, ForwardTest, group, parallel
from load import Relay
from upstream import address_of, after, in_turn, rcode, records, right, silent, soa

NAME = "a.far.example."


class Cached(ForwardTest):
    """One upstream, one appliance, two workers."""

    cache = {}

    def setUp(self):
        self.u = self.up()
        self.lab(group(self.u, hedge=False), cache=self.cache)

    def on(self, script, name=NAME):
        self.u.on(name, script)

    def check_stored(self, stored, name=NAME, type_="A", **more):
        """Asked again: no packet if it is stored, one more if it is not."""
        before = self.u.count(name, type_)
        reply = self.a.query(name, type_, **more)
        self.assertEqual(self.u.count(name, type_), before + (not stored), (name, type_))
        return reply


class Keys(Cached):
    def test_key(self):
        """C-01, CA-09: type, DO and CD are of the key; AD, letter case and the asker are not"""
        asked = 0
        for new, how in ((True, {}), (False, {}), (False, {"name": NAME.upper()}),
                         (False, {"ad": True}), (False, {"edns": False}), (False, {"tcp": True}),
                         (False, {"source": "127.0.0.9"}), (True, {"do": True}),
                         (False, {"do": True}), (True, {"cd": True}),
                         (True, {"cd": True, "do": True}), (True, {"type_": "AAAA"}),
                         (False, {"cd": True})):
            how = {"name": NAME, **how}
            reply = self.a.query(**how)
            self.assertEqual(reply.rdatas, [address_of(NAME, how.get("type_", "A"))], how)
            asked += new
            self.assertEqual(self.u.count(NAME), asked, how)

    def test_class(self):
        """C-01, W-25, Q-04: other classes are neither asked nor answered from the cache"""
        self.check_right(NAME)
        for class_ in ("CH", "HS"):
            query = dns.message.make_query(NAME, "A", class_)
            reply = dns.query.udp(query, "127.0.0.1", 5, self.a.port)
            self.assertEqual((dns.rcode.to_text(reply.rcode()), reply.answer), ("REFUSED", []))
        self.assertEqual(self.u.count(NAME), 1)

    def test_hit(self):
        """C-02, CA-18, B-01 to B-06: own ID, letter case, RD and CD; AA=0, RA=1, AD=0"""
        self.on(lambda q: q.reply(("", 60, "A", "192.0.2.1"), flags=dns.flags.AA | dns.flags.AD))
        for cd in (False, True):
            for name in ("a.far.example.", "A.Far.eXample."):
                for edns in (False, True):
                    reply = self.a.query(name, cd=cd, edns=edns)
                    self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]))
                    self.assertEqual(reply.message.question[0].name.to_text(), name)
                    self.assertEqual(reply.message.answer[0].name.to_text(), name)
                    want = dns.flags.QR | dns.flags.RD | dns.flags.RA | (dns.flags.CD if cd else 0)
                    self.assertEqual(dns.flags.to_text(reply.message.flags),
                                     dns.flags.to_text(want))
                    self.assertEqual(reply.message.edns, 0 if edns else -1)

    def test_other_group(self):
        """C-01, CA-09: a group that is changed by a reload is asked anew"""
        other = self.up(records(("", 60, "A", "192.0.2.9")))
        self.check_right(NAME)
        self.a.reconfigure(forward=[group(other, hedge=False)])
        await_("the other upstream", lambda: self.a.query(NAME).rdatas == ["192.0.2.9"])
        self.assertEqual(other.count(NAME), 1)


class Times(Cached):
    def test_ages(self):
        """C-02, CA-05: the TTL goes down by whole seconds, each RRset's by itself"""
        self.on(records(("", 20, "CNAME", "b.far.example."),
                        ("b.far.example.", 4, "A", "192.0.2.1")))
        began = time.monotonic()
        first = self.a.query(NAME)
        self.assertEqual(first.ttls, [20, 4])
        time.sleep(1.2)  # what is tested is time itself
        again = self.check_stored(True)
        spent = time.monotonic() - began
        self.assertTrue(1 <= 20 - again.ttls[0] <= spent, again.ttls)
        self.assertEqual(again.ttls[0] - again.ttls[1], 16)
        await_("the end of the shorter one", lambda: (
            self.a.query(NAME), self.u.count(NAME) == 2)[1], every_s=0.2)
        self.assertGreaterEqual(time.monotonic() - began, 3.5)  # prefetched at the earliest

    def test_cap(self):
        """C-03, CA-01: min(TTL, cap)"""
        self.assertEqual(self.a.query(NAME).ttl, CAP_S)
        self.on(records(("", 7, "A", "192.0.2.1")), "b.far.example.")
        self.assertEqual(self.a.query("b.far.example.").ttl, 7)

    def test_zero(self):
        """C-04, CA-07: TTL 0 reaches all who wait, and nobody else"""
        self.on(after(0.2, records(("", 0, "A", "192.0.2.1"))))
        for n in (1, 2):
            before = self.u.count(NAME)
            replies = self.a.all_workers(NAME, number=20)
            self.assertEqual([r.outcome for r in replies], [("NOERROR", ["192.0.2.1"])] * 20)
            self.assertEqual({r.ttl for r in replies}, {0})
            self.assertIn(self.u.count(NAME) - before, PACKETS)

    def test_denial(self):
        """C-05, CA-06: min(TTL of the SOA, MINIMUM, cap)"""
        for i, (ttl, minimum, want) in enumerate(((5, 9, 5), (9, 6, 6), (900, 900, CAP_S))):
            for code in ("NXDOMAIN", "NOERROR"):
                name = f"{code}{i}.far.example.".lower()
                self.on(records(authority=[soa("far.example.", ttl, minimum)], rcode=code), name)
                for stored in (False, True):
                    reply = self.check_stored(stored, name)
                    self.assertEqual(reply.outcome, (code, []))
                    self.assertEqual(reply.types("authority"), ["SOA"])
                    self.assertLessEqual(want - reply.message.authority[0].ttl, 1)

    def test_failure(self):
        """C-08, CA-13: SERVFAIL by name and type, for servfail_ttl; EDE 13 on hits"""
        self.a.reconfigure(cache={"servfail_ttl": "2s"})
        self.on(rcode("SERVFAIL"))
        first = self.a.query(NAME)
        self.check_failed(first)
        count = self.u.count(NAME)
        self.check_failed(self.check_stored(True), EDE["cached"])
        self.assertEqual(self.a.query(NAME, "AAAA").rcode, "SERVFAIL")
        self.assertGreater(self.u.count(NAME, "AAAA"), 0)
        self.on(right)
        await_("another try", lambda: self.a.query(NAME).rcode == "NOERROR", every_s=0.1)
        self.assertEqual(self.u.count(NAME, "A"), count + 1)

    def test_keep_ttl(self):
        """CA-08: hits show the stored TTL"""
        self.a.reconfigure(cache={"keep_ttl": True})
        self.a.query(NAME)
        time.sleep(1.1)
        self.assertEqual(self.check_stored(True).ttl, CAP_S)


class Reuse(Cached):
    def test_denials(self):
        """CA-11: NXDOMAIN is of every type; a later answer of the name takes its place"""
        self.on(lambda q: q.nxdomain("far.example.", 3, 3))
        self.assertEqual(self.a.query(NAME).rcode, "NXDOMAIN")
        self.assertEqual(self.a.query(NAME, "AAAA").rcode, "NXDOMAIN")
        self.assertEqual(self.u.count(NAME, "AAAA"), 0)
        self.on(right)
        await_("an answer", lambda: self.a.query(NAME).rcode == "NOERROR", every_s=0.2)
        self.check_right(NAME, "AAAA")

    def test_nodata(self):
        """C-05: NODATA is of its type"""
        self.on(lambda q: q.right() if q.type == "A" else
                q.reply(authority=[soa("far.example.")]))
        for _ in range(2):
            self.check_right(NAME)
            self.assertEqual(self.a.query(NAME, "AAAA").outcome, ("NOERROR", []))
        self.assertEqual((self.u.count(NAME, "A"), self.u.count(NAME, "AAAA")), (1, 1))

    def test_below(self):
        """C-07, CA-12: below an NXDOMAIN: only with nxdomain_cut answered from it"""
        self.on(lambda q: q.nxdomain("far.example."))
        self.assertEqual(self.a.query(NAME).rcode, "NXDOMAIN")
        self.check_right("below." + NAME)

    def test_signatures(self):
        """C-18: NSEC records reach those who set DO, and answer nothing else"""
        nsec = ("a.far.example.", 60, "NSEC", "z.far.example. A RRSIG NSEC")
        sig = ("a.far.example.", 60, "RRSIG", "NSEC 13 3 60 20380101000000 20200101000000 1 "
               "far.example. " + "A" * 86 + "==")
        self.u.on("m.far.example.", lambda q: q.reply(
            authority=[soa("far.example.")] + ([nsec, sig] if q.do else []), rcode="NXDOMAIN"))
        reply = self.a.query("m.far.example.", do=True)
        self.assertEqual(reply.rcode, "NXDOMAIN")
        self.assertEqual(sorted(reply.types("authority")), ["NSEC", "RRSIG", "SOA"])
        self.assertEqual(self.a.query("m.far.example.").types("authority"), ["SOA"])
        self.check_right("n.far.example.")
        self.check_right("n.far.example.", do=True)

    def test_large(self):
        """CA-20: over 16 kB: delivered whole to all who wait, not reused"""
        texts = [f'"{i:04d}{"x" * 200}"' for i in range(100)]
        self.on(lambda q: q.truncated() if q.udp else q.reply(("", 60, "TXT", *texts)))
        for n in (1, 2):
            reply = self.a.query(NAME, "TXT", tcp=True)
            self.assertEqual(reply.outcome, ("NOERROR", sorted(texts)))
            self.assertEqual(self.u.count(NAME, "TXT", "tcp"), n)

    def test_rotation(self):
        """CA-18, LD-01: addresses are turned in hits as in others"""
        self.on(records(("", 60, "A", *[f"192.0.2.{i}" for i in range(1, 6)])))
        firsts = {self.a.query(NAME).message.answer[0][0].to_text() for _ in range(60)}
        self.assertEqual(len(firsts), 5)

    def test_disabled(self):
        """CA-02: what is not to be stored is asked each time"""
        self.a.reconfigure(cache={"disable_success": ["far.example"],
                                  "disable_denial": ["none.example"]})
        self.u.on("*.none.example.", lambda q: q.nxdomain())
        for name, stored in ((NAME, False), ("b.near.example.", True), ("a.none.example.", False)):
            self.a.query(name)
            self.check_stored(stored, name)


class Cut(Cached):
    cache = {"nxdomain_cut": True}

    def test_below(self):
        """C-07, CA-12: nxdomain_cut"""
        self.on(lambda q: q.nxdomain("far.example."))
        self.assertEqual(self.a.query(NAME).rcode, "NXDOMAIN")
        self.assertEqual(self.a.query("x.below." + NAME).rcode, "NXDOMAIN")
        self.assertEqual(self.u.count("x.below." + NAME), 0)

    def test_groups(self):
        """C-07: never from a name at or above the `from` of another group"""
        other = self.up()
        self.a.reconfigure(forward=[group(self.u), group(other, zone="stub.corp.example.")])
        self.u.on("corp.example.", lambda q: q.nxdomain())
        self.u.on("local.", lambda q: q.nxdomain())  # above cluster.local.
        self.assertEqual(self.a.query("corp.example.").rcode, "NXDOMAIN")
        self.check_right("x.stub.corp.example.")
        self.check_right("x.corp.example.")
        self.assertEqual(self.a.query("local.").rcode, "NXDOMAIN")
        self.check_ours()


    def test_next(self):
        """C-07, FW-16: nor where another group would be the next one below it"""
        inner, other = self.up(lambda q: q.nxdomain()), self.up()
        self.u.on("*.x.example.", lambda q: q.nxdomain())
        self.a.reconfigure(forward=[
            group(inner, zone="x.example.", next=["NXDOMAIN"]),
            group(self.u, zone="example.", **{"except": ["y.a.x.example"]}), group(other)])
        self.assertEqual(self.a.query("a.x.example.").rcode, "NXDOMAIN")
        self.check_right("y.a.x.example.")
        self.assertEqual(other.count("y.a.x.example."), 1)
        self.assertEqual(self.a.query("b.x.example.").rcode, "NXDOMAIN")
        self.assertEqual(self.a.query("y.b.x.example.").rcode, "NXDOMAIN")
        self.assertEqual(inner.count("y.b.x.example."), 0)


class Lives(Cached):
    def test_forwarder(self):
        """CA-19, G9: a forwarder that is killed: its cache is warm"""
        self.check_right(NAME)
        for _ in range(3):
            pid = self.a.forwarder_pids[0]
            os.kill(pid, signal.SIGKILL)
            for reply in self.a.all_workers(NAME, number=32):
                self.check_right(NAME, reply=reply)
            await_("another forwarder", lambda: self.a.forwarder_pids not in ([], [pid]))
            self.check_right("b" + str(pid) + ".far.example.")
            self.check_stored(True)
        self.assertEqual(self.u.count(NAME), 1)

    def test_flush_in_flight(self):
        """CA-21: after `flush` nothing older is served; who waits is answered all the same"""
        self.a.reconfigure(forward=[group(self.u, hedge=False, max_connect_attempts=1,
                                          timeout="4s")])
        old, new = ["198.51.100.1"], ["198.51.100.2"]
        for name, options, asks in (("a.slow.example.", (), True), ("b.slow.example.", (), False),
                                    ("slow.example.", ("--below",), False)):
            asked = f"c.{name}" if options else name
            held, flushed = [], threading.Event()

            def script(q):
                if flushed.is_set():
                    return q.reply(("", 300, "A", *new))
                held.append(q)
                return None

            self.u.on(asked, script)
            waits = []
            thread = threading.Thread(target=lambda: waits.append(self.a.query(asked)))
            thread.start()
            await_("a query", lambda: held)
            code, _, err = self.a.ctl("flush", name, *options, "-c", self.a.config)
            self.assertEqual(code, 0, err)
            flushed.set()
            if asks:  # it does not wait for what is in flight
                self.assertEqual(self.a.query(asked).rdatas, new)
            self.u.send(held[0].reply(("", 300, "A", *old)), held[0].peer)
            thread.join()
            self.assertEqual(waits[0].rdatas, new if asks else old)
            for reply in self.a.all_workers(asked, number=16):
                self.assertEqual(reply.outcome, ("NOERROR", new))
            self.assertEqual(self.u.count(asked), 2)

    def test_flush_many(self):
        """CA-21: many at once, more than the settings have room for: none is lost"""
        names = [f"m{i}.far.example." for i in range(48)]
        for name in names:
            self.check_right(name)
        done = parallel(*(lambda name=name: self.a.ctl("flush", name, "-c", self.a.config)
                          for name in names))
        self.assertEqual({code for code, _, _ in done}, {0}, done)
        for name in names:
            self.check_right(name)
        self.assertEqual([name for name in names if self.u.count(name) != 2], [])

    def test_flushed(self):
        """CA-19: what was flushed long ago is not flushed again by each new forwarder"""
        self.check_right(NAME)
        code, _, err = self.a.ctl("flush", ".", "--below", "-c", self.a.config)
        self.assertEqual(code, 0, err)
        self.check_right(NAME)
        self.assertEqual(self.u.count(NAME), 2)
        pid = self.a.forwarder_pids[0]
        os.kill(pid, signal.SIGKILL)
        await_("another forwarder", lambda: self.a.forwarder_pids not in ([], [pid]))
        self.check_right("b.far.example.")
        self.check_right(NAME)
        self.assertEqual(self.u.count(NAME), 2)

    def test_worker(self):
        """CA-19, G9: so it is for another worker"""
        self.check_right(NAME)
        for pid in self.a.worker_pids:
            os.kill(pid, signal.SIGKILL)
        await_("other workers", lambda: len(self.a.worker_pids) == 2)
        for _ in range(20):
            self.check_stored(True)

    def test_memory(self):
        """C-15, CA-17: more names than there is room for: the hot ones stay"""
        self.a.stop()
        relay = self.enter(Relay())
        self.lab(group(self.u, zone="far.example."), group(relay.at, max_concurrent=0),
                 cache={"success": {"size": "1M"}, "denial": {"size": "1M"}})
        hot = [f"hot{i}.far.example." for i in range(20)]
        asked = 0
        path = harness.shm_path(self.a.instance, "cache.0")
        size = os.stat(path).st_size
        for turn in range(12):
            replies = self.a.flood(f"r{turn}.cold.example.", 800)()
            self.assertGreater(sum(r.rcode == "NOERROR" for r in replies), 700)
            for name in hot:
                self.check_right(name)
                asked += 1
        misses = sum(self.u.count(name) for name in hot) - len(hot)
        print(f"     {misses} misses of {asked} after 9,600 others")
        self.assertLessEqual(misses, asked // 10)
        self.assertEqual(os.stat(path).st_size, size)


class Prefetch(Cached):
    cache = {"prefetch": {"hits": 2, "window": "1m", "percent": 50}}

    def test_refreshed(self):
        """CA-14: a name that is used is fetched anew before its end, once"""
        self.on(records(("", 4, "A", "192.0.2.1")))
        began = time.monotonic()
        while time.monotonic() < began + 3.5:
            self.assertEqual(self.a.query(NAME).rdatas, ["192.0.2.1"])
            time.sleep(0.1)  # hits of a while
        packets = self.u.queries(NAME)
        self.assertEqual(len(packets), 2)
        self.assertGreaterEqual(packets[1].at - packets[0].at, 1.9)

    def test_not_used(self):
        """CA-14: what nobody uses is not"""
        self.on(records(("", 2, "A", "192.0.2.1")))
        self.a.query(NAME)
        time.sleep(2.5)
        self.assertEqual(self.u.count(NAME), 1)


class Stale(Cached):
    """CA-15, C-12, C-13: the upstream is gone, the entry has expired."""

    cache = {"serve_stale": {"recheck": "2s"}}

    def fill(self, script, name=NAME):
        """An entry of a second's life, expired."""
        self.on(script, name)
        reply = self.a.query(name)
        time.sleep(1.1)
        return reply

    def check_stale(self, reply, code=EDE["stale"]):
        self.assertEqual(reply.ede, code, reply)
        self.assertLess(reply.took_s, 1.8 + 0.4)
        return reply

    def test_silent(self):
        """C-12, CA-15: a silent upstream: stale after 1.8 s at most, TTL 30, EDE 3"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(silent)
        reply = self.check_stale(self.a.query(NAME))
        self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]))
        self.assertEqual(reply.ttl, 30)

    def test_recheck(self):
        """C-12, CA-16: asked again every 30 s at most (here 2 s), stale at once meanwhile"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(rcode("SERVFAIL"))
        self.check_stale(self.a.query(NAME))
        count = self.u.count(NAME)
        for reply in self.a.all_workers(NAME, number=32):
            self.check_stale(reply)
        self.assertEqual(self.u.count(NAME), count)
        self.on(records(("", 20, "A", "192.0.2.2")))
        await_("the new one", lambda: self.a.query(NAME).rdatas == ["192.0.2.2"], every_s=0.1)

    def test_denied(self):
        """C-12: a stale NXDOMAIN has EDE 19"""
        self.fill(lambda q: q.nxdomain("far.example.", 1, 1))
        self.on(rcode("REFUSED"))
        reply = self.check_stale(self.a.query(NAME), EDE["stale nxdomain"])
        self.assertEqual(reply.outcome, ("NXDOMAIN", []))

    def test_fresh_denial(self):
        """C-13: a fresh NXDOMAIN wins"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(lambda q: q.nxdomain())
        for _ in range(3):
            self.assertEqual(self.a.query(NAME).outcome, ("NXDOMAIN", []))

    def test_all_dead(self):
        """C-12, FW-11, CA-15: all upstreams gone: stale where there is one, else SERVFAIL"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.u.stop()
        try:
            replies = parallel(*[lambda i=i: self.a.query(f"{i}.none.example.") for i in range(12)],
                               *[lambda: self.a.query(NAME) for _ in range(12)])
        finally:
            self.u.start()
        for reply in replies[:12]:
            self.check_failed(reply, EDE["unreachable"], EDE["network"])
        for reply in replies[12:]:
            self.check_stale(reply)
            self.assertEqual(reply.rdatas, ["192.0.2.1"])
        self.on(right)
        await_("the upstream is back", lambda: self.a.query(NAME).rdatas == [address_of(NAME)],
               every_s=0.1)

    def test_rd(self):
        """C-12, Q-05: the stale path skips no check: RD=0 is REFUSED"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(silent)
        reply = self.a.query(NAME, rd=False)
        self.assertEqual((reply.rcode, reply.ede), ("REFUSED", EDE["not authoritative"]))


class Preferred(Stale):
    cache = {"serve_stale": {"prefer_positive": True, "recheck": "2s"}}
    test_silent = test_recheck = test_denied = test_all_dead = test_rd = None

    def test_fresh_denial(self):
        """CA-15: prefer_positive: an old answer beats NXDOMAIN and NODATA that came later"""
        denials = {"NXDOMAIN": lambda q: q.nxdomain("far.example.", 2, 2),
                   "NODATA": lambda q: q.reply(authority=[soa("far.example.", 2, 2)]),
                   "both": in_turn(None, lambda q: q.reply(authority=[soa("far.example.", 1, 1)]),
                                   lambda q: q.nxdomain("far.example.", 2, 2))}
        for kind in denials:
            self.on(records(("", 1, "A", "192.0.2.1")), f"{kind}.far.example.")
            self.a.query(f"{kind}.far.example.")
        time.sleep(1.1)
        for kind, script in denials.items():
            name = f"{kind}.far.example."
            self.on(script, name)
            for _ in range(1 + (kind == "both")):
                self.check_old(name)
                time.sleep(1.1)
            self.assertGreaterEqual(self.u.count(name), 2 + (kind == "both"), kind)
        time.sleep(2)  # the denials have expired
        for kind in denials:
            name = f"{kind}.far.example."
            self.on(rcode("SERVFAIL"), name)
            self.check_old(name)

    def check_old(self, name):
        for reply in self.a.all_workers(name, number=16):
            self.check_stale(reply)
            self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]), name)


class Immediate(Stale):
    cache = {"serve_stale": {"mode": "immediate"}}
    test_recheck = test_denied = test_fresh_denial = test_all_dead = test_rd = None

    def test_silent(self):
        """CA-15: stale first, refreshed behind"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(records(("", 20, "A", "192.0.2.2")))
        reply = self.check_stale(self.a.query(NAME))
        self.assertEqual(reply.outcome, ("NOERROR", ["192.0.2.1"]))
        await_("the new one", lambda: self.a.query(NAME).rdatas == ["192.0.2.2"])
        self.assertEqual(self.u.count(NAME), 2)


class Off(Stale):
    cache = {"serve_stale": {"mode": "off"}}
    test_recheck = test_denied = test_fresh_denial = test_all_dead = test_rd = None

    def test_silent(self):
        """CA-15: `mode = "off"`"""
        self.fill(records(("", 1, "A", "192.0.2.1")))
        self.on(rcode("SERVFAIL"))
        self.check_failed(self.a.query(NAME))


if __name__ == "__main__":
    unittest.main()
