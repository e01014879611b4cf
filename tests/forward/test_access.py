"""Access control with real clients (AC-01, AC-02, AC-04, C-16, V-10, RE-12, MQ-12, MQ-04)."""

import socket
import struct
import unittest

import dns.message

import harness
from harness import await_
from lab import SERVICE, ForwardTest, group
from upstream import address_of, records, silent

NAME = "a.far.example."
INNER = "inner.far.example."
BLOCKED, FILTERED = 15, 17
OPEN, ONE, TWO = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def rule(action, zones=None, nets=None, types=None):
    given = {"zones": zones, "nets": nets, "types": types}
    return {"action": action, **{k: v for k, v in given.items() if v}}


class Access(ForwardTest):
    def setUp(self):
        self.u = self.up()
        self.u.on("alias.far.example.", records(("", 60, "CNAME", INNER),
                                                (INNER, 60, "A", "192.0.2.7")))

    def access(self, *rules, **more):
        return self.lab(group(self.u, hedge=False), acl=list(rules), **more)

    def counted(self, action):
        return sum(w["acl"][action] for w in self.a.status()["workers"])

    def check_outcome(self, name, rcode, ede, **more):
        for tcp in (False, True):
            reply = self.a.query(name, tcp=tcp, **more)
            self.assertEqual((reply.outcome, reply.ede), ((rcode, []), ede), (name, more, reply))
            self.assertEqual((reply.message.authority, reply.message.additional), ([], []))

    def check_dropped(self, name, source, then):
        """Of two queries on one socket only the second, which is allowed, has a reply."""
        first, second = self.a.make(name), self.a.make(then)
        first.id, second.id = 1, 2
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(8)
            s.bind((source, 0))
            s.connect(("127.0.0.1", self.a.port))
            s.send(first.to_wire())
            s.send(second.to_wire())
            self.assertEqual(dns.message.from_wire(s.recv(65535)).id, 2)
        with socket.create_connection(("127.0.0.1", self.a.port), 8, (source, 0)) as s:
            for query in (first, second):
                s.sendall(struct.pack("!H", len(query.to_wire())) + query.to_wire())
            stream = s.makefile("rb")
            size = struct.unpack("!H", stream.read(2))[0]
            self.assertEqual(dns.message.from_wire(stream.read(size)).id, 2)
            s.sendall(struct.pack("!H", len(query.to_wire())) + query.to_wire())
            self.assertEqual(struct.unpack("!H", stream.read(2))[0], size)


class Actions(Access):
    def test_actions(self):
        """AC-01, MQ-12: block, filter, allow by the client's address, over UDP and TCP"""
        self.access(rule("allow", nets=[f"{ONE}/32"], zones=["svc-001.shop.svc.cluster.local"]),
                    rule("block", nets=[ONE]), rule("filter", nets=["127.0.0.2/31"]))
        before = {a: self.counted(a) for a in ("allow", "block", "filter", "drop")}
        self.check_outcome(NAME, "REFUSED", BLOCKED, source=ONE)
        self.check_outcome(SERVICE[0], "NOERROR", FILTERED, source=TWO)
        self.assertEqual(self.a.query(SERVICE[0], source=ONE).rdatas, ["10.96.1.1"])
        self.check_right(NAME, source=OPEN)
        self.assertEqual(self.u.count(NAME), 1)
        self.assertEqual([self.counted(a) - n for a, n in before.items()], [2, 2, 2, 0])

    def test_drop(self):
        """AC-01, MQ-04: nothing comes; a TCP connection goes on with its next query"""
        self.access(rule("drop", zones=["svc-001.shop.svc.cluster.local"], nets=[ONE]))
        allowed = self.counted("allow")
        self.check_dropped(SERVICE[0], ONE, "svc-002.shop.svc.cluster.local.")
        # another worker may have taken the one that was dropped, and be late
        await_("both drops", lambda: self.counted("drop") == 2)
        self.assertEqual(self.counted("allow") - allowed, 3)
        self.assertEqual(sum(w["drops"]["acl"] for w in self.a.status()["workers"]), 2)
        self.assertEqual(self.a.query(*SERVICE).rdatas, ["10.96.1.1"])

    def test_reload(self):
        """AC-01: rules change with the configuration, without a restart"""
        self.access()
        pids = self.a.worker_pids
        self.check_right(NAME, source=ONE)
        self.a.reconfigure(acl=[rule("block", nets=[ONE])])
        await_("the rule", lambda: self.a.query(NAME, source=ONE).rcode == "REFUSED")
        self.check_right(NAME, source=TWO)
        self.a.reconfigure(acl=[])
        await_("no rule", lambda: self.a.query(NAME, source=ONE).rcode == "NOERROR")
        self.assertEqual((self.a.worker_pids, self.u.count(NAME)), (pids, 1))

    def test_many(self):
        """AC-01: thousands of nets"""
        nets = [f"10.{i >> 8}.{i & 255}.0/24" for i in range(4094)]
        self.access(rule("block", nets=nets + [ONE]), rule("allow", nets=["127.0.0.0/8"]),
                    rule("block"))
        self.check_outcome(NAME, "REFUSED", BLOCKED, source=ONE)
        self.check_right(NAME, source=TWO)


