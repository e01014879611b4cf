"""The cases of tests/data/cases against real appliances over the file source.

They prove RS, RH, RE, RP, RV and RX rows as CoreDNS's own tests see them. Compared by the
rules of their README: rcode, AA and TC; each section as a multiset, with the case of
letters and TTLs, an OPT left out, a CNAME before the records of its target; RA is not
compared. Over each transport, without OPT and with sizes of 512, 1232 and 4096, and with
both policies of loadbalance.
"""

import collections
import json
import os
import unittest

import dns.flags
import dns.rcode
import dns.rdatatype

import harness
import world
from octets import IN, opt, query, type_number
from transport import TRANSPORTS
from want import decode

DATA = os.path.join(harness.SOURCE, "tests", "data", "cases")
SIZES = (0, 512, 1232, 4096)  # 0: no OPT
POLICIES = ("shuffle", "fixed")
FLAGS = ("ignore_empty_service", "endpoint_pod_names", "noendpoints")


def load():
    with open(os.path.join(DATA, "cases.json"), encoding="utf-8") as f:
        return json.load(f)["cases"]


def why_not(case):
    """Why a case cannot run here, or None."""
    c = case["config"]
    if not c["synced"]:
        return "needs an API server whose first list hangs"
    if "upstream" in case:
        return "needs forwarding"
    if c["pods"] == "verified":
        return 'needs pods = "verified"'
    for key in ("zonal", "multicluster_zones"):
        if c[key]:
            return "needs " + key
    if c["fallthrough"]:
        return "needs fallthrough"
    if case["qtype"] in ("AXFR", "IXFR"):
        return "needs zone transfer"
    return None


def quoted(names):
    return "[" + ", ".join(f'"{n}"' for n in names) + "]"


def settings(config):
    """The part below `kubernetes`. What the file source cannot do yet is its default."""
    lines = [f"zones = {quoted(config['zones'])};",
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

    def run_group(self, objects, kubernetes, policy, cases):
        with open(os.path.join(DATA, objects), encoding="utf-8") as f:
            text = f.read()
        extra = f'loadbalance = {{ policy = "{policy}"; }};'
        a = harness.Appliance(text, workers=1, kubernetes=kubernetes, extra=extra)
        world.listen_both(a)
        with a:
            for transport in TRANSPORTS:
                channel = transport(a)
                try:
                    self.ask_all(channel, cases)
                finally:
                    channel.close()


def add(number, group, policy):
    (objects, kubernetes), cases = group

    def test(self):
        self.run_group(objects, kubernetes, policy, cases)
    test.__doc__ = f"{len(cases)} cases of {objects}, loadbalance {policy}"
    setattr(Cases, f"test_{os.path.basename(objects)[:-5]}_{number}_{policy}", test)


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
            key = case["objects"], settings(case["config"])
            groups.setdefault(key, []).append(case)
    for number, group in enumerate(groups.items()):
        for policy in POLICIES:
            add(number, group, policy)


add_all()
