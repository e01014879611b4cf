"""Shared memory: full, left over, of others (M-05, M-11, SH-02, SH-10, OP-30)."""

import os
import signal
import subprocess
import unittest

import harness
from harness import object_list, service



def sized(mib):
    """A prefix that runs a program with a /dev/shm of its own."""
    return ["unshare", "-m", "sh", "-c",
            f'mount -t tmpfs -o size={mib}m tmpfs /dev/shm && exec "$@"', "sh"]


SMALL = sized(40)


class Full(unittest.TestCase):
    def setUp(self):
        harness.need_root()
        harness.need_namespace()

    def test_full(self):
        """M-05, SH-02: no room: the last generation is served, one line, recovery by itself"""
        with harness.Appliance(harness.cluster(20), wrap=SMALL) as a:
            shm = f"/proc/{a.pid}/root/dev/shm"
            pids = (a.controller_pid, *a.worker_pids)
            ballast = os.path.join(shm, "ballast")
            with open(ballast, "wb") as f:
                with self.assertRaises(OSError):
                    while True:
                        os.write(f.fileno(), b"\1" * 65536)
            # More than the step that a segment has in hand.
            a.put("many.json", object_list(*[
                service(f"many-{i}", ip=f"10.98.{i // 250}.{i % 250}") for i in range(8000)]))
            a.await_log(r"(?i)no.?space|full|ENOSPC")
            for i in range(20):
                self.assertEqual(a.outcome(f"svc-{i:03d}.shop.svc.cluster.local.", "A"),
                                 ("NOERROR", [f"10.96.1.{i}"]))
            self.assertEqual(len(a.log_lines(r"(?i)no.?space|full|ENOSPC")), 1)
            self.assertEqual((a.controller_pid, *a.worker_pids), pids, "somebody died")
            os.unlink(ballast)
            a.await_outcome("many-7999.shop.svc.cluster.local.", "A", "NOERROR",
                            ["10.98.31.249"], patience_s=90)
            self.assertEqual((a.controller_pid, *a.worker_pids), pids, "somebody died")


class Tight(unittest.TestCase):
    """Room for what is live, but not for two copies of it and garbage."""

    def setUp(self):
        harness.need_root()
        harness.need_namespace()
        self.objects = subprocess.run(
            [harness.program("shmdnsctl"), "gen", "--services", "2500", "--endpoints", "15"],
            capture_output=True, text=True, check=True).stdout

    def await_change(self, a):
        a.put("one.json", object_list(service("one", "ns-0", "10.96.200.1")))
        a.await_outcome("one.ns-0.svc.cluster.local.", "A", "NOERROR", ["10.96.200.1"],
                        patience_s=60)

    def test_reloads(self):
        """SH-02: rebuilds that find no room for a third copy come through by themselves"""
        with harness.Appliance(self.objects, wrap=sized(29)) as a:
            for ttl in (7, 8, 9):
                a.kubernetes = f"ttl = {ttl};"
                a.write_config()
                os.kill(a.pid, signal.SIGHUP)
                harness.await_("the new TTL", lambda: a.ask(
                    "svc-000001.ns-1.svc.cluster.local.", "A").answer[0].ttl == ttl, 60)
            self.await_change(a)

    def test_storm(self):
        """SH-02, G7: changes faster than a compaction copies do not fill memory for good"""
        with harness.Appliance(self.objects, wrap=sized(40)) as a:
            for i in range(60):
                published = len(a.log_lines("published|failed"))
                a.put("storm.json", object_list(*[
                    service(f"st-{k}", "ns-0", f"10.97.{k // 250}.{k % 250}",
                            ports=(("http", 1 + i),)) for k in range(3000)]))
                harness.await_("something new", lambda: len(
                    a.log_lines("published|failed")) > published or i > 0, 10)
            self.await_change(a)


class Leftovers(unittest.TestCase):
    def test_killed_instance(self):
        """M-11, SH-10: a killed instance's objects go at its next start, others' stay"""
        other = harness.Appliance(harness.cluster(3))
        a = harness.Appliance(harness.cluster(5), instance=other.instance + "x")
        with other:
            self.assertTrue(harness.shm_objects(other.instance))
            with a:
                kept = harness.shm_objects(other.instance)
                self.assertEqual(a.outcome("svc-001.shop.svc.cluster.local.", "A"),
                                 ("NOERROR", ["10.96.1.1"]))
                family = harness.children(a.pid)
                a.kill()
                harness.await_("the end of its children",
                               lambda: not any(harness.start_of(p) for p in family))
                self.assertTrue(harness.shm_objects(a.instance))
                for i in range(1000):
                    with open(harness.shm_path(a.instance, f"seg.{9000 + i}"), "w"):
                        pass
                a.start()
                left = [o for o in harness.shm_objects(a.instance) if ".seg.9" in o]
                self.assertEqual(left, [])
                self.assertEqual(harness.shm_objects(other.instance), kept)
                self.assertEqual(other.outcome("svc-001.shop.svc.cluster.local.", "A"),
                                 ("NOERROR", ["10.96.1.1"]))

    def test_same_instance_twice(self):
        """SH-10, M-14: a second appliance of one instance refuses and harms nobody"""
        with harness.Appliance(harness.cluster(3)) as a:
            b = harness.Appliance(harness.cluster(3), instance=a.instance)
            b.spawn()
            try:
                self.assertNotEqual(b.process.wait(15), 0)
                self.assertRegex(b.log_text(), a.instance)
            finally:
                b.process.kill()
                b.process.wait()
            self.assertEqual(a.outcome("svc-001.shop.svc.cluster.local.", "A"),
                             ("NOERROR", ["10.96.1.1"]))
            a.put("new.json", object_list(service("new", ip="10.96.9.9")))
            a.await_outcome("new.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.9.9"])
