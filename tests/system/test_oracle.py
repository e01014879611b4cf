"""Whole answers against an oracle that was written from the rules, not from the code.

The rows of doc/RECORDS.md from "From objects" on (RB-01 to RX-21), with RG-05 to RG-15,
and that steps lead to where a build from nothing leads. More seeds: tests/oracle/run.py.
"""

import os
import sys
import unittest

import harness
from harness import namespace, object_list, service, slice_

sys.path.insert(0, os.path.join(os.path.dirname(harness.__file__), os.pardir, "oracle"))
import run  # noqa: E402

SEEDS, STEPS, QUESTIONS = (16, 4, 2500) if harness.FULL else (12, 3, 1500)


class Oracle(unittest.TestCase):
    def test_seeds(self):
        """Random objects, then random changes: every name, every type, nothing else"""
        harness.program("shmdnsd")
        asked, found = run.run_seeds(range(1, SEEDS + 1), STEPS, QUESTIONS, os.cpu_count())
        self.assertEqual([line.split("\n")[0] for line in found], [])
        self.assertGreater(asked, SEEDS * STEPS * 1000)

    def test_zone_of_one_address(self):
        """RV-01, RX-01: the apex of a reverse zone is an address with a PTR"""
        zones = 'zones = [ "cluster.local.", "10.96.0.1/32", "in-addr.arpa." ];'
        name = "1.0.96.10.in-addr.arpa."
        with harness.Appliance(harness.cluster(1), kubernetes=zones) as a:
            self.assertEqual(a.outcome(name, "PTR"), ("NOERROR", []))  # the apex
            for target in ("web", "api"):
                a.put("one.json", object_list(service(target, ip="10.96.0.1")))
                a.await_outcome(name, "PTR", "NOERROR", [f"{target}.shop.svc.cluster.local."])
            self.assertEqual(len(a.ask(name, "SOA").answer), 1)
            os.unlink(os.path.join(a.objects, "one.json"))
            a.await_outcome(name, "PTR", "NOERROR", [])

    def test_fallback_begins(self):
        """RDY-04, RV-03: the last ready endpoint leaves; those that serve get their PTRs"""
        name = "9.1.244.10.in-addr.arpa."
        draining = slice_("api-2", "api", ["10.244.1.9"])
        draining["endpoints"][0]["conditions"] = {
            "ready": False, "serving": True, "terminating": True}
        rest = [namespace("shop"), service("api", ip="None"), draining]
        ready = slice_("api-1", "api", ["10.244.1.8"])
        with harness.Appliance(object_list(*rest, ready),
                               kubernetes="serving_fallback = true;") as a:
            self.assertEqual(a.outcome(name, "PTR"), ("NXDOMAIN", []))
            a.put("cluster.json", object_list(*rest))
            a.await_outcome(name, "PTR", "NOERROR", ["10-244-1-9.api.shop.svc.cluster.local."])
            a.put("cluster.json", object_list(*rest, ready))
            a.await_outcome(name, "PTR", "NXDOMAIN")


if __name__ == "__main__":
    unittest.main()
