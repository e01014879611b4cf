"""What metrics say of publishing and of single queries, on real processes: MS-05, MS-12, CM-39."""

import os
import signal
import unittest

import harness
from harness import object_list, service
from scrape import Scrape

ZONE = ".shop.svc.cluster.local."


class Measures(unittest.TestCase):
    def scrape(self, a):
        code, out, err = a.ctl("metrics", "-i", a.instance)
        self.assertEqual((code, err), (0, ""))
        return Scrape(out)

    def change(self, a, name, ip):
        a.put("new.json", object_list(service(name, ip=ip)))
        a.await_outcome(name + ZONE, "A", "NOERROR", [ip])

    def await_arrivals(self, a, before):
        """As many as generations that objects caused, and at least one."""
        def risen():
            now = self.scrape(a)
            rise = [now.value(n, **ls) - before.value(n, **ls) for n, ls in (
                ("shmdns_event_to_answer_seconds_count", {}),
                ("shmdns_publishes_total", {"cause": "objects"}))]
            return rise[0] == rise[1] > 0 and now

        return harness.await_("arrivals", risen)

    def test_event_to_answer(self):
        """MS-12: each change counts once, when the last worker has it; a list does not"""
        with harness.Appliance(harness.cluster(5), http={"metrics": harness.free_port()}) as a:
            harness.await_("the admin", lambda: self.scrape(a).value(
                "shmdns_event_to_answer_seconds_count") is not None)
            first = self.scrape(a)
            self.assertEqual(first.value("shmdns_event_to_answer_seconds_count"), 0)
            for i in range(3):
                self.change(a, f"new-{i}", f"10.96.9.{i + 1}")
            now = self.await_arrivals(a, first)
            self.assertGreater(now.value("shmdns_event_to_answer_seconds_sum"), 0)
            self.assertEqual(
                now.value("shmdns_event_to_answer_seconds_bucket", le="+Inf"),
                now.value("shmdns_event_to_answer_seconds_count"))

    def test_frozen_worker(self):
        """MS-12: nobody is waited for who hangs; a successor of the admin goes on"""
        with harness.Appliance(harness.cluster(5), http={"metrics": harness.free_port()}) as a:
            self.change(a, "new", "10.96.9.1")
            before = self.scrape(a)
            os.kill(a.worker_pids[0], signal.SIGSTOP)  # until it is replaced
            a.put("new.json", object_list(service("newer", ip="10.96.9.2")))
            self.await_arrivals(a, before)
            harness.await_("a successor", lambda: a.log_lines("worker died .*reason=heartbeat"))
            a.await_outcome("newer" + ZONE, "A", "NOERROR", ["10.96.9.2"])
            before = self.scrape(a)
            admin = a.role("shmdns-admin")
            os.kill(admin[0], signal.SIGKILL)
            self.change(a, "newest", "10.96.9.3")
            self.await_arrivals(a, before)

    def test_compactions(self):
        """MS-05: each compaction has a time"""
        with harness.Appliance(harness.cluster(5)) as a:
            self.assertEqual(self.scrape(a).value("shmdns_compaction_seconds_count"), 0)

            def compacted(i=[0]):
                i[0] += 1
                published = len(a.log_lines("published"))
                a.put("storm.json", object_list(*[
                    service(f"st-{k}", ip=f"10.97.{k // 250}.{k % 250}",
                            ports=(("http", i[0]),)) for k in range(3000)]))
                harness.await_("something new", lambda: len(a.log_lines("published")) > published)
                return a.log_lines("compacted")

            harness.await_("a compaction", compacted)
            now = self.scrape(a)
            self.assertGreaterEqual(now.value("shmdns_compactions_total"), 1)
            self.assertEqual(now.value("shmdns_compaction_seconds_count"),
                             now.value("shmdns_compactions_total"))
            self.assertGreater(now.value("shmdns_compaction_seconds_sum"), 0)

    def test_localhost(self):
        """CM-39: below localhost, and what search lists make of it; not localhost itself"""
        counted = ["a.localhost.", "B.c.LocalHost.", "localhost" + ZONE, "LOCALHOST.example.com."]
        others = ["localhost.", "xlocalhost.", "localhostx.example.com.", "a.xlocalhost.",
                  "a.localhost.example.com.", "host.", "svc-001" + ZONE]
        with harness.Appliance(harness.cluster(5)) as a:
            for name in others:
                a.ask(name, "A")
            self.assertEqual(self.scrape(a).value("coredns_local_localhost_requests_total"), 0)
            for name in counted:
                a.ask(name, "AAAA")
            self.assertEqual(self.scrape(a).value("coredns_local_localhost_requests_total"),
                             len(counted))


if __name__ == "__main__":
    unittest.main()
