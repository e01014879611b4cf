"""Reloads under load (G9, RL-04, R-15, R-16): settings, the number of workers and listen
addresses change while misses and cluster names are asked; each reply is checked by
bench/gen.

SHMDNS_LONG=1 asks 20,000 cluster names a second.
"""

import os
import re
import signal
import socket
import time
import unittest

import harness
from harness import LONG, await_
from lab import ForwardTest, group
from load import SETTINGS, WAIT_S, Misses, Relay
from upstream import after, in_turn, silent

MISSES, CLUSTER = (2000, 20000) if LONG else (400, 3000)
DEADLINES = ["4.5s", "4.4s"]


class Reload(ForwardTest):
    settings = {}

    def begin(self, misses_s, **options):
        """An appliance whose upstream takes its time, so that many queries are parked."""
        harness.program("bench/gen")
        u = self.enter(Relay(40))
        self.lab(group(u.at, max_concurrent=0), objects=harness.cluster(), cache=SETTINGS,
                 **options)
        self.near = harness.Load(self.a, harness.cluster_questions())
        self.far = Misses(self.a, MISSES * misses_s)

    def reload(self, signal_=signal.SIGHUP):
        self.a.write_config()
        self.a.process.send_signal(signal_)

    def under_load(self, seconds, act):
        """Both loads run while act() does its work: nothing is lost, wrong or failed."""
        with self.near.running(CLUSTER, seconds, "-w", str(WAIT_S)) as near, \
                self.far.running(MISSES, seconds, "-w", str(WAIT_S)) as far:
            time.sleep(0.3)
            act()
            self.assertFalse(near.over(), "the load has ended too early")
        print(f"     others {far.others:.0%}\n     cluster: {near.result}\n"
              f"     misses:  {far.result}")
        for load, run in ((self.near, near), (self.far, far)):
            self.assertEqual(run.result["wrong"], 0, run.errors)
            load.lost_at_most(run, 0)
        failed = sum(w["rcodes"].get(rcode, 0) for w in self.a.status()["workers"]
                     for rcode in ("SERVFAIL", "REFUSED"))
        self.assertEqual(failed, 0)
        self.assertEqual(self.a.log_lines(r"\bdied\b|hangs"), [])

    def test_settings(self):
        """R-15, RL-02, RL-07: two good files and a bad one in turn, ten signals a second"""
        self.begin(6)

        def act():
            for i in range(40):
                self.a.settings["limits"] = {"query_deadline": DEADLINES[i % 2]}
                self.a.more = "wrokers = 1;" if i % 3 == 2 else ""
                self.reload((signal.SIGHUP, signal.SIGUSR1)[i % 2])
                time.sleep(0.1)

        self.under_load(6, act)
        self.assertLessEqual(len(self.a.log_lines("reload (done|refused)")), 7)
        self.a.more = ""
        done = len(self.a.log_lines("reload done"))
        self.reload()
        await_("the last one", lambda: len(self.a.log_lines("reload done")) > done)

    def workers(self, n):
        was, self.a.workers = self.a.workers, n
        done = len(self.a.log_lines("reload done"))
        self.reload()
        await_("the reload", lambda: len(self.a.log_lines("reload done")) > done)
        await_(f"{n} workers", lambda: len(self.a.worker_pids) == n)
        await_("the change", lambda: self.a.log_lines(
            f"worker.* ready slot={n - 1} " if n > was else f"workers changed to={n}"))

    def test_workers(self):
        """R-16, G9, RL-04: 2 workers become 4, 1 and 2; what is parked is answered"""
        self.begin(10)
        kept = self.a.worker_pids[0]

        def act():
            for n in (4, 1, 2):
                self.workers(n)

        self.under_load(10, act)
        self.assertIn(kept, self.a.worker_pids)

    def test_addresses(self):
        """R-15, RL-04: an address is added and removed; one that is held refuses it all"""
        self.begin(6)
        first = list(self.a.listen)
        other = f"127.0.0.2:{self.a.port}"

        def act():
            self.a.listen = first + [other]
            self.reload()
            self.a.await_log("reload done config=2")
            reply = harness.ask("127.0.0.2", "svc-001.shop.svc.cluster.local.", "A",
                                port=self.a.port)
            self.assertEqual(harness.outcome(reply), ("NOERROR", ["10.96.1.1"]))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind(("127.0.0.3", self.a.port))
                self.a.listen = first + [other, f"127.0.0.3:{self.a.port}"]
                self.reload()
                self.a.await_log("port held listen=127.0.0.3:.*holder=.process ")
                self.a.await_log("reload refused")
            self.a.listen = first
            self.reload()
            self.a.await_log("address leaves listen=127.0.0.2:")

        self.under_load(6, act)
        self.a.await_log("address removed listen=127.0.0.2:")

    def test_parked(self):
        """G9: queries that wait are answered though their worker or their address goes"""
        harness.program("bench/gen")
        u = self.up(in_turn(silent, after(0.9)))
        self.lab(group(u, max_concurrent=0))
        self.a.listen = [*self.a.listen, f"127.0.0.2:{self.a.port}"]
        self.reload()
        self.a.await_log("reload done config=2")
        asked = {}
        self.send(60, asked, ("127.0.0.1", "127.0.0.2"))
        await_("all of them wait", lambda: sum(
            w["parked"]["now"] for w in self.a.status()["workers"]) == len(asked))
        self.a.listen, self.a.workers = self.a.listen[:1], 1
        self.reload()
        self.a.await_log("workers change from=2 to=1")
        self.check_replies(asked)
        self.a.await_log("workers changed to=1")
        self.a.await_log("address removed listen=127.0.0.2:")

    def send(self, count, asked, hosts=("127.0.0.1",)):
        """Queries from as many sockets, to all shares; adds them to `asked`."""
        for i in range(count):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(s.close)
            s.connect((hosts[i % len(hosts)], self.a.port))
            asked[s] = harness.dns.message.make_query(f"n{len(asked)}.far.example.", "A")
            s.send(asked[s].to_wire())

    def check_replies(self, asked):
        """Each of them has its answer."""
        for s, query in asked.items():
            s.settimeout(WAIT_S)
            reply = harness.dns.message.from_wire(s.recv(4096))
            self.assertTrue(query.is_response(reply))
            self.assertEqual(reply.rcode(), 0)

    def loop_worker(self, asked):
        """Worker 1 dies again and again; before it is given up queries wait in its sockets."""
        for life in range(1, 8):
            await_("worker 1", lambda: len(self.a.log_lines("worker ready slot=1 ")) == life)
            line = self.a.log_lines("worker ready slot=1 ")[-1]
            pid = int(re.search(r"pid=(\d+)", line).group(1))
            if life > 4:  # the next death may be the last
                os.kill(pid, signal.SIGSTOP)
                self.send(20, asked)
            os.kill(pid, signal.SIGKILL)
            self.a.await_log(f"worker died slot=1 pid={pid} ")
            if self.a.log_lines("steered around share=1"):
                return
        self.fail("no crash loop")

    def test_parked_for_another(self):
        """G9, EV-03: what a worker has parked for a share in a crash loop, which goes then"""
        u = self.up(in_turn(silent, after(0.9)))
        self.lab(group(u, max_concurrent=0))
        asked = {}
        self.loop_worker(asked)
        await_("all questions", lambda: all(
            u.count(f"n{i}.far.example.", "A") for i in range(len(asked))))
        self.a.workers = 1
        self.reload()
        self.a.await_log("workers change from=2 to=1")
        self.check_replies(asked)
        self.a.await_log("workers changed to=1")


if __name__ == "__main__":
    unittest.main()
