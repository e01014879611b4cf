"""Signed zones from files: Knot's answers to the same file with NSEC and NSEC3, name by name, and
what a validator makes of them (SM-11)."""

import contextlib
import json
import os
import random
import tempfile
import unittest

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

import harness
from signed import CHAINS, Knot, Signed, Validator
from test_zones import TEXT, TYPES, ZONE, names

# Besides what test_zones has: delegations without DS below names of their own, wildcards that lead
# to others, to a delegation and away.
MORE = r"""
a.b.open  NS    ns.elsewhere.net.
aa        NS    ns.elsewhere.net.
zz        NS    ns.elsewhere.net.
*.first   CNAME x.second
*.second  CNAME web
*.third   CNAME some.child
*.fourth  CNAME some.lame
*.away    CNAME www.elsewhere.net.
*.none    CNAME nobody
*.star    NAPTR 10 20 "u" "E2U+sip" "!^.*$!sip:a@example.com!" .
x.y.*.deep TXT  "a wildcard without records"
one       CNAME two.first
"""
SIGNED = ["NSEC", "DNSKEY", "NSEC3PARAM", "NSEC3", "CDS"]


def sections(reply, additional):
    """What a reply says, in whatever order and letters."""
    def section(rrsets):
        return sorted(f"{s.name} {s.ttl} {dns.rdatatype.to_text(s.rdtype)} {rr}".lower()
                      for s in rrsets for rr in s)
    return (dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AA),
            section(reply.answer), section(reply.authority),
            section(reply.additional) if additional else None)


def missing(rng, signed, n):
    """Names that are mostly not there: near to those that are, and anywhere."""
    owners = sorted(name.to_text() for name in signed.zone.nodes)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-_*\\.\\255"
    for _ in range(n):
        label = "".join(rng.choice(["a", "z", "0", "-", "_", "\\000", "\\255", rng.choice(letters[:38])])
                        for _ in range(rng.randint(1, 6)))
        owner = rng.choice(owners)
        kind = rng.randint(0, 4)
        if kind == 0:
            yield f"{label}.{ZONE}"
        elif kind == 1:
            yield f"{label}.{owner}"
        elif kind == 2:
            yield f"{label}.{label}.{owner}"
        elif kind == 3:
            yield f"{owner.split('.')[0]}{label}.{ZONE}"
        else:
            yield owner


def without_source(ours, theirs):
    """Knot leaves the NSEC out that shows that a wildcard is there, but without records."""
    more = [rr for rr in ours[3] if rr.startswith("dead.")]
    return ours if any(rr in theirs[3] for rr in more) else (
        *ours[:3], [rr for rr in ours[3] if rr not in more], ours[4])


def leaves(reply):
    """True if it leads to what is not served here."""
    away = (dns.name.from_text("elsewhere.net."), dns.name.from_text("elsewhere.org."))
    return not reply.flags & dns.flags.AA or any(
        rr.target.is_subdomain(zone) for s in reply.answer
        if s.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME) for rr in s for zone in away) or any(
            s.rdtype == dns.rdatatype.NS for s in reply.authority)


def ask(port, name, type_, do):
    query = dns.message.make_query(name, type_, want_dnssec=do, use_edns=0, payload=4096)
    query.flags &= ~dns.flags.RD
    return dns.query.udp_with_fallback(query, "127.0.0.1", 5, port)[0]


