"""The cases of tests/data/cases against real appliances over the file source.

They prove RS, RH, RE, RP, RV, RX, RU and FT rows as CoreDNS's own tests see them. Compared by
the rules of their README: rcode, AA and TC; each section as a multiset, with the case of
letters and TTLs, an OPT left out, a CNAME before the records of its target; RA is not
compared. Over each transport, without OPT and with sizes of 512, 1232 and 4096, and with
both policies of loadbalance. cases.json came with the rules, own.json is ours.
"""

import collections
import json
import os
import socket
import unittest

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

import harness
import peers
import world
from octets import IN, opt, query, type_number
from transport import TRANSPORTS
from want import decode

DATA = os.path.join(harness.SOURCE, "tests", "data", "cases")
SIZES = (0, 512, 1232, 4096)  # 0: no OPT
POLICIES = ("shuffle", "fixed")
FLAGS = ("ignore_empty_service", "endpoint_pod_names", "noendpoints")


def load():
    cases = []
    for name in "cases.json", "own.json":
        with open(os.path.join(DATA, name), encoding="utf-8") as f:
            cases += json.load(f)["cases"]
    return cases


def why_not(case):
    """Why a case cannot run here, or None."""
    c = case["config"]
    if c["pods"] == "verified":
        return 'needs pods = "verified"'
    for key in ("zonal", "multicluster_zones"):
        if c[key]:
            return "needs " + key
    if case["qtype"] in ("AXFR", "IXFR"):
        return "needs zone transfer"
    return None


def quoted(names):
    return "[" + ", ".join(f'"{n}"' for n in names) + "]"


def settings(config):
    """The part below `kubernetes`."""
    lines = [f"zones = {quoted(config['zones'])};",
             f"fallthrough = {quoted(config['fallthrough'])};",
             f"namespaces = {quoted(config['namespaces'])};",
             f"pods = \"{config['pods']}\";", f"ttl = {config['ttl']};",
             f"server_addresses = {quoted(config['local_ips'] or ['192.0.2.53'])};"]
    lines += [f"{k} = true;" for k in FLAGS if config[k]]
    return " ".join(lines)


def fields(text):
    """An RR of a case as a tuple of words, without its class."""
    words = text.split(" ")
    assert words[2] == "IN", text
    return (words[0], words[1], *words[3:])


def section(rrsets):
    out = []
    for rrset in rrsets:
        for rr in rrset:
            type_ = dns.rdatatype.to_text(rrset.rdtype)
            out.append((rrset.name.to_text(), str(rrset.ttl), type_, *rr.to_text().split(" ")))
    return out


def same(want, got):
    return len(want) == len(got) and all(w in ("*", g) for w, g in zip(want, got))


class Records:
    """What an upstream says that has the records of a case, and no other name."""

    def __init__(self, records):
        self.records = [text.split(" ", 4) for text in records]

    def find(self, name, type_):
        """RRsets of the name, and of what its CNAMEs lead to."""
        own = [r for r in self.records if dns.name.from_text(r[0]) == name]
        out = [dns.rrset.from_text(name, int(r[1]), "IN", r[3], r[4]) for r in own
               if r[3] in (type_, "CNAME")]
        target = next((dns.name.from_text(r[4]) for r in own if r[3] == "CNAME"), None)
        return bool(own), out + (self.find(target, type_)[1] if target else [])

    def answer(self, query, reply):
        q = query.question[0]
        known, reply.answer = self.find(q.name, dns.rdatatype.to_text(q.rdtype))
        if not known:
            reply.set_rcode(dns.rcode.NXDOMAIN)


