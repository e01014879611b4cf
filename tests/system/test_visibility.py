"""Who sees which namespaces, with real clients: their addresses are loopback's (AC-04)."""

import copy
import json
import os
import random
import signal
import socket
import struct
import sys
import unittest
import urllib.request

import dns.flags
import dns.message
import dns.name
import dns.reversename

import harness
from harness import namespace, service, slice_

sys.path.insert(0, os.path.join(os.path.dirname(harness.__file__), os.pardir, "oracle"))
import ask  # noqa: E402
import records  # noqa: E402
import run  # noqa: E402

A, B, OPS, NOBODY = (f"127.7.5.{i}" for i in range(1, 5))
RULES = """visibility = (
    { from = [ "*" ]; to = [ "default" ]; },
    { from = [ "ops" ]; to = [ "*" ]; } );"""
EDNS = {"use_edns": 0, "payload": 1232}
WEB_A, WEB_B = "web.a.svc.cluster.local.", "web.b.svc.cluster.local."


def clients(**of):
    """EndpointSlices whose Pods are those who ask: namespace=address."""
    out = []
    for ns, address in of.items():
        s = slice_("askers", "askers", [address], ns)
        s["endpoints"][0]["targetRef"] = {"kind": "Pod", "namespace": ns, "name": "asker"}
        out.append(s)
    return harness.object_list(*out)


def tenant(ns, net):
    """One of everything; addresses are those of no other tenant."""
    dual = service("dual", ns, f"10.96.{net}.2", ports=[("http", 80), ("dns", 53)])
    dual["spec"]["clusterIPs"].append(f"fd00:96::{net}:2")
    return [
        service("web", ns, f"10.96.{net}.1"), dual,
        service("over", ns, type="ExternalName", externalName=f"dual.{ns}.svc.cluster.local"),
        service("pets", ns, "None"), service("plain", ns, "None"),
        slice_("pets-1", "pets", [f"10.244.{net}.1", f"10.244.{net}.2"], ns, ["p-0", "p-1"]),
        slice_("plain-1", "plain", [f"10.244.{net}.1", f"10.244.{net}.3"], ns),
        slice_("web-1", "web", [f"10.244.{net}.7"], ns),
    ]


def cluster():
    items = [namespace(n) for n in ("default", "a", "b")]
    items += [service("kubernetes", "default", "10.96.0.1", ports=[("https", 443)])]
    items += tenant("a", 1) + tenant("b", 2)
    # Chains from one to the other and to nobody; an address that both have.
    for name, to in (("to-b", WEB_B), ("to-c", "web.c.svc.cluster.local.")):
        items.append(service(name, "a", type="ExternalName", externalName=to[:-1]))
    return items + [service("both", ns, "10.96.9.9") for ns in "ab"]


