"""shmdnsctl: each verb by its exit status and what it prints (OP-02 to OP-08, OV rows)."""

import contextlib
import ipaddress
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.zone

import harness
from harness import object_list, service


def ctl(*arguments, env=None):
    done = subprocess.run([harness.program("shmdnsctl"), *arguments], capture_output=True,
                          text=True, timeout=60, env=env)
    return done.returncode, done.stdout, done.stderr


class Server:
    """Answers each query with what `script(query, tcp)` returns: octets, one or many."""

    def __init__(self, script):
        self.script = script
        self.queries = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.at = f"@127.0.0.1:{self.port}"

    def __enter__(self):
        self.threads = [threading.Thread(target=f) for f in (self.serve_udp, self.serve_tcp)]
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        socket.create_connection(("127.0.0.1", self.port)).close()
        for t in self.threads:
            t.join()
        self.udp.close()
        self.tcp.close()

    def replies(self, wire, tcp):
        query = dns.message.from_wire(wire)
        self.queries.append((query, tcp))
        got = self.script(query, tcp)
        return got if isinstance(got, list) else [got]

    def serve_udp(self):
        while True:
            wire, peer = self.udp.recvfrom(65535)
            if not wire:
                return
            for reply in self.replies(wire, False):
                self.udp.sendto(reply, peer)

    def serve_tcp(self):
        while True:
            with self.tcp.accept()[0] as c:
                head = c.recv(2, socket.MSG_WAITALL)
                if not head:
                    return
                wire = c.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                for reply in self.replies(wire, True):
                    c.sendall(struct.pack("!H", len(reply)) + reply)


def reply(query, *rrsets, rcode=dns.rcode.NOERROR, flags=dns.flags.AA, options=()):
    r = dns.message.make_response(query, our_payload=1232)
    r.set_rcode(rcode)
    r.flags |= flags
    r.answer = [dns.rrset.from_text(*rr) for rr in rrsets]
    if options:
        r.use_edns(0, payload=1232, options=options)
    return r.to_wire(max_size=65535)


WEB = ("web.example.", 5, "IN", "A", "10.0.0.7", "10.0.0.8")