class Unsynced(harness.Appliance):
    """Its API server takes connections and says nothing."""

    def source(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        return (f'source = "api"; startup_timeout = "0s"; '
                f'endpoints = [ "http://127.0.0.1:{self.server.getsockname()[1]}" ];')

    def await_ready(self):
        self.await_outcome("not.there.svc.cluster.local.", "A", "SERVFAIL")

    def __exit__(self, *error):
        super().__exit__(*error)
        self.server.close()


class Cases(unittest.TestCase):
    def compare(self, case, message, cut_allowed):
        tc = bool(message.flags & dns.flags.TC)
        self.assertEqual(dns.rcode.to_text(message.rcode()), case["rcode"])
        self.assertEqual(bool(message.flags & dns.flags.AA), case["flags"]["aa"])
        if cut_allowed and tc:
            self.compare_cut(case, message)
            return
        self.assertEqual(tc, case["flags"]["tc"])
        for name in ("answer", "authority", "additional"):
            got = section(getattr(message, name))
            missing = []
            for want in map(fields, case[name]):
                found = next((g for g in got if same(want, g)), None)
                if found is None:
                    missing.append(want)
                else:
                    got.remove(found)
            self.assertEqual(got, [], name + " has more")
            if name != "additional" or not cut_allowed:  # it may leave without TC (S-03)
                self.assertEqual(missing, [], name + " lacks some")
        self.check_chain(message)

    def compare_cut(self, case, message):
        """TC: what is there is right, and nothing stands beside the answer."""
        want = [fields(text) for text in case["answer"]]
        for got in section(message.answer):
            self.assertTrue(any(same(w, got) for w in want), got)
        self.assertEqual((message.authority, message.additional), ([], []))

    def check_chain(self, message):
        """A CNAME stands before the records of its target."""
        seen = set()
        for rrset in message.answer:
            if rrset.rdtype == dns.rdatatype.CNAME:
                self.assertNotIn(rrset[0].target, seen)
            seen.add(rrset.name)

    def ask_all(self, channel, cases):
        for case in cases:
            for size in SIZES:
                packet = query(case["qname"], type_number(case["qtype"]), IN,
                               extra=opt(size) if size else b"")
                with self.subTest(case=case["id"], size=size, over=channel.name):
                    self.compare(case, decode(channel.ask(packet)), size < 1232)

    def run_group(self, group, policy, cases):
        with open(os.path.join(DATA, group.objects), encoding="utf-8") as f:
            text = f.read()
        extra = f'loadbalance = {{ policy = "{policy}"; }};'
        kind, forward = harness.Appliance if group.synced else Unsynced, "()"
        if group.upstream is not None:
            upstream = peers.Stub(Records(group.upstream).answer)
            self.addCleanup(upstream.stop)
            # TTL 5 as it was, however long the cases take.
            extra += "cache = { keep_ttl = true; };"
            forward = upstream.forward
        a = kind(text, workers=1, kubernetes=group.kubernetes, extra=extra, forward=forward)
        world.listen_both(a)
        with a:
            for transport in TRANSPORTS:
                channel = transport(a)
                try:
                    self.ask_all(channel, cases)
                finally:
                    channel.close()


# What an appliance of its own is needed for; upstream None: nobody is asked.
Group = collections.namedtuple("Group", "objects kubernetes synced upstream")


def group_of(case):
    upstream = case.get("upstream")
    return Group(case["objects"], settings(case["config"]), case["config"]["synced"],
                 None if upstream is None else tuple(upstream))


def add(number, group, policy, cases):
    def test(self):
        self.run_group(group, policy, cases)
    test.__doc__ = f"{len(cases)} cases of {group.objects}, loadbalance {policy}"
    name = os.path.basename(group.objects)[:-5]
    setattr(Cases, f"test_{name}_{number}_{policy}", test)


def add_skipped(number, case, reason):
    @unittest.skip(case["id"] + ": " + reason)
    def test(self):
        pass
    setattr(Cases, f"test_later_{number}", test)


def add_all():
    groups = collections.OrderedDict()
    for number, case in enumerate(load()):
        reason = why_not(case)
        if reason is not None:
            add_skipped(number, case, reason)
        else:
            groups.setdefault(group_of(case), []).append(case)
    for number, (group, cases) in enumerate(groups.items()):
        for policy in POLICIES:
            add(number, group, policy, cases)


add_all()
