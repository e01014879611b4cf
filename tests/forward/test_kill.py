"""Kills under load (G5, G9, R-12): forwarders, workers and upstreams die while misses and
cluster names are asked; each reply is checked by bench/gen.

SHMDNS_KILLS=1 is the long form: 5,000 misses and 15,000 cluster names a second, a minute each.
"""

import os
import signal
import time
import unittest

import harness
from harness import await_
from lab import ForwardTest, group
from load import SETTINGS, WAIT_S, Misses, Relay

LONG = os.environ.get("SHMDNS_KILLS") == "1"
MISSES, CLUSTER, SECONDS, EVERY_S = (5000, 15000, 60, 2) if LONG else (800, 3000, 8, 2)
SIZE = "128M" if LONG else "16M"  # of the cache: nothing that was asked has to leave
HOT = [f"hot{i}.far.example." for i in range(20)]


class Kill(ForwardTest):
    settings = {}

    def begin(self, delay_ms=0, **cache):
        """Hot names have an upstream that counts, the others one that bears the load."""
        harness.program("bench/gen")
        self.u = self.up()
        self.relay = self.enter(Relay(delay_ms))
        self.lab(group(self.u, zone="far.example."), group(self.relay.at, max_concurrent=0),
                 objects=harness.cluster(), cache={**SETTINGS, "success": {"size": SIZE}, **cache})
        self.cluster = harness.Load(self.a, harness.cluster_questions())
        for name in HOT:
            self.check_right(name)

    def under_load(self, misses, act):
        """Both loads run while act() is called every two seconds; how often it was."""
        acts, before = 0, self.failures()
        end = time.monotonic() + SECONDS
        with self.cluster.running(CLUSTER, SECONDS, "-w", str(WAIT_S)) as near, \
                misses.running(MISSES, SECONDS, "-w", str(WAIT_S)) as far:
            while time.monotonic() < end - 1:
                time.sleep(EVERY_S)
                act()
                acts += 1
        print(f"     {acts} times, others {far.others:.0%}\n     cluster: {near.result}\n"
              f"     misses:  {far.result}")
        self.failed = self.failures() - before
        self.assertEqual(near.result["wrong"], 0, near.errors)
        self.assertEqual(far.result["wrong"], 0, far.errors)
        self.assertGreater(far.result["answered"], MISSES * SECONDS // 2)
        return acts, near, far

    def failures(self):
        """SERVFAIL and REFUSED of all workers, dead ones included."""
        return sum(w["rcodes"].get(rcode, 0) for w in self.a.status()["workers"]
                   for rcode in ("SERVFAIL", "REFUSED"))

    def check(self, near, far, lost=0):
        """At most so many are lost, none failed; a machine that others use proves nothing."""
        now = near.result["lost"] + far.result["lost"]
        if (now > lost or self.failed) and far.others > harness.BUSY:
            self.skipTest(f"others used {far.others:.0%} of the machine: {now} lost, "
                          f"{self.failed} failed")
        self.assertLessEqual(now, lost)
        self.assertEqual(self.failed, 0)

    def kill(self, pids):
        """kill -9 of the first of pids(), and wait for the one after it; its pid."""
        pid = pids()[0]
        others = set(pids())
        os.kill(pid, signal.SIGKILL)
        await_("a successor", lambda: set(pids()) - others)
        return pid

    def check_warm(self):
        """Names that were asked before all this are answered without a packet (CA-19)."""
        for name in HOT:
            self.check_right(name)
            self.assertEqual(self.u.count(name, "A"), 1, name)

    def test_forwarder(self):
        """G9, CA-19: the forwarder every 2 s: no query is lost, none wrong, the cache warm"""
        self.begin()
        misses = Misses(self.a, MISSES * SECONDS)

        def act():
            self.kill(lambda: self.a.forwarder_pids)
            self.check_warm()

        _, near, far = self.under_load(misses, act)
        self.check(near, far)
        self.assertEqual(near.result["duplicates"] + far.result["duplicates"], 0)

    def test_workers(self):
        """G9, R-12: a worker every 2 s: at most 32 lost each, and what is parked is answered"""
        self.begin(30)  # so that many are parked
        misses = Misses(self.a, MISSES * SECONDS)
        kills, near, far = self.under_load(
            misses, lambda: self.kill(lambda: self.a.worker_pids))
        self.check(near, far, 32 * kills)
        self.check_warm()

    def test_both(self):
        """G5, G9: a worker and the forwarder at the same moment"""
        self.begin(30)
        misses = Misses(self.a, MISSES * SECONDS)

        def act():
            os.kill(self.a.forwarder_pids[0], signal.SIGKILL)
            self.kill(lambda: self.a.worker_pids)
            await_("a forwarder", lambda: self.a.forwarder_pids)

        kills, near, far = self.under_load(misses, act)
        self.check(near, far, 32 * kills)
        self.check_warm()

    def test_upstream(self):
        """C-12, FW-11, R-19: the only upstream goes and comes: every query has its answer"""
        self.begin(servfail_ttl="1s", serve_stale={"mode": "off"})
        misses = Misses(self.a, MISSES * SECONDS)

        def act():
            self.relay.kill()
            time.sleep(0.5)
            self.relay.start()

        _, near, far = self.under_load(misses, act)
        self.failed = 0  # as it should be while it is gone
        self.check(near, far)
        await_("it is back", lambda: self.a.query(
            f"{time.monotonic_ns()}.load.example.").rcode == "NOERROR", every_s=0.1)

    def test_reload(self):
        """G9, R-15: reloads under load: no query is lost"""
        self.begin()
        misses = Misses(self.a, MISSES * SECONDS)
        texts = [{"query_deadline": "4.5s"}, {"query_deadline": "4.4s"}]

        def act():
            self.a.settings["limits"] = texts[0]
            texts.reverse()
            self.a.write_config()
            self.a.process.send_signal(signal.SIGHUP)

        _, near, far = self.under_load(misses, act)
        self.check(near, far)


if __name__ == "__main__":
    unittest.main()