class Cached(Access):
    def test_entry(self):
        """C-16, AC-02, V-10: what was stored for one client is not given to another"""
        self.access(rule("block", nets=[ONE], zones=["far.example"]),
                    rule("filter", nets=[TWO], zones=["far.example"]))
        self.check_right(NAME, source=OPEN)
        self.check_outcome(NAME, "REFUSED", BLOCKED, source=ONE)
        self.check_outcome(NAME, "NOERROR", FILTERED, source=TWO)
        self.check_right(NAME, source=OPEN)
        self.assertEqual(self.u.count(NAME), 1)

    def test_not_asked(self):
        """AC-02: nobody is asked for what the client may not know"""
        self.access(rule("block", nets=[ONE]))
        self.check_outcome(NAME, "REFUSED", BLOCKED, source=ONE)
        self.assertEqual(self.u.count(NAME), 0)

    def test_chain(self):
        """RE-12, AC-02: a name within a chain, before it is stored and after"""
        self.access(rule("block", nets=[ONE], zones=[INNER]),
                    rule("filter", nets=[TWO], zones=[INNER]))
        for _ in range(2):
            self.check_outcome("alias.far.example.", "REFUSED", BLOCKED, source=ONE)
            self.check_outcome("alias.far.example.", "NOERROR", FILTERED, source=TWO)
        self.assertIn("192.0.2.7", self.a.query("alias.far.example.", source=OPEN).rdatas)
        self.assertEqual(self.u.count("alias.far.example."), 1)

    def test_dropped_chain(self):
        """AC-01, RE-12: a query that has waited may be dropped by what came"""
        self.access(rule("drop", nets=[ONE], zones=[INNER]))
        self.check_dropped("alias.far.example.", ONE, NAME)
        await_("both drops", lambda: self.counted("drop") == 2)
        self.assertEqual(address_of(NAME, "A"), self.a.query(NAME, source=ONE).rdatas[0])

    def test_stale(self):
        """AC-02: an answer that has expired is guarded too"""
        self.u.on(NAME, records(("", 1, "A", "192.0.2.9")))
        self.access(rule("block", nets=[ONE]), cache={"max_ttl": "1s"})
        self.assertEqual(self.a.query(NAME).rdatas, ["192.0.2.9"])
        self.u.on(NAME, silent)
        await_("a stale answer", lambda: self.a.query(NAME).ede == 3)
        self.check_outcome(NAME, "REFUSED", BLOCKED, source=ONE)


class Visible(Access):
    """Chains of others that lead into namespaces (AC-04)"""

    ALIAS, TARGET = "into.far.example.", SERVICE[0]

    def visible(self, **more):
        """A pod of `shop` at ONE; who else asks sees no namespace."""
        self.u.on(self.ALIAS, records(("", 60, "CNAME", self.TARGET)))
        self.lab(group(self.u, hedge=False), visibility=[{"from": ["other"], "to": ["shop"]}],
                 **more)
        self.put_pod(ONE)

    def put_pod(self, address):
        """The pod of `shop` is there."""
        pods = harness.slice_("pods", "pods", [address])
        pods["endpoints"][0]["targetRef"] = {"kind": "Pod", "name": "web-1"}
        self.a.put("pods.json", harness.object_list(pods))
        await_("the pod", lambda: {self.a.query(*SERVICE, source=address).rcode
                                   for _ in range(8)} == {"NOERROR"})

    def test_chain(self):
        """AC-04, RE-12: the end of a chain that was waited for, and of one in the cache"""
        self.visible()
        nobody = "nope.nope.svc.cluster.local."
        self.u.on("nowhere.far.example.", records(("", 60, "CNAME", nobody)))
        for tcp in False, True, False:
            hidden = self.a.query(self.ALIAS, source=TWO, tcp=tcp)
            self.assertEqual(hidden.outcome, ("NXDOMAIN", [self.TARGET]))
            like = self.a.query("nowhere.far.example.", source=TWO, tcp=tcp)
            self.assertEqual(like.outcome, ("NXDOMAIN", [nobody]))
            for part in "flags", "authority", "additional":
                self.assertEqual(getattr(hidden.message, part), getattr(like.message, part))
            self.assertEqual((hidden.ede, like.ede), (None, None))
            self.assertEqual(self.a.query(self.ALIAS, source=ONE, tcp=tcp).outcome,
                             ("NOERROR", ["10.96.1.1", self.TARGET]))
        self.assertEqual(self.u.count(self.ALIAS), 1)

    def test_parked(self):
        """AC-04: a query that waits is judged by what is known when it goes on"""
        self.visible(workers=1)
        name = "slow.far.example."
        self.u.on(name, silent)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(8)
            s.bind((TWO, 0))
            s.connect(("127.0.0.1", self.a.port))
            s.send(self.a.make(name).to_wire())
            await_("the question", lambda: self.u.count(name) > 0)
            self.put_pod(TWO)
            self.u.on(name, records(("", 60, "CNAME", self.TARGET)))
            reply = dns.message.from_wire(s.recv(65535))
        self.assertEqual(harness.outcome(reply), ("NOERROR", ["10.96.1.1", self.TARGET]))

    def test_never_leaves(self):
        """AC-04, FT-01: nobody is asked for a name of a namespace that is not seen"""
        self.visible(kubernetes='fallthrough = [ "cluster.local." ];')
        for name in self.TARGET, "nope.shop.svc.cluster.local.", "nope.nope.svc.cluster.local.":
            self.assertEqual(self.a.query(name, source=TWO).rcode, "NXDOMAIN")
            self.assertTrue(self.a.query(name, source=TWO).has("AA"))
            self.assertEqual(self.u.count(name), 0)
        self.check_right("nope.shop.svc.cluster.local.", source=ONE)


if __name__ == "__main__":
    unittest.main()
