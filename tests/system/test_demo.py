"""The demo's questions, asked over UDP and TCP and decoded by dnspython (QS-08, QS-15)."""

import contextlib
import os
import shutil
import subprocess
import unittest

import dns.flags
import dns.message
import dns.query

import harness

OURS = (".cluster.local.", ".arpa.")
DEMO = os.path.join(harness.SOURCE, "conf", "demo")


def questions():
    """[(name, type, rcode, [rdata])] of conf/demo/questions."""
    out = []
    with open(os.path.join(DEMO, "questions")) as f:
        for line in f:
            fields = line.split("#")[0].split(None, 3)
            if fields:
                more = fields[3].split(";") if len(fields) > 3 else []
                out.append((*fields[:3], sorted(m.strip() for m in more)))
    return out


class Demo(unittest.TestCase):
    def test_questions(self):
        """QS-08, QS-15: each question of the demo has the answer that stands beside it"""
        with self.stub() as forward, harness.Appliance(forward=forward) as a:
            for name in os.listdir(DEMO):
                if name.endswith((".yaml", ".json")):
                    shutil.copy(os.path.join(DEMO, name), a.objects)
            asked = questions()
            self.assertGreaterEqual(len(asked), 10)
            name, type_, rcode, expected = asked[0]
            a.await_outcome(name, type_, rcode, expected)
            for name, type_, rcode, expected in asked:
                with self.subTest(f"{name} {type_}"):
                    for reply in (a.ask(name, type_), self.over_tcp(a, name, type_)):
                        self.assertEqual(harness.outcome(reply), (rcode, expected))
                        self.assertEqual(bool(reply.flags & dns.flags.AA), name.endswith(OURS))

    @contextlib.contextmanager
    def stub(self):
        """QS-10: the demo's own upstream, as a list for `forward`: nobody else is asked"""
        port = harness.free_port()
        with subprocess.Popen([harness.program("demo-stub"), str(port)],
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                self.assertEqual(process.stdout.readline(), "ready\n")
                yield f'( {{ from = "example.test."; to = [ "127.0.0.1:{port}" ]; }} )'
            finally:
                process.kill()

    def over_tcp(self, a, name, type_):
        query = dns.message.make_query(name, type_)
        return dns.query.tcp(query, "127.0.0.1", timeout=2, port=a.port)

    def test_ctl_query(self):
        """OP-07: shmdnsctl query says the same"""
        with harness.Appliance(harness.cluster(1)) as a:
            code, out, err = a.ctl("query", "-c", a.config, "+short",
                                   "svc-000.shop.svc.cluster.local.", "A")
            self.assertEqual((code, out.strip()), (0, "10.96.1.0"), err)
