"""Who asks, with real clients: their addresses are loopback's (AC-03, OF-09)."""

import json
import os
import signal
import unittest

import dns.query
import dns.message

import harness

WEB = "svc-000.shop.svc.cluster.local."
FRONT, OTHER, BACK, BOTH, NOBODY = (f"127.7.3.{i}" for i in range(1, 6))
RULES = """acl = (
    { action = "allow"; zones = [ "shop.svc.cluster.local" ]; namespaces = [ "front" ]; },
    { action = "block"; zones = [ "shop.svc.cluster.local" ]; } );"""
ALLOWED, REFUSED = "NOERROR", "REFUSED"


def pods(name, namespace, named):
    """An EndpointSlice of Pods: {name: address}."""
    s = harness.slice_(name, "pods", list(named.values()), namespace)
    for pod, e in zip(named, s["endpoints"]):
        e["targetRef"] = {"kind": "Pod", "namespace": namespace, "name": pod}
    return s


def clients(front=None, back=None):
    return harness.object_list(
        pods("a", "front", front or {"web-0": FRONT, "web-1": OTHER, "agent-0": BOTH}),
        pods("a", "back", back or {"db-0": BACK, "agent-1": BOTH}))


class Clients(unittest.TestCase):
    def appliance(self, extra=RULES, **options):
        a = harness.Appliance(harness.cluster(), extra=extra, **options)
        a.put("clients.json", clients())
        return a

    def rcode(self, a, source, tcp=False):
        method = dns.query.tcp if tcp else dns.query.udp
        query = dns.message.make_query(WEB, "A")
        return harness.outcome(method(query, "127.0.0.1", 2, a.port, source=source))[0]

    def check(self, a, **expected):
        for source, rcode in expected.items():
            for tcp in False, True:
                self.assertEqual(self.rcode(a, globals()[source], tcp), rcode, source)

    def await_rcode(self, a, source, rcode):
        harness.await_(f"{rcode} for {source}", lambda: self.rcode(a, source) == rcode)

    def known(self, a, *arguments):
        """What `dump clients` says, the same as text and as JSON."""
        code, out, err = a.ctl("dump", "clients", *arguments, "-c", a.config)
        self.assertEqual(err, "")
        head, *lines = out.splitlines()
        self.assertIn(a.instance, head)
        _, whole, _ = a.ctl("dump", "clients", *arguments, "-c", a.config, "-o", "json")
        whole = json.loads(whole)
        self.assertEqual(whole["damaged"], 0)
        self.assertEqual([line.split("\t") for line in lines],
                         [[c["address"], c.get("namespace", "-"), c.get("pod", "-")]
                          for c in whole["clients"]])
        return code, lines

    def test_namespaces(self):
        """AC-03: who is known and who is not, over UDP and TCP; then they change places"""
        with self.appliance() as a:
            self.check(a, FRONT=ALLOWED, OTHER=ALLOWED, BACK=REFUSED, BOTH=REFUSED,
                       NOBODY=REFUSED)
            self.assertEqual(a.outcome("nope.other.svc.cluster.local.", "A")[0], "NXDOMAIN")
            serial = a.ask("cluster.local.", "SOA").answer[0][0].serial
            a.put("clients.json", clients({"web-0": BACK, "web-1": OTHER}, {"db-0": FRONT}))
            self.await_rcode(a, BACK, ALLOWED)
            self.await_rcode(a, FRONT, REFUSED)
            self.check(a, FRONT=REFUSED, OTHER=ALLOWED, BACK=ALLOWED, BOTH=REFUSED)
            # No record has changed with them.
            self.assertEqual(a.ask("cluster.local.", "SOA").answer[0][0].serial, serial)
            # They are gone: nobody knows who has such an address.
            os.unlink(os.path.join(a.objects, "clients.json"))
            self.await_rcode(a, BACK, REFUSED)
            self.check(a, OTHER=REFUSED)

    def test_reload(self):
        """AC-03, CF-02: rules come, go, and are refused with their place; clients stay known"""
        with self.appliance(extra="", kubernetes='client_names = "none";') as a:
            self.check(a, NOBODY=ALLOWED, BACK=ALLOWED)
            self.assertEqual(self.known(a), (0, []))
            a.extra = RULES
            self.reload(a)
            self.await_rcode(a, NOBODY, REFUSED)
            self.check(a, FRONT=ALLOWED, BACK=REFUSED)
            self.assertEqual(self.known(a, FRONT), (0, [f"{FRONT}\tfront\t-"]))
            self.assertIn("WHAT acl SAYS", a.ctl("explain", WEB, "-c", a.config)[1])
            a.extra = RULES.replace('"front"', '"Front"')
            self.reload(a)
            a.await_log("reload refused")
            self.assertEqual(len(a.log_lines(
                r'shmdns\.conf:14:\d+ path=acl\[0\]\.namespaces\[0\] text=".*Front.* cannot be '
                r'the name of a namespace')), 1)
            self.check(a, FRONT=ALLOWED, BACK=REFUSED)
            a.extra = ""
            self.reload(a)
            self.await_rcode(a, NOBODY, ALLOWED)

    def reload(self, a):
        a.write_config()
        a.process.send_signal(signal.SIGHUP)

    def test_dump(self):
        """OF-09: who is known, all of them and one"""
        with self.appliance(extra="") as a:
            self.assertEqual(self.known(a), (0, [
                f"{FRONT}\tfront\tweb-0", f"{OTHER}\tfront\tweb-1", f"{BACK}\tback\tdb-0"]))
            self.assertEqual(self.known(a, OTHER), (0, [f"{OTHER}\tfront\tweb-1"]))
            self.assertEqual(self.known(a, BOTH), (1, []))
            code, _, err = a.ctl("dump", "clients", "web-0", "-c", a.config)
            self.assertEqual((code, err), (2, "shmdnsctl: 'web-0' is no address\n"))

    def test_no_allocation(self):
        """AC-03: no allocation between recvmmsg and sendmmsg with such rules, too"""
        with self.appliance(workers=1, env=harness.noalloc()) as a:
            self.check(a, FRONT=ALLOWED, BACK=REFUSED, NOBODY=REFUSED)
            harness.check_noalloc(a)


if __name__ == "__main__":
    unittest.main()