class Query(unittest.TestCase):
    def test_answer(self):
        """OP-07: the answer, short, long and as JSON; what the query carries"""
        with Server(lambda q, tcp: reply(q, WEB)) as s:
            code, out, err = ctl("query", "web.example", s.at, "+short")
            self.assertEqual((code, sorted(out.splitlines()), err),
                             (0, ["10.0.0.7", "10.0.0.8"], ""))
            code, out, err = ctl("query", "web.example", "A", s.at)
            self.assertEqual((code, err), (0, ""))
            self.assertRegex(out, r"status: NOERROR, id: \d+, flags: qr aa rd")
            self.assertIn("\nweb.example.\t5\tIN\tA\t10.0.0.7\n", out)
            code, out, err = ctl("query", "web.example", s.at, "-o", "json")
            document = json.loads(out)
            self.assertEqual(sorted(r["data"] for r in document["answer"]),
                             ["10.0.0.7", "10.0.0.8"])
            self.assertEqual((document["version"], document["rcode"]), (1, "NOERROR"))
            query, tcp = s.queries[0]
            self.assertEqual((query.payload, query.ednsflags, tcp), (1232, 0, False))
            self.assertTrue(query.flags & dns.flags.RD)
            self.assertEqual(len({q.id for q, _ in s.queries}), 3)

    def test_options(self):
        """OP-07: EDNS, DO, RD, TCP, reverse names, types by number"""
        with Server(lambda q, tcp: reply(q)) as s:
            for words in (["--no-edns"], ["--edns", "4096", "--dnssec"], ["--no-recurse"],
                          ["--tcp"], ["-x"]):
                name = "2001:db8::1" if words == ["-x"] else "Web.Example"
                self.assertEqual(ctl("query", name, *words, s.at)[0], 0, words)
            self.assertEqual(ctl("query", "a", "TYPE65", f"-s127.0.0.1:{s.port}")[0], 2)
            self.assertEqual(ctl("query", "a", "TYPE65", "-s", f"127.0.0.1:{s.port}")[0], 0)
            self.assertEqual(ctl("query", "a", "@127.0.0.1", "-p", str(s.port))[0], 0)
            q = [query for query, _ in s.queries]
            self.assertEqual([x[1] for x in s.queries], [False, False, False, True] + 3 * [False])
            self.assertEqual(q[0].edns, -1)
            self.assertEqual((q[1].payload, q[1].ednsflags), (4096, dns.flags.DO))
            self.assertFalse(q[2].flags & dns.flags.RD)
            self.assertEqual(q[3].question[0].name.to_text(), "Web.Example.")
            self.assertEqual(q[4].question[0].name.to_text(),
                             ipaddress.ip_address("2001:db8::1").reverse_pointer + ".")
            self.assertEqual(q[5].question[0].rdtype, 65)

    def test_negative(self):
        """OP-04: a reply that says no is 1, with its EDE; a bare header is one too"""
        no = dns.edns.GenericOption(15, b"\0\x14not here")
        with Server(lambda q, tcp: reply(q, rcode=dns.rcode.REFUSED, options=[no])) as s:
            code, out, _ = ctl("query", "web.example", s.at)
            self.assertEqual(code, 1)
            self.assertIn("status: REFUSED", out)
            self.assertIn('EDE=20 (Not Authoritative):"not here"', out)
        with Server(lambda q, tcp: struct.pack("!6H", q.id, 0x8001, 0, 0, 0, 0)) as s:
            code, out, _ = ctl("query", "web.example", s.at)
            self.assertEqual(code, 1)
            self.assertIn("status: FORMERR", out)
        with Server(lambda q, tcp: reply(q, rcode=dns.rcode.BADVERS)) as s:
            self.assertIn("status: BADVERS", ctl("query", "web.example", s.at)[1])

    def test_truncated(self):
        """a cut reply is asked for again over TCP, unless it is what one wants to see"""
        def script(q, tcp):
            return reply(q, WEB) if tcp else reply(q, flags=dns.flags.TC)
        with Server(script) as s:
            out = ctl("query", "web.example", s.at, "+short")[1]
            self.assertEqual(sorted(out.split()), ["10.0.0.7", "10.0.0.8"])
            out = ctl("query", "web.example", s.at, "--ignore-tc")[1]
            self.assertRegex(out, r"flags: qr tc rd")
            self.assertNotIn("10.0.0.7", out)

    def test_large(self):
        """a reply of 64 kB over TCP"""
        many = ("web.example.", 5, "IN", "A",
                *[f"10.1.{i // 250}.{i % 250}" for i in range(4000)])
        with Server(lambda q, tcp: reply(q, many)) as s:
            out = ctl("query", "web.example", s.at, "+short", "--tcp")[1]
            self.assertEqual(set(out.split()), set(many[4:]))

    def test_strangers(self):
        """replies to something else are passed over"""
        def script(q, tcp):
            other = dns.message.make_query("other.example", "A")
            other.id = q.id
            wrong_id = bytearray(reply(q, ("web.example.", 5, "IN", "A", "6.6.6.6")))
            wrong_id[1] ^= 1
            return [bytes(wrong_id), b"\0", q.to_wire(),
                    reply(other, ("other.example.", 5, "IN", "A", "6.6.6.6")), reply(q, WEB)]
        with Server(script) as s:
            out = ctl("query", "web.example", s.at, "+short")[1]
            self.assertEqual(sorted(out.split()), ["10.0.0.7", "10.0.0.8"])

    def test_malformed(self):
        """octets that make no sense are said to be so"""
        with Server(lambda q, tcp: reply(q, WEB)[:-12]) as s:
            code, out, _ = ctl("query", "web.example", s.at)
            self.assertEqual(code, 0)
            self.assertIn("; malformed", out)

    def test_unreachable(self):
        """OP-04: nobody there is 3, silence too"""
        self.assertEqual(ctl("query", "a", f"@127.0.0.1:{harness.free_port()}")[0], 3)
        with Server(lambda q, tcp: []) as s:
            code, out, err = ctl("query", "a", s.at, "--timeout", "1", "--tries", "2")
            self.assertEqual((code, out), (3, ""))
            self.assertIn("no reply", err)
            self.assertEqual(len(s.queries), 2)

    def test_usage(self):
        """OP-04: words that make no sense are 2, with a message"""
        for words in ([], ["a..b"], ["a", "NOTYPE"], ["a", "@nohost"], ["a", "@1.2.3.4:0"],
                      ["a", "-p", "65536"], ["a", "--edns", "x"], ["a", "--nope"], ["a", "-p"],
                      ["-x", "web"], ["a", "@[::1"], ["a", "-o", "xml"], ["a", "-i", "other"]):
            code, out, err = ctl("query", *words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertTrue(err.startswith("shmdnsctl: "), words)


class Alone(unittest.TestCase):
    def test_verbs(self):
        """OP-02, OP-08: each verb explains itself, without an environment"""
        code, out, _ = ctl("help", env={})
        self.assertEqual(code, 0)
        verbs = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
        self.assertLessEqual({"status", "query", "dump", "check", "gen", "version"}, set(verbs))
        for verb in verbs:
            code, out, err = ctl(verb, "--help", env={})
            self.assertEqual((code, err), (0, ""), verb)
            self.assertIn(f"usage: shmdnsctl {verb}", out)
            self.assertEqual(ctl(verb, "--nope")[0], 2, verb)
        self.assertEqual(ctl()[0], 2)
        self.assertEqual(ctl("nope")[0], 2)
        for shell in ("bash", "zsh", "fish"):
            out = ctl("completion", shell)[1]
            self.assertTrue(all(verb in out for verb in verbs), shell)
        self.assertRegex(ctl("version")[1], r"^shmdnsctl \d+\.\d+\.\d+")
        self.assertIn("program", json.loads(ctl("version", "-o", "json")[1]))

    def test_nothing_there(self):
        """OP-04: no such instance is 3"""
        for verb in ("status", "dump"):
            code, out, err = ctl(verb, "-i", f"none-{os.getpid()}")
            self.assertEqual((code, out), (3, ""))
            self.assertIn("shared memory", err)
        self.assertEqual(ctl("status", "-i", "x" * 40)[0], 2)
        self.assertEqual(ctl("status", "-i", "a/b")[0], 2)

    def test_check(self):
        """OP-20, OV-09: errors with their place, as text and as JSON"""
        with tempfile.TemporaryDirectory() as d:
            good, bad = os.path.join(d, "good.conf"), os.path.join(d, "bad.conf")
            source = f'kubernetes: {{ source = "files"; path = "{d}"; }};\n'
            with open(good, "w") as f:
                f.write(source)
            with open(bad, "w") as f:
                f.write(source + "wrokers = 5;\n")
            self.assertEqual(ctl("check", good)[0], 0)
            code, out, _ = ctl("check", bad)
            self.assertEqual(code, 1)
            self.assertRegex(out, r"bad\.conf:2:\d+: error: .*workers")
            code, out, _ = ctl("check", "-c", bad, "-o", "json")
            document = json.loads(out)
            self.assertIn("\u2014", document["findings"][0]["text"])
            self.assertEqual((code, document["errors"]), (1, 1))
            self.assertEqual(document["findings"][0]["line"], 2)
            self.assertEqual([document["findings"][0][k] for k in ("path", "column", "reason",
                                                                    "suggestion")],
                             ["wrokers", 1, "unknown key", "did you mean workers?"])
            self.assertEqual(ctl("check", os.path.join(d, "none.conf"))[0], 3)
            code, _, err = ctl("thaw", "-c", bad)
            self.assertEqual(code, 2)
            self.assertIn("-i NAME", err)
            code, _, err = ctl("thaw", "-i", "none", "-c", bad)
            self.assertEqual(code, 3)
            self.assertIn("/run/shmdns/none/control.sock", err)


class Gen(unittest.TestCase):
    def test_counts(self):
        """OV-19: as many objects as asked for, the same in each run"""
        words = ["gen", "--services", "200", "--endpoints", "150", "--headless", "25",
                 "--namespaces", "7"]
        code, out, err = ctl(*words)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(ctl(*words)[1], out)
        items = json.loads(out)["items"]
        kinds = [i["kind"] for i in items]
        self.assertEqual([kinds.count(k) for k in ("Namespace", "Service", "EndpointSlice")],
                         [7, 200, 400])
        services = [i for i in items if i["kind"] == "Service"]
        addresses = [s["spec"]["clusterIP"] for s in services]
        self.assertEqual(addresses.count("None"), 50)
        self.assertEqual(len(set(addresses)), 151)
        endpoints = [a for i in items if i["kind"] == "EndpointSlice"
                     for e in i["endpoints"] for a in e["addresses"]]
        self.assertEqual((len(endpoints), len(set(endpoints))), (30000, 30000))
        spaces = {i["metadata"]["name"] for i in items if i["kind"] == "Namespace"}
        self.assertEqual(spaces, {s["metadata"]["namespace"] for s in services})

    def test_usage(self):
        """OP-04: counts out of range"""
        for words in (["--services", "-1"], ["--services", "2000000"], ["--headless", "101"],
                      ["--namespaces", "0"], ["more"]):
            self.assertEqual(ctl("gen", *words)[0], 2, words)


class Pages(unittest.TestCase):
    def zone(self, out, origin):
        text = "".join(line + "\n" for line in out.splitlines()
                       if not line.startswith(";") and line.split("\t")[0].endswith(origin))
        return dns.zone.from_text(text, origin, relativize=False)

    def test_dump(self):
        """OV-06: what dump prints is a zone that another reader takes, and what is served"""
        objects = object_list(
            harness.namespace("shop"), service("web", ip="10.96.0.7"),
            service("db", ip="None"),
            harness.slice_("db-1", "db", ["10.1.0.1", "10.1.0.2"], hostnames=["db-0", "db-1"]))
        with harness.Appliance(objects) as a:
            code, out, err = a.ctl("dump", "-c", a.config)
            self.assertEqual((code, err), (0, ""))
            zone = self.zone(out, "cluster.local.")
            for name, type_ in (("web.shop.svc", "A"), ("db.shop.svc", "A"),
                                ("db-1.db.shop.svc", "A"), ("_http._tcp.web.shop.svc", "SRV"),
                                ("dns-version", "TXT"), ("ns.dns", "A")):
                name += ".cluster.local."
                served = harness.rdatas(a.ask(name, type_))
                self.assertEqual(sorted(r.to_text() for r in zone.get_rdataset(name, type_)),
                                 sorted(served), name)
            self.assertIn("; 96.10.in-addr.arpa. is an empty non-terminal\n", out)
            self.assertRegex(out, r"(?m)^7\.0\.96\.10\.in-addr\.arpa\.\t30\tIN\tPTR\tweb\.shop")
            self.assertIn("; svc.cluster.local. has no records\n", out)
            soa = a.ask("cluster.local.", "SOA").answer[0]
            self.assertEqual(zone.get_rdataset("cluster.local.", "SOA")[0], soa[0])

            code, out, _ = a.ctl("dump", "-i", a.instance, "db.SHOP.svc.cluster.local", "-o", "json")
            names = {n["name"]: n for n in json.loads(out)["names"]}
            self.assertIn("db-0.db.shop.svc.cluster.local.", names)
            self.assertNotIn("web.shop.svc.cluster.local.", names)
            code, out, _ = a.ctl("dump", "-i", a.instance, "web.shop.svc.cluster.local", "--exact")
            self.assertEqual(code, 0)
            self.assertNotIn("_tcp", out)
            self.assertEqual(a.ctl("dump", "-i", a.instance, "nope.cluster.local")[0], 1)

    def test_status(self):
        """OV-01, OP-06: counts, and who is not running; works when nobody runs"""
        with harness.Appliance(harness.cluster(5)) as a:
            for i in range(10):
                a.ask(f"svc-00{i % 5}.shop.svc.cluster.local.", "A")
            document = a.status()
            self.assertEqual(document["instance"], a.instance)
            self.assertTrue(document["complete"])
            self.assertTrue(document["controller"]["running"])
            running = [w for w in document["workers"] if w["running"]]
            self.assertEqual(len(running), 2)
            self.assertGreaterEqual(sum(w["queries"] for w in running), 10)
            self.assertEqual({w["generation"] for w in running}, {document["generation"]})
            code, out, err = a.ctl("status", "-i", a.instance, "-o", "wide")
            self.assertEqual((code, err), (0, ""))
            self.assertIn("2 workers; read from shared memory\n", out)
            self.assertRegex(out, r"(?m)^controller +\d+ +running")
            self.assertRegex(out, r"(?m)^replies +NOERROR \d+")

    def test_probes(self):
        """OP-04, KM-06: before records are complete, workers are alive and not ready"""
        for _ in range(10):
            a = harness.Appliance(harness.cluster(2000))
            a.spawn()
            with contextlib.ExitStack() as stack:
                stack.callback(a.__exit__, None, None, None)
                pid = harness.await_("the controller", lambda: a.controller_pid, every_s=0)
                os.kill(pid, signal.SIGSTOP)
                stack.callback(os.kill, pid, signal.SIGCONT)
                harness.await_("workers", lambda: (
                    a.ctl("status", "-c", a.config, "--alive")[0] == 0))
                if a.ctl("status", "-c", a.config)[0] == 0:
                    continue  # it was faster than we
                code, out, _ = a.ctl("status", "-c", a.config)
                self.assertEqual(code, 1)
                self.assertRegex(out, "no generation yet|NOT COMPLETE")
                os.kill(pid, signal.SIGCONT)
                harness.await_("records", lambda: a.ctl("status", "-c", a.config)[0] == 0)
                return
        raise unittest.SkipTest("the controller was too fast, ten times")

    def test_nobody_runs(self):
        """OP-06: after the death of all, status and dump still read what is there"""
        with harness.Appliance(harness.cluster(5)) as a:
            family = harness.children(a.pid)
            a.kill()
            harness.await_("the end of its children",
                           lambda: not any(harness.start_of(p) for p in family))

            def said():
                code, out, _ = a.ctl("status", "-c", a.config)
                return code == 1 and ("THE SUPERVISOR IS NOT RUNNING; THE CONTROLLER IS NOT "
                                      "RUNNING; NO WORKER IS RUNNING") in out
            harness.await_("status that says so", said, every_s=0.1)
            self.assertEqual(a.ctl("status", "-c", a.config, "--alive")[0], 1)
            code, out, _ = a.ctl("dump", "-c", a.config, "svc-003.shop.svc.cluster.local")
            self.assertEqual(code, 0)
            self.assertIn("\tA\t10.96.1.3\n", out)
            a.start()  # cleans up
