"""An appliance that forwards to scripted upstreams, and what it is asked."""

import contextlib
import socket
import struct
import threading
import time
import unittest

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import harness
from upstream import Upstream, address_of

DEADLINE_S = 4.5
CAP_S = 30  # cache.max_ttl
PACKETS = range(1, 4)  # for one question to an upstream that takes its time (U-01)
PATIENCE_S = harness.PATIENCE_S
EDE = {"other": 0, "stale": 3, "prohibited": 18, "stale nxdomain": 19, "cached": 13,
       "not authoritative": 20, "unreachable": 22, "network": 23}
SERVICES = harness.cluster(3)
SERVICE = ("svc-001.shop.svc.cluster.local.", "A")


def setting(value):
    """A value as libconfig reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + " ".join(f"{k} = {setting(v)};" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        marks = "()" if any(isinstance(v, dict) for v in value) else "[]"
        return f"{marks[0]} {', '.join(map(setting, value))} {marks[1]}"
    return str(value) if isinstance(value, int) else f'"{value}"'


def group(*to, zone=".", **keys):
    """An entry of `forward`; `to` are upstreams, or texts."""
    return {"from": zone, "to": [t.at if isinstance(t, Upstream) else t for t in to], **keys}


class Reply:
    def __init__(self, message, took_s):
        self.message, self.took_s = message, took_s

    @property
    def rcode(self):
        return dns.rcode.to_text(self.message.rcode())

    @property
    def rdatas(self):
        return harness.rdatas(self.message)

    @property
    def outcome(self):
        return self.rcode, self.rdatas

    def types(self, section="answer"):
        return [dns.rdatatype.to_text(r.rdtype) for r in getattr(self.message, section)]

    @property
    def ttls(self):
        return [r.ttl for r in self.message.answer]

    @property
    def ttl(self):
        return self.ttls[0]

    def has(self, flag):
        return bool(self.message.flags & dns.flags.from_text(flag))

    @property
    def ede(self):
        return next((o.code for o in self.message.options if o.otype == dns.edns.EDE), None)

    @property
    def ede_text(self):
        return next((o.text or "" for o in self.message.options if o.otype == dns.edns.EDE), "")

    def __repr__(self):
        return f"{self.rcode} {self.rdatas} EDE {self.ede} {self.ede_text!r} {self.took_s:.3f} s"


class Forwarding(harness.Appliance):
    """`settings` become keys of the configuration: forward, cache, limits, ..."""

    def __init__(self, *groups, objects=SERVICES, workers=2, extra="", kubernetes="", env=None,
                 wrap=(), listen=None, directory=None, **settings):
        self.settings = {"forward": list(groups), **settings}
        self.more = extra
        super().__init__(objects, workers, listen=listen, env=env, wrap=wrap,
                         directory=directory, kubernetes=kubernetes)

    def write_config(self):
        settings = dict(self.settings)
        self.forward = "( " + ", ".join(map(setting, settings.pop("forward"))) + " )"
        self.extra = self.more + "".join(f"{k} = {setting(v)};\n" for k, v in settings.items())
        super().write_config()

    @property
    def forwarder_pids(self):
        return self.role("shmdns-forwarder")

    def await_ready(self):
        super().await_ready()
        harness.await_("the forwarder", lambda: self.forwarder_pids)

    def make(self, name, type_="A", edns=True, do=False, rd=True, cd=False, ad=False,
             options=(), payload=1232):
        query = dns.message.make_query(name, type_)
        query.flags = (dns.flags.RD if rd else 0) | (dns.flags.CD if cd else 0) | (
            dns.flags.AD if ad else 0)
        if edns or do:
            query.use_edns(0, dns.flags.DO if do else 0, payload, options=list(options))
        return query

    def query(self, name, type_="A", tcp=False, timeout_s=8, source=None, server="127.0.0.1",
              **more):
        """One query, whatever becomes of it; raises dns.exception.Timeout."""
        query = self.make(name, type_, **more)
        began = time.monotonic()
        how = dns.query.tcp if tcp else dns.query.udp
        reply = how(query, server, timeout=timeout_s, port=self.port, source=source)
        return Reply(reply, time.monotonic() - began)

    def all_workers(self, name, type_="A", number=64, **more):
        """The same query from many ports at once: [Reply] of those that came in time."""
        query = self.make(name, type_, **more)
        out, sockets = [], []
        began = time.monotonic()
        for i in range(number):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("127.0.0.1", self.port))
            s.settimeout(8)
            sockets.append(s)
        for i, s in enumerate(sockets):
            s.send(struct.pack("!H", i) + query.to_wire()[2:])
        for i, s in enumerate(sockets):
            with contextlib.suppress(socket.timeout):
                message = dns.message.from_wire(s.recv(65535))
                assert message.id == i, "an ID of somebody else"
                out.append(Reply(message, time.monotonic() - began))
            s.close()
        return out

    def reconfigure(self, refused=False, **settings):
        """Write the file anew and wait until the workers use it, or until it is refused."""
        before = self.status().get("settings", self.status()["generation"])
        self.settings.update(settings)
        self.write_config()
        self.process.send_signal(1)
        if refused:
            self.await_log("reload refused")
            return
        harness.await_("new settings", lambda: self.status().get(
            "settings", self.status()["generation"]) != before)

    def flood(self, name, number, **more):
        """`number` questions NAME0, NAME1, ... at once; a function that gives the replies."""
        sockets = []
        for i in range(number):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("127.0.0.1", self.port))
            s.settimeout(8)
            s.send(self.make(f"{i}.{name}", **more).to_wire())
            sockets.append(s)

        def replies():
            out = []
            for s in sockets:
                with contextlib.suppress(socket.timeout):
                    out.append(Reply(dns.message.from_wire(s.recv(65535)), 0))
                s.close()
            return out

        return replies


class ForwardTest(unittest.TestCase):
    """up() makes upstreams, lab() an appliance; both are stopped at the end."""

    def enter(self, manager):
        value = manager.__enter__()
        self.managers = getattr(self, "managers", [])
        self.addCleanup(self.leave, manager)
        return value

    def leave(self, manager):
        result = getattr(getattr(self, "_outcome", None), "result", None)
        bad = getattr(result, "errors", []) + getattr(result, "failures", [])
        failed = any(test is self for test, _ in bad) or not getattr(
            getattr(self, "_outcome", None), "success", True)
        error = AssertionError("the test failed")
        manager.__exit__(*((AssertionError, error, None) if failed else (None, None, None)))

    def up(self, script=None, **more):
        up = Upstream(**more)
        if script is not None:
            up.default = script
        return self.enter(up)

    def lab(self, *groups, **settings):
        self.a = self.enter(Forwarding(*groups, **settings))
        return self.a

    def check_right(self, name, type_="A", reply=None, **more):
        """The answer that upstreams without a script give."""
        reply = reply or self.a.query(name, type_, **more)
        self.assertEqual(reply.outcome, ("NOERROR", [address_of(name, type_)]), (name, reply))
        return reply

    def check_failed(self, reply, *codes):
        """SERVFAIL says why (FP-06)."""
        self.assertEqual(reply.rcode, "SERVFAIL", reply)
        self.assertEqual(reply.rdatas, [])
        if codes:
            self.assertIn(reply.ede, codes, reply)

    def check_ours(self):
        """Cluster names are answered, whatever upstreams do."""
        self.assertEqual(self.a.outcome(*SERVICE), ("NOERROR", ["10.96.1.1"]))


def parallel(*calls):
    """Results of functions that run at the same time."""
    out = [None] * len(calls)

    def run(i):
        try:
            out[i] = calls[i]()
        except Exception as e:
            out[i] = e

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for value in out:
        if isinstance(value, Exception) and not isinstance(value, dns.exception.Timeout):
            raise value
    return out