class Denial(unittest.TestCase):
    maxDiff = None

    def serve(self, stack, chain, text=TEXT + MORE, more=(), keys="", **how):
        """An appliance with the zone, signed, and others: (name, file); `keys` of its own."""
        a = harness.Appliance(harness.cluster(1))
        a.signed = Signed(a.directory, ZONE, text, CHAINS.get(chain, chain), **how)
        a.extra = "zone = ( " + ", ".join(f'{{ name = "{name}"; file = "{file}"; }}' for name, file in
                                          [(ZONE, a.signed.file), *more]) + " ); " + keys
        a.write_config()
        stack.enter_context(a)
        a.await_outcome("mail." + ZONE, "A", "NOERROR", ["192.0.2.25"])
        return a

    def as_knot(self, chain):
        seed = random.randrange(1 << 32)
        with contextlib.ExitStack() as stack:
            a = self.serve(stack, chain)
            knot = stack.enter_context(Knot(a.directory, a.signed.file))
            asked = [(name, type_) for name, types in names(TEXT + MORE).items()
                     for type_ in types + (SIGNED if len(types) > 4 else [])]
            asked += [(name, type_) for name in missing(random.Random(seed), a.signed, 400)
                      for type_ in ("A", "DS")]
            for name, type_ in asked:
                for do in (True, False):
                    ours, theirs = (sections(ask(port, name, type_, do), not do)
                                    for port in (a.port, knot.port))
                    if chain == "nsec" and name.endswith("deep." + ZONE):
                        ours = without_source(ours, theirs)
                    self.assertEqual(ours, theirs, f"{name} {type_} do={do} seed={seed}")
            print(f"     {2 * len(asked)} answers compared")

    def test_nsec(self):
        """SM-11: as Knot has them, with NSEC"""
        self.as_knot("nsec")

    def test_nsec3(self):
        """SM-11: with NSEC3"""
        self.as_knot("nsec3")

    def test_salted(self):
        """SM-11: with NSEC3, salt and iterations"""
        self.as_knot("salted")

    def test_opt_out(self):
        """SM-11: with NSEC3 and opt-out"""
        self.as_knot("opt-out")

    def validated(self, chain):
        """Each name and type, and those of two zones below, one of them without signatures."""
        seed = random.randrange(1 << 32)
        soa = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
        with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
            kid = Signed(directory, "kid." + ZONE, soa + "*.w TXT x\n", CHAINS[chain])
            plain = os.path.join(directory, "plain")
            harness.write_whole(plain, soa)
            ds = "\n".join(anchor.replace(" IN ", " 60 IN ") for anchor in kid.anchor())
            a = self.serve(stack, chain, TEXT + MORE + f"{ds}\nkid NS ns.kid\nplain NS ns.plain\n",
                           [("kid." + ZONE, kid.file), ("plain." + ZONE, plain)])
            validator = stack.enter_context(Validator(
                a.directory, [ZONE, "kid." + ZONE, "plain." + ZONE], a.port, a.signed.anchor()))
            asked = [(name, type_) for name, types in names(TEXT + MORE).items()
                     for type_ in types if type_ in ("A", "MX", "DS", "CNAME", "TXT")]
            asked += [(name, type_) for name in missing(random.Random(seed), a.signed, 100)
                      for type_ in ("A", "DS")]
            asked += [(prefix + "kid." + ZONE, type_) for prefix in ("", "x.w.", "w.", "x.", "*.w.")
                      for type_ in ("A", "TXT", "DS", "NS")]
            seen = set()
            for name, type_ in asked:
                direct = ask(a.port, name, type_, True)
                # The DS of the anchor itself is for the zone above to deny; Unbound fails with
                # a CNAME that is asked for and comes from a DNAME, whoever it is from.
                if leaves(direct) or (name, type_) == (ZONE, "DS") or "plain." in name or (
                        type_ == "CNAME" and any(s.rdtype == dns.rdatatype.DNAME for s in direct.answer)):
                    continue
                reply = validator.ask(name, type_)
                what = f"{name} {type_} seed={seed}\n{direct}\n{reply}"
                self.assertEqual(reply.rcode(), direct.rcode(), what)
                # An answer of a name that opt-out covers is not secure (RFC 5155, 9.2).
                if chain != "opt-out" or all(
                        s.rdtype != dns.rdatatype.NSEC3 for s in direct.authority):
                    self.assertTrue(reply.flags & dns.flags.AD, what)
                seen.add((reply.rcode(), bool(reply.answer), bool(reply.flags & dns.flags.AD)))
            self.assertTrue({(0, True, True), (0, False, True)} <= seen, seen)
            for name, rcode in (("ns.", 0), ("x.", 3), ("", 0)):
                reply = validator.ask(f"{name}plain.{ZONE}", "A")
                self.assertEqual((reply.rcode(), reply.flags & dns.flags.AD), (rcode, 0), reply)

    def test_validated_nsec(self):
        """SM-11: a validator believes what is there and what is not, with NSEC"""
        self.validated("nsec")

    def test_validated_nsec3(self):
        """SM-11: with NSEC3"""
        self.validated("salted")

    def test_validated_opt_out(self):
        """SM-11: with opt-out"""
        self.validated("opt-out")

    def test_sizes(self):
        """SM-11: what does not fit is cut and says so; TCP has all of it"""
        with contextlib.ExitStack() as stack:
            a = self.serve(stack, "nsec3", algorithm="RSASHA256")
            whole = cut = 0
            for name, type_ in (("nobody", "A"), ("web", "MX"), ("x.wild", "A"), ("x.wild", "TXT"),
                                ("aa", "A"), ("one", "A")):
                query = dns.message.make_query(f"{name}.{ZONE}", type_, want_dnssec=True)
                all_ = dns.query.tcp(query, "127.0.0.1", 5, a.port)
                self.assertFalse(all_.flags & dns.flags.TC, all_)
                for size in range(512, 1233, 40):
                    query = dns.message.make_query(f"{name}.{ZONE}", type_, want_dnssec=True,
                                                   payload=size)
                    reply = dns.query.udp(query, "127.0.0.1", 5, a.port)
                    self.assertLessEqual(len(reply.to_wire()), size + 60)
                    if reply.flags & dns.flags.TC:
                        cut += 1
                    else:
                        whole += 1
                        self.assertEqual(sections(reply, False), sections(all_, False))
            self.assertGreater(whole, 0)
            self.assertGreater(cut, 0)

    def test_shown(self):
        """SM-11: dump shows each NSEC3, though it is no name, and the apex owns what it is from"""
        with contextlib.ExitStack() as stack:
            a = self.serve(stack, "salted")
            there = {name.to_text() for name, _ in a.signed.zone.iterate_rdatasets("NSEC3")}
            code, out, err = a.ctl("dump", "-c", a.config, ZONE)
            self.assertEqual(code, 0, err)
            self.assertEqual({line.split()[0] for line in out.splitlines()
                              if "\tNSEC3\t" in line}, there)
            code, out, err = a.ctl("dump", "-c", a.config, ZONE, "-o", "json")
            self.assertEqual({name["name"] for name in json.loads(out)["names"] for rrset in name["rrsets"]
                              if rrset["type"] == "NSEC3"}, there, err)

    def test_filtered(self):
        """AC-01, SM-11: a filtered answer is without records, wherever a wildcard led to it"""
        for chain in ("nsec", "nsec3"):
            with contextlib.ExitStack() as stack:
                a = self.serve(stack, chain, keys='acl = ( { action = "filter"; '
                               f'zones = [ "nobody.{ZONE}" ]; }} );')
                reply = ask(a.port, "x.none." + ZONE, "A", True)
                self.assertEqual(sections(reply, True), ("NOERROR", False, [], [], []), reply)
                self.assertEqual([option.code for option in reply.options], [17])  # EDE: filtered
                reply = ask(a.port, "x.first." + ZONE, "A", True)
                self.assertIn("NSEC" if chain == "nsec" else "NSEC3", [
                    dns.rdatatype.to_text(s.rdtype) for s in reply.authority])

    def test_hidden(self):
        """AC-04, SM-11: no proof of a PTR that visibility hides, as it would say that it is there"""
        rules = 'visibility = ( { from = [ "*" ]; to = [ "default" ]; } );'
        for chain in ("nsec", "nsec3"):
            with contextlib.ExitStack() as stack:
                a = self.serve(stack, chain, TEXT + "hid PTR web.shop.svc.cluster.local.\n", keys=rules)
                for name, type_, proved in (("hid", "PTR", False), ("hid", "TXT", False),
                                            ("ptr", "TXT", True), ("web", "PTR", True)):
                    reply = ask(a.port, f"{name}.{ZONE}", type_, True)
                    self.assertEqual((reply.rcode(), reply.answer), (0, []), reply)
                    self.assertEqual(any(s.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
                                         for s in reply.authority), proved, reply)

    def test_iterations(self):
        """SM-11: NSEC3 with too many iterations proves nothing, and the log says so"""
        with contextlib.ExitStack() as stack:
            a = self.serve(stack, "nsec3: on\n    nsec3-iterations: 51")
            a.await_log("its NSEC3 has 51 iterations, of which 50 are done at most")
            reply = ask(a.port, "nobody." + ZONE, "A", True)
            self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN)
            self.assertEqual([s.rdtype for s in reply.authority],
                             [dns.rdatatype.SOA, dns.rdatatype.RRSIG])


if __name__ == "__main__":
    unittest.main()
