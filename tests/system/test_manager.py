"""Under a service manager: what it is told, and the sockets that it keeps (SD, SY, R-14)."""

import contextlib
import os
import signal
import socket
import time
import unittest

import harness
from harness import await_
from manager import Managed

NAME = "svc-001.shop.svc.cluster.local."
RIGHT = ("NOERROR", ["10.96.1.1"])
RATE = 5000
BATCH = 32


class Told(unittest.TestCase):
    def test_life(self):
        """SD-01, SD-02, SY-01, SY-03: READY, STATUS, WATCHDOG, RELOADING, STOPPING"""
        with Managed(harness.cluster(3)) as a:
            m = a.manager
            await_("READY=1", lambda: m.said("READY", "1"))
            await_("WATCHDOG=1", lambda: len(m.said("WATCHDOG", "1")) >= 2)
            await_("a status", lambda: m.said("STATUS"))
            a.process.send_signal(signal.SIGHUP)
            reloading = await_("RELOADING=1", lambda: m.said("RELOADING", "1"))[0]
            self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
            await_("READY=1 again", lambda: len(m.said("READY", "1")) == 2)
            a.process.terminate()
            self.assertEqual(a.process.wait(15), 0)
            await_("STOPPING=1", lambda: m.said("STOPPING", "1"))

    def test_workers_hang(self):
        """SY-03: while no worker moves the watchdog hears nothing"""
        with Managed(harness.cluster(3)) as a:
            m = a.manager
            await_("WATCHDOG=1", lambda: m.said("WATCHDOG"))
            for pid in a.worker_pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                stopped = time.monotonic()
                a.await_log("worker hangs", 15)  # after 3 s
                late = [x["at"] - stopped for x in m.said("WATCHDOG") if x["at"] > stopped + 1]
            finally:
                for pid in a.worker_pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
            self.assertEqual([t for t in late if t < 2.5], [])
            await_("WATCHDOG=1", lambda: [x for x in m.said("WATCHDOG") if x["at"] > stopped + 3])


class Kept(unittest.TestCase):
    def managed(self, **options):
        a = Managed(harness.cluster(), **options)
        a.__enter__()
        self.addCleanup(a.__exit__, None, None, None)
        return a

    def test_names(self):
        """SY-04: every socket is kept, under a name of its own"""
        a = self.managed()
        self.assertEqual(a.manager.names(), sorted(
            f"{share}.{kind}.{a.port}.7f000001" for share in (0, 1) for kind in ("tcp", "udp")))
        a.workers = 1
        a.write_config()
        a.process.send_signal(signal.SIGHUP)
        await_("two names", lambda: len(a.manager.names()) == 2)
        a.workers = 2
        a.write_config()
        a.process.send_signal(signal.SIGHUP)
        await_("four names", lambda: len(a.manager.names()) == 4)

    @harness.alone
    def test_killed(self):
        """R-14, EV-05, DE-08: the supervisor killed under load: batches are lost, no more"""
        a = self.managed()
        load = harness.Load(a, harness.cluster_questions())
        kills = 20 if harness.LONG else 2
        with load.running(RATE, 1 + 2 * kills) as run:
            for _ in range(kills):
                time.sleep(0.5)
                a.kill()
                time.sleep(0.1)  # RestartSec
                a.start()
        print(f"     {kills} kills, others {run.others:.0%}: {run.result}")
        self.assertEqual(run.result["wrong"], 0, run.errors)
        load.lost_at_most(run, kills * a.workers * BATCH)
        self.assertEqual(len(a.log_lines("sockets taken back groups=2")), kills)
        self.assertEqual(len(a.manager.names()), 4)

    def test_not_kept(self):
        """R-14: without a store it answers again within a second, and a wait for its old self"""
        with harness.Appliance(harness.cluster()) as a:
            a.kill()
            began = time.monotonic()
            a.spawn()
            await_("an answer", lambda: self.answers(a), every_s=0.005)
            print(f"     back after {(time.monotonic() - began) * 1000:.0f} ms")  # the rule: 1 s

    def answers(self, a):
        with contextlib.suppress(harness.dns.exception.Timeout, OSError):
            return a.ask(NAME, "A", timeout_s=0.05).rcode() == harness.dns.rcode.NOERROR
        return False

    def test_waiting(self):
        """EV-05: what comes while nobody runs is answered by the next one, TCP too"""
        a = self.managed()
        a.kill()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        query = harness.dns.message.make_query(NAME, "A")
        s.sendto(query.to_wire(), ("127.0.0.1", a.port))
        t = socket.create_connection(("127.0.0.1", a.port))
        self.addCleanup(t.close)
        harness.dns.query.send_tcp(t, query)
        a.start()
        s.settimeout(10)
        self.assertEqual(harness.outcome(harness.dns.message.from_wire(s.recv(4096))), RIGHT)
        reply, _ = harness.dns.query.receive_tcp(t, time.time() + 10)
        self.assertEqual(harness.outcome(reply), RIGHT)

    def test_changed(self):
        """SY-04: what the configuration no longer wants is answered once more, then closed"""
        a = self.managed()
        old, new = a.port, harness.free_port()
        a.kill()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.sendto(harness.dns.message.make_query(NAME, "A").to_wire(), ("127.0.0.1", old))
        a.port, a.listen, a.workers = new, [f"127.0.0.1:{new}"], 3
        a.write_config()
        a.start()
        s.settimeout(10)
        self.assertEqual(harness.outcome(harness.dns.message.from_wire(s.recv(4096))), RIGHT)
        await_("six names", lambda: len(a.manager.names()) == 6, 20)
        self.assertTrue(all(f".{new}." in name for name in a.manager.names()))

    def test_more_workers(self):
        """SY-04: more workers, or fewer, than sockets were kept for: all addresses answer"""
        a = self.managed(workers=1)
        for n in (3, 2):
            a.kill()
            a.workers = n
            a.write_config()
            a.start()
            a.await_outcome(NAME, "A", *RIGHT)
            await_("names", lambda: len(a.manager.names()) == 2 * n)

    def test_strange(self):
        """SY-04: descriptors that are none of ours are closed, and a gap is no place"""
        a = self.managed()
        a.kill()
        m = a.manager
        with m.lock:
            lost = next(e for e in m.store if e[0].startswith("0.udp"))
            m.store.remove(lost)
            os.close(lost[1])
            stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            stranger.bind(("127.0.0.1", 0))
            m.store.insert(0, ("stranger", stranger.detach()))
            m.store.append((f"0.udp.{a.port}.7f000001", os.open("/dev/null", os.O_RDONLY)))
        a.start()
        a.await_outcome(NAME, "A", *RIGHT)
        self.assertEqual(len(a.log_lines("descriptor not ours")), 2)
        await_("four names", lambda: len(m.names()) == 4)
        self.assertNotIn("stranger", m.names())