class Asker:
    """Queries from one address over UDP and TCP; replies as octets, behind the ID."""

    def __init__(self, port, address):
        self.udp, self.tcp = (socket.socket(socket.AF_INET, kind)
                              for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
        for s in self.udp, self.tcp:
            s.settimeout(harness.PATIENCE_S)
            s.bind((address, 0))
            s.connect(("127.0.0.1", port))
        self.stream = self.tcp.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.udp.close()
        self.tcp.close()

    def wire(self, name, type_, tcp=False, **options):
        query = dns.message.make_query(name, type_, id=7, **options).to_wire()
        if tcp:
            self.tcp.sendall(struct.pack("!H", len(query)) + query)
            return self.stream.read(struct.unpack("!H", self.stream.read(2))[0])
        self.udp.send(query)
        return self.udp.recv(65535)

    def ask(self, name, type_="A", **options):
        return dns.message.from_wire(self.wire(name, type_, **options))

    def outcome(self, name, type_="A", **options):
        return harness.outcome(self.ask(name, type_, **options))


def behind_question(wire, name):
    """All of a reply but the name of its question."""
    question = len(dns.name.from_text(name).to_wire())
    return wire[:12], wire[12 + question:]


def twin(name):
    """A name of the same shape that does not exist: of tenant c, or an address of nobody."""
    labels = name.split(".")
    if labels[-2] == "arpa":
        at = -5 if labels[-3] == "in-addr" else None  # 10.X, and the first nibble of fd00::
        if at is None:
            return "e" + name[1:] if name[0] != "e" else "d" + name[1:]
        return ".".join(labels[:at] + ["97" if labels[at] == "96" else "245"] + labels[at + 1:])
    at = -5
    assert labels[at] == "b" and labels[at + 1] in ("svc", "pod"), name
    return ".".join(labels[:at] + ["c"] + labels[at + 1:])


class Visibility(unittest.TestCase):
    def appliance(self, extra=RULES, **options):
        a = harness.Appliance(harness.object_list(*cluster()), extra=extra, **options)
        a.put("clients.json", clients(a=A, b=B, ops=OPS))
        return a

    def askers(self, a, *addresses):
        for address in addresses:
            asker = Asker(a.port, address)
            self.addCleanup(asker.__exit__)
            yield asker

    def await_outcome(self, a, address, name, rcode):
        with Asker(a.port, address) as who:
            harness.await_(f"{rcode} of {name} for {address}", lambda: {
                who.outcome(name)[0] for _ in range(4)} == {rcode})

    def hidden(self, a):
        return sum(w["hidden"] for w in a.status()["workers"])

    def reload(self, a):
        a.write_config()
        a.process.send_signal(signal.SIGHUP)

    def names(self):
        """(every name that tenant b might have, what an oracle says of them)"""
        items = cluster() + json.loads(clients(a=A, b=B, ops=OPS))["items"]
        oracle = records.Oracle(copy.deepcopy(items))
        exist, might = set(oracle.names()), run.candidates(items, oracle)
        near = {v for n in sorted(exist) for v in run.variants(random.Random(1), n)}
        wanted = sorted(n for n in exist | might | near if n[-4:] in (
            ("b", "svc", "cluster", "local"), ("b", "pod", "cluster", "local")))
        wanted = [n for n in wanted if all(l.isprintable() and "." not in l for l in n)]
        self.assertGreater(len(wanted), 100)
        self.assertGreater(len(exist & set(wanted)), 20)
        return [".".join(n) + "." for n in wanted], oracle

    def check_same(self, one, name, other, like, type_, **options):
        """Both get the same, but for the name in the question."""
        got, want = one.wire(name, type_, **options), other.wire(like, type_, **options)
        self.assertEqual(behind_question(got, name), behind_question(want, like),
                         (name, type_, options))
        return got

    def test_names(self):
        """AC-04: all names of a tenant are for the other as names that are not there, to the octet"""
        names, oracle = self.names()
        with self.appliance() as a:
            one, other, ops, nobody = self.askers(a, A, B, OPS, NOBODY)
            asked = 0
            for name in names:
                for type_ in run.TYPES:
                    how = [{}, EDNS, {"want_dnssec": True}, {"tcp": True}, {**EDNS, "tcp": True}]
                    # Who sees everything is told that the twin does not exist.
                    for options in how if asked % 8 == 0 else how[:2]:
                        wire = self.check_same(one, name, ops, twin(name), type_, **options)
                        self.assertEqual(wire[3] & 15, 3, (name, type_))  # NXDOMAIN
                    self.check_same(nobody, name.upper(), ops, twin(name).upper(), type_)
                    asked += 1
                    self.check_seen(oracle, other, name, type_)
            self.assertGreater(asked, 1000)
            self.assertGreater(self.hidden(a), 3 * asked)

    def check_seen(self, oracle, who, name, type_):
        """Whose namespace it is gets what there is."""
        qname = dns.name.from_text(name)
        got, want = ask.Got(who.wire(qname, type_, **EDNS)), oracle.answer(qname, type_)
        want.additional = got.additional  # our own addresses are another setting here
        self.assertEqual(got.rcode, want.rcode, (name, type_))
        self.assertEqual(sorted(got.answer), sorted(want.answer), (name, type_))

    def test_reverse(self):
        """AC-04: a reverse name tells of nobody whom the client does not see"""
        theirs = [("1.2.96.10", "web"), ("2.2.96.10", "dual"), ("3.2.244.10", "10-244-2-3.plain"),
                  ("7.2.244.10", "10-244-2-7.web")]
        with self.appliance() as a:
            one, other, ops, nobody = self.askers(a, A, B, OPS, NOBODY)
            v6 = dns.reversename.from_address("fd00:96::2:2").to_text()
            names = [(n + ".in-addr.arpa.", t) for n, t in theirs] + [(v6, "dual")]
            for name, target in names:
                for tcp in False, True:
                    for type_ in "PTR", "A", "TXT", "ANY":
                        for who in one, nobody:
                            wire = self.check_same(who, name, ops, twin(name), type_, tcp=tcp,
                                                   **EDNS)
                            self.assertEqual(wire[3] & 15, 3)
                    for who in other, ops:
                        self.assertEqual(who.outcome(name, "PTR", tcp=tcp), (
                            "NOERROR", [f"{target}.b.svc.cluster.local."]))
            both = "9.9.96.10.in-addr.arpa."
            ta, tb = "both.a.svc.cluster.local.", "both.b.svc.cluster.local."
            for who, targets in (one, [ta]), (other, [tb]), (ops, [ta, tb]):
                reply = who.ask(both, "PTR", **EDNS)
                self.assertEqual(harness.outcome(reply), ("NOERROR", targets))
                self.assertFalse(reply.flags & dns.flags.TC)
            self.assertEqual(nobody.outcome(both, "PTR"), ("NXDOMAIN", []))

    def test_many_targets(self):
        """AC-04, S-01: TC is set by what the client may have, not by what is hidden"""
        many = [service(f"svc-{i:02d}", ns, "10.96.8.8") for i in range(40) for ns in "ab"]
        with self.appliance(workers=1) as a:
            a.put("many.json", harness.object_list(*many, service("only", "c", "10.96.8.8"),
                                                   namespace("c")))
            name = "8.8.96.10.in-addr.arpa."
            one, ops = self.askers(a, A, OPS)
            harness.await_("the objects", lambda: len(ops.outcome(name, "PTR", tcp=True)[1]) == 81)
            a.put("clients.json", clients(a=A, b=B, ops=OPS, c=NOBODY))
            self.await_outcome(a, NOBODY, "only.c.svc.cluster.local.", "NOERROR")
            (c,) = self.askers(a, NOBODY)
            reply = c.ask(name, "PTR")
            self.assertEqual((harness.rdatas(reply), reply.flags & dns.flags.TC),
                             (["only.c.svc.cluster.local."], 0))
            cut, whole = one.ask(name, "PTR"), one.ask(name, "PTR", tcp=True)
            self.assertTrue(cut.flags & dns.flags.TC)
            self.assertEqual(harness.rdatas(whole), sorted(
                f"svc-{i:02d}.a.svc.cluster.local." for i in range(40)))
            self.assertLess(set(harness.rdatas(cut)), set(harness.rdatas(whole)))

    def test_chain(self):
        """AC-04, RE-04: a CNAME into another namespace ends as one to nowhere"""
        with self.appliance() as a:
            one, other, ops, nobody = self.askers(a, A, B, OPS, NOBODY)
            to_b, to_c = "to-b.a.svc.cluster.local.", "to-c.a.svc.cluster.local."
            for tcp in False, True:
                for type_ in "A", "AAAA", "SRV", "TXT":
                    got = one.wire(to_b, type_, tcp=tcp)
                    want = one.wire(to_c, type_, tcp=tcp)
                    at = got.index(b"\x03web\x01b")
                    self.assertEqual(got[:at].replace(b"to-b", b"to-c"), want[:at])
                    self.assertEqual(got[at:].replace(b"\x01b", b"\x01c", 1), want[at:])
                    self.assertEqual(got[3] & 15, 3)
                self.assertEqual(one.outcome(to_b, tcp=tcp), ("NXDOMAIN", [WEB_B]))
                self.assertEqual(ops.outcome(to_b, tcp=tcp), ("NOERROR", ["10.96.2.1", WEB_B]))
                for who in other, nobody:  # not even that there is such a CNAME
                    self.assertEqual(who.outcome(to_b, tcp=tcp), ("NXDOMAIN", []))
            self.assertEqual(one.outcome(to_b, "CNAME"), ("NOERROR", [WEB_B]))

    def test_srv(self):
        """AC-04, SP rows: ports of a namespace that is seen have their addresses with them"""
        with self.appliance() as a:
            one, other = self.askers(a, A, B)
            name = "_http._tcp.web.b.svc.cluster.local."
            reply = other.ask(name, "SRV", **EDNS)
            self.assertEqual(harness.rdatas(reply), [f"0 100 80 {WEB_B}"])
            self.assertEqual([rr.to_text() for rr in reply.additional[0]], ["10.96.2.1"])
            for asked in name, "http.tcp.web.b.svc.cluster.local.":
                self.assertEqual(one.outcome(asked, "SRV", **EDNS), ("NXDOMAIN", []))

    def test_everybody(self):
        """AC-04, AC-03: what `from = ["*"]` gives is for who is not known too; nothing else is"""
        with self.appliance() as a:
            api = "kubernetes.default.svc.cluster.local."
            who = list(self.askers(a, A, B, OPS, NOBODY))
            for tcp in False, True:
                self.assertEqual([w.outcome(api, tcp=tcp)[0] for w in who], ["NOERROR"] * 4)
                self.assertEqual([w.outcome(WEB_A, tcp=tcp)[0] for w in who],
                                 ["NOERROR", "NXDOMAIN", "NOERROR", "NXDOMAIN"])
                self.assertEqual([w.outcome("cluster.local.", "NS", tcp=tcp)[0] for w in who],
                                 ["NOERROR"] * 4)
            # Who comes to be known, or moves, sees by that from then on.
            a.put("clients.json", clients(a=NOBODY, b=A))
            self.await_outcome(a, NOBODY, WEB_A, "NOERROR")
            self.await_outcome(a, A, WEB_A, "NXDOMAIN")
            self.await_outcome(a, A, WEB_B, "NOERROR")
            self.await_outcome(a, OPS, WEB_B, "NXDOMAIN")

    def test_reload(self):
        """AC-04, CF-02: rules come, go, and are refused with their place and what to write"""
        with self.appliance(extra="", kubernetes='client_names = "none";') as a:
            one, nobody = self.askers(a, A, NOBODY)
            self.assertEqual(one.outcome(WEB_B)[0], "NOERROR")
            self.assertEqual(self.hidden(a), 0)
            pids = a.worker_pids
            a.extra = RULES
            self.reload(a)
            self.await_outcome(a, NOBODY, WEB_A, "NXDOMAIN")
            self.assertEqual(one.outcome(WEB_A)[0], "NOERROR")
            self.assertEqual(one.outcome(WEB_B)[0], "NXDOMAIN")
            bad = [('"default"', '"Default"', r'path=visibility\[0\]\.to\[0\] .*cannot be the name '
                    'of a namespace.* write lower-case'),
                   ('from = [ "ops" ]', "from = [ ]", r'path=visibility\[1\]\.from .*is empty'),
                   ("{ from", "{ form", r'path=visibility\[0\]\.form .*did you mean visibility')]
            for was, is_, why in bad:
                a.extra = RULES.replace(was, is_, 1)
                self.reload(a)
                a.await_log(r"shmdns\.conf:\d+:\d+ " + why)
                a.await_log("reload refused")
                self.assertEqual(nobody.outcome(WEB_A)[0], "NXDOMAIN")
            a.extra = RULES.replace('"default"', '"a"')
            self.reload(a)
            self.await_outcome(a, NOBODY, WEB_A, "NOERROR")
            self.await_outcome(a, NOBODY, WEB_B, "NXDOMAIN")
            a.extra = ""
            self.reload(a)
            self.await_outcome(a, NOBODY, WEB_B, "NOERROR")
            self.assertEqual(a.worker_pids, pids)

    def explain(self, a, client, name, type_="A"):
        """(outcome, rdatas, rule, namespace of the client) of the last step."""
        code, out, err = a.ctl("explain", name, type_, "--client", client, "-c", a.config,
                               "-o", "json")
        self.assertEqual(err, "")
        whole = json.loads(out)
        step = whole["steps"][-1]
        self.assertEqual(code, 0 if step["outcome"] == "NOERROR" else 1)
        return (step["outcome"], sorted(r.split(" ", 2)[2] for r in step["records"]),
                step.get("rule"), whole["client"].get("namespace"))

    def test_explain(self):
        """AC-04, AC-01, OV-03: explain says to a client what it is answered"""
        acl = """acl = (
            { action = "block"; zones = [ "plain.a.svc.cluster.local" ]; namespaces = [ "a" ]; },
            { action = "filter"; types = [ "AAAA" ]; nets = [ "%s" ]; },
            { action = "drop"; zones = [ "pets.b.svc.cluster.local" ]; nets = [ "%s" ]; } );
            """ % (A, B)
        nets = "9.9.96.10.in-addr.arpa."
        with self.appliance(extra=acl + RULES) as a:
            questions = [(n, "A") for n in (WEB_A, WEB_B, "c.svc.cluster.local.",
                                            "plain.a.svc.cluster.local.", "localhost.",
                                            "10-0-0-1.b.pod.cluster.local.", "x.example.")]
            questions += [("dual.a.svc.cluster.local.", "AAAA"), (nets, "PTR"), (nets, "A"),
                          ("1.2.96.10.in-addr.arpa.", "PTR"), ("1.2.96.10.in-addr.arpa.", "A"),
                          ("97.10.in-addr.arpa.", "PTR"), ("cluster.local.", "NS")]
            for address, ns in (A, "a"), (B, "b"), (OPS, "ops"), (NOBODY, None):
                with Asker(a.port, address) as who:
                    for name, type_ in questions:
                        rcode, rdatas = who.outcome(name, type_)
                        outcome, records_, rule, of = self.explain(a, address, name, type_)
                        what = (address, name, type_, rule)
                        self.assertEqual(of, ns, what)
                        self.assertEqual(outcome.replace("NODATA", "NOERROR"), rcode, what)
                        if name != "localhost.":
                            self.assertEqual(records_, rdatas, what)
            self.assertEqual(self.explain(a, A, WEB_B)[2], "AC-04")
            self.assertEqual(self.explain(a, NOBODY, nets, "PTR")[2], "AC-04")
            self.assertEqual(self.explain(a, A, questions[3][0])[2], "AC-01")
            self.assertEqual(self.explain(a, B, "pets.b.svc.cluster.local.")[::2],
                             ("dropped", "AC-01"))
            text = a.ctl("explain", WEB_B, "--client", A, "-c", a.config)[1]
            self.assertIn(f"client {A} of namespace a\n", text)
            self.assertIn("no rule of visibility lets this client see", text)
            self.assertIn(f"client {NOBODY}, whose namespace is not known", a.ctl(
                "explain", WEB_B, "--client", NOBODY, "-c", a.config)[1])
            self.assertIn("WHAT acl AND visibility SAY OF WHO ASKS IS NOT LOOKED AT", a.ctl(
                "explain", WEB_B, "-c", a.config)[1])
            self.assertEqual(a.ctl("explain", WEB_B, "--client", "web", "-c", a.config), (
                2, "", "shmdnsctl: explain: 'web' is no address\n"))

    def test_explain_wildcard(self):
        """AC-04, FT-04, OV-03: a wildcard of a file, or of hosts, stands for a hidden reverse name"""
        with self.appliance() as a:
            path = os.path.join(a.directory, "reverse.zone")
            harness.write_whole(path, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n* PTR any.example.\n")
            a.extra = RULES + f"""
                zone = ( {{ name = "2.96.10.in-addr.arpa."; file = "{path}"; }} );
                hosts = {{ inline = [ "10.9.0.1 *.2.244.10.in-addr.arpa" ]; }};"""
            self.reload(a)
            told = ("NOERROR", ["any.example."])
            for address in A, OPS:
                with Asker(a.port, address) as who:
                    harness.await_("the zone", lambda: all(
                        who.outcome("99.2.96.10.in-addr.arpa.", "PTR") == told for _ in range(8)))
            questions = [(f"{n}.{net}.10.in-addr.arpa.", type_) for n in (1, 2, 3, 7, 99)
                         for net in ("2.96", "2.244") for type_ in ("PTR", "A")]
            for address in A, B, OPS, NOBODY:
                with Asker(a.port, address) as who:
                    for name, type_ in questions:
                        rcode, rdatas = who.outcome(name, type_)
                        outcome, records_, _, _ = self.explain(a, address, name, type_)
                        what = (address, name, type_)
                        self.assertEqual(outcome.replace("NODATA", "NOERROR"), rcode, what)
                        self.assertEqual(records_, rdatas, what)
                        if address in (A, NOBODY):  # as of an address that nobody has
                            unused = "99." + name.split(".", 1)[1]
                            self.assertEqual((rcode, rdatas), who.outcome(unused, type_), what)
            text = a.ctl("explain", "1.2.96.10.in-addr.arpa.", "PTR", "--client", A, "-c",
                         a.config)[1]
            self.assertIn("visibility hides the name itself", text)
            self.assertNotIn("web", text)

    def test_counters(self):
        """MQ-15, MQ-02: what was hidden is counted once, as policy; status has it"""
        with self.appliance(http={"metrics": harness.free_port()}) as a:
            one, ops = self.askers(a, A, OPS)
            before = self.hidden(a)
            one.outcome(WEB_B)
            one.outcome("to-b.a.svc.cluster.local.")
            one.outcome("1.2.96.10.in-addr.arpa.", "PTR")
            one.outcome("9.9.96.10.in-addr.arpa.", "PTR", tcp=True)
            one.outcome(WEB_A)
            ops.outcome(WEB_B)
            self.assertEqual(self.hidden(a) - before, 4)
            url = f"http://127.0.0.1:{a.http['metrics']}/metrics"
            with urllib.request.urlopen(url, timeout=harness.PATIENCE_S) as f:
                text = f.read().decode()
            self.assertRegex(text, rf"(?m)^shmdns_hidden_total {before + 4}$")
            self.assertRegex(text, r'shmdns_answers_total\{source="policy",rcode="NXDOMAIN"\} [1-9]')

    def test_no_allocation(self):
        """AC-04: no allocation between recvmmsg and sendmmsg with such rules, too"""
        with self.appliance(workers=1, env=harness.noalloc()) as a:
            one, nobody = self.askers(a, A, NOBODY)
            for tcp in False, True:
                self.assertEqual(one.outcome(WEB_A, tcp=tcp)[0], "NOERROR")
                self.assertEqual(one.outcome(WEB_B, tcp=tcp)[0], "NXDOMAIN")
                self.assertEqual(nobody.outcome(WEB_A, tcp=tcp)[0], "NXDOMAIN")
                self.assertEqual(len(one.outcome("9.9.96.10.in-addr.arpa.", "PTR", tcp=tcp)[1]), 1)
            harness.check_noalloc(a)


if __name__ == "__main__":
    unittest.main()
