"""shmdnsctl metrics: the scrape from shared memory (OV-17, OP-06)."""

import http.client
import json
import os
import signal
import threading
import unittest

import harness
from scrape import Scrape

NAME = "svc-001.shop.svc.cluster.local."


class Metrics(unittest.TestCase):
    def scrape(self, a, *words):
        code, out, err = a.ctl("metrics", "-i", a.instance, *words)
        self.assertEqual((code, err), (0, ""))
        return out

    def test_same_as_served(self):
        """OV-17: what is served over HTTP, series by series; without anybody who serves"""
        port = harness.free_port()
        with harness.Appliance(harness.cluster(5), http={"metrics": port},
                               http_more={"metrics": 'coredns_compat = "extra";'}) as a:
            def serves():
                try:
                    to = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                    to.request("GET", "/metrics")
                    return to.getresponse().read().decode()
                except OSError:
                    return ""
            served = Scrape(harness.await_("a scrape", serves))
            ours = Scrape(self.scrape(a))
            self.assertEqual(set(ours.families), set(served.families))
            self.assertEqual(set(ours.series()), set(served.series()))
            for name in ("coredns_build_info", "shmdns_snapshot_nodes"):
                if name in served.families:
                    self.assertEqual(ours.value(name), served.value(name))
            Scrape(self.scrape(a, "--openmetrics"), openmetrics=True)
            pids = a.role("shmdns-admin") + a.role("shmdns-controller")
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                a.ask(NAME, "A")
                later = Scrape(self.scrape(a))
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
            self.assertGreater(later.value("coredns_dns_requests_total"),
                               ours.value("coredns_dns_requests_total"))

    def test_forms(self):
        """OV-17: a part of it, JSON, what grew in a second; nothing there is 3 (OP-04)"""
        with harness.Appliance(harness.cluster(5)) as a:
            text = self.scrape(a, "coredns_dns_requests", "shmdns_build")
            self.assertEqual({line.split("{")[0] for line in text.splitlines()
                              if line[0] != "#"},
                             {"coredns_dns_requests_total", "shmdns_build_info"})
            Scrape(text)
            document = json.loads(self.scrape(a, "-o", "json"))
            self.assertEqual(document["version"], 1)
            scrape = Scrape(self.scrape(a))
            self.assertEqual({(s["name"], frozenset(s["labels"].items()))
                              for s in document["samples"]}, set(scrape.series()))
            done = threading.Event()

            def ask():
                while not done.is_set():
                    a.ask(NAME, "A")
            asker = threading.Thread(target=ask)
            asker.start()
            try:
                text = self.scrape(a, "--diff", "300ms", "coredns_dns_requests_total")
                self.assertRegex(text, r'(?m)^coredns_dns_requests_total\{.*type="A".*\} '
                                       r"\+\d+ \([\d.]+/s\)$")
                self.assertNotIn('type="AAAA"', text)
                document = json.loads(self.scrape(a, "--diff", "300ms", "-o", "json",
                                                  "coredns_dns_requests_total"))
            finally:
                done.set()
                asker.join()
            (grown,) = document["differences"]
            self.assertGreater(grown["by"], 0)
            self.assertEqual(grown["labels"]["type"], "A")
            self.assertEqual(a.ctl("metrics", "--diff", "1m")[0], 2)
            self.assertEqual(a.ctl("metrics", "-i", "none-of-that-name")[0], 3)


if __name__ == "__main__":
    unittest.main()
