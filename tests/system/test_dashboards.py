"""What reads CoreDNS's metrics finds them here (ME-02): PromQL over two scrapes, by promtool."""

import json
import os
import re
import subprocess
import unittest

import dns.message
import dns.query
import dns.rcode
import dns.rrset

import harness
import peers
import test_admin

DATA = os.path.join(harness.SOURCE, "tests", "data", "promql.txt")
GIVEN = {"job": "kube-dns", "instance": "192.0.2.1:9153", "pod": "coredns-1"}  # by a scrape
SERVICE = "svc-001.shop.svc.cluster.local."
STEPS = 5  # minutes between the scrapes: as long as the expressions look back


def expressions():
    """[(row, expression, labels that nobody has)]"""
    with open(DATA) as f:
        lines = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return [(row, expression, set(more)) for row, expression, *more in lines]


def answer(query, reply):
    """Every name has an address, but for those that begin with an rcode."""
    name = query.question[0].name
    first = name.labels[0].decode().upper() if len(name) > 1 else ""
    if first in ("SERVFAIL", "REFUSED"):
        reply.set_rcode(dns.rcode.from_text(first))
    else:
        reply.answer = [dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.7")]


class Dashboards(test_admin.Lab):
    def setUp(self):
        upstream = peers.Stub(answer)
        self.addCleanup(upstream.stop)
        self.forward = upstream.forward
        super().setUp()

    def ask(self, number):
        for tcp in False, True:
            for name in SERVICE, f"no-{number}." + SERVICE, "www.example.test.", \
                    f"{number}.example.test.", f"servfail.{number}.test.", f"refused.{number}.test.":
                for do in False, True:
                    query = dns.message.make_query(name, "A", want_dnssec=do)
                    ask = dns.query.tcp if tcp else dns.query.udp
                    ask(query, "127.0.0.1", 10, self.a.port)

    def scrapes(self):
        """Two of them with the same series, and questions before, between them."""
        self.ask(0)
        self.ask(1)
        first = self.scrape().series()
        self.ask(2)
        second = self.scrape().series()
        return first, {key: second[key] for key in first}

    def evaluated(self, first, second, all_):
        """What promtool says of expressions that have no result over these scrapes."""
        def text(key):
            name, labels = key
            pairs = ", ".join(f"{k}={json.dumps(v)}" for k, v in sorted({
                **dict(labels), **GIVEN}.items()))
            return f"{name}{{{pairs}}}"

        def values(key):
            return f"{first[key]!r}{(second[key] - first[key]) / STEPS:+.9f}x{STEPS}"

        inputs = [{"series": text(key), "values": values(key)} for key in first]
        inputs.append({"series": text(("up", ())), "values": f"1x{STEPS}"})
        asked = [{"expr": f"count({e}) > bool 0", "eval_time": f"{STEPS}m",
                  "exp_samples": [{"labels": "{}", "value": 1}]} for e in all_]
        path = os.path.join(self.a.directory, "expressions.yaml")
        with open(path, "w") as f:
            json.dump({"evaluation_interval": "1m", "tests": [{
                "interval": "1m", "input_series": inputs, "promql_expr_test": asked}]}, f)
        done = subprocess.run([harness.promtool(), "test", "rules", path], text=True,
                              capture_output=True)
        failed = re.findall(r"expr: \"?(.*?)\"?, time", done.stdout + done.stderr)
        self.assertEqual(done.returncode != 0, bool(failed), done.stdout + done.stderr)
        return failed

    def test_expressions(self):
        """ME-02, AL-01 to AL-06: each panel and each alert has a result over two scrapes"""
        first, second = self.scrapes()
        all_ = [expression for _, expression, _ in expressions()]
        self.assertGreater(len(all_), 50)
        self.assertEqual(self.evaluated(first, second, all_), [])
        # It would be seen if one had none.
        missing = 'sum(rate(coredns_dns_requests_total{proto="pigeon"}[5m]))'
        self.assertEqual(len(self.evaluated(first, second, [missing])), 1)

    def test_labels(self):
        """ME-02: what they group by and match is there: else all would be one line"""
        self.ask(0)
        names = {}
        for name, labels in self.scrape().series():
            names.setdefault(name, []).append(dict(labels).keys() | GIVEN.keys())
        for row, expression, nobodys in expressions():
            groups = {label for group in re.findall(r"by \((.*?)\)", expression)
                      for label in re.split(r",\s*", group)}
            for name, matchers in re.findall(r"((?:coredns|process)_\w+)(\{.*?\})?", expression):
                used = groups | set(re.findall(r"(\w+)=~?\"", matchers))
                for labels in names[name]:
                    self.assertLessEqual(used - nobodys, labels, f"{row}: {expression}")


if __name__ == "__main__":
    unittest.main()
