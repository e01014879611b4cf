"""Z and B rows: what our zones say, and the bits of the header that go with it."""

import octets
from octets import opt, query
from row import Row, all_of
from rows_message import letters
from want import Head, Reply, negative, nodata, nxdomain, refused
from world import SHOP, ZONE

WEB = "web." + SHOP
REVERSE = "in-addr.arpa."
OPT_ONLY = "10.96.0.1"


def rr(owner, type_, *rdatas):
    return [f"{owner} 30 {type_} {rdata}" for rdata in rdatas]


def a(owner, *addresses):
    return Reply("NOERROR", rr(owner, "A", *addresses))


def cname(owner, *targets):
    """A chain of CNAMEs."""
    return [f"{x} 30 CNAME {y}" for x, y in zip((owner, *targets), targets)]


def links(first, last):
    return cname(*[f"c{i}.{SHOP}" for i in range(first, last + 1)])


def bit(mask):
    """A reply bit that is never set."""
    def check(test, packet, reply, message):
        test.assertEqual(int.from_bytes(reply[2:4], "big") & mask, 0)
    return check


PETS = ["10.244.1.7", "10.244.1.8", "10.244.1.9"]
PET = [f"pet-{i}.db.{SHOP}" for i in range(3)]
PET_SRV = [f"0 16 80 {p}" for p in PET]
PET_A = [f"{p} 30 A {x}" for p, x in zip(PET, PETS)]
BOTH = "both." + SHOP
BOTH_GLUE = [*rr(BOTH, "A", "10.96.0.2"), *rr(BOTH, "AAAA", "fd00::2")]

# Every kind of reply, for the bits: (packet, its own bits).
KINDS = [
    (query(WEB), dict(rcode="NOERROR", answer=None)),
    (query(WEB, extra=opt()), dict(rcode="NOERROR", answer=None)),
    (query(WEB, "MX"), dict(rcode="NOERROR", authority=None)),
    (query("nope." + SHOP), dict(rcode="NXDOMAIN", authority=None)),
    (query("x.example."), dict(rcode="REFUSED", aa=False)),
    (query(WEB, class_=octets.CH), dict(rcode="REFUSED", aa=False)),
    (query(WEB, 253), dict(rcode="NOTIMP", aa=False)),
    (query(WEB, extra=opt(version=1)), dict(rcode="BADVERS", aa=False)),
]


def with_flags(packet, flags):
    return packet[:2] + flags.to_bytes(2, "big") + packet[4:]


def kinds(*flags, more=None):
    return [(with_flags(p, f), Reply(**kind, more=more)) for p, kind in KINDS for f in flags]


ROWS = [
    Row("Z-01", "existing name and type: the owner is a pointer", [
        (query(WEB), Reply("NOERROR", rr(WEB, "A", "10.96.0.1"), more=letters)),
        (query("db." + SHOP), Reply("NOERROR", rr("db." + SHOP, "A", *PETS), more=letters)),
        (query(BOTH, "AAAA"), Reply("NOERROR", rr(BOTH, "AAAA", "fd00::2")))]),
    Row("Z-02", "existing name, another type", [
        (query(WEB, t, extra=extra), nodata())
        for t in ("AAAA", "MX", "TXT", "CNAME", "NS", "SOA", "DS", "PTR", "CAA")
        for extra in (b"", opt())]),
    Row("Z-03", "empty non-terminals", [
        (query(x, t), nodata()) for x in ("dns." + ZONE, SHOP, "svc." + ZONE, "pod." + ZONE,
                                          "_tcp." + WEB) for t in ("A", "SRV", "TXT", "NS")] + [
        (query("96.10." + REVERSE, t), nodata(REVERSE)) for t in ("PTR", "A")]),
    Row("Z-04", "unknown names", [
        (query(x, t), nxdomain()) for x in ("nope." + SHOP, "foo." + ZONE, "a.nope.svc." + ZONE)
        for t in ("A", "SOA", "MX")]),
    Row("Z-05", "below a leaf", [
        (query("x." + x, t), nxdomain())
        for x in ("_http._tcp." + WEB, "alias." + SHOP, "dns-version." + ZONE, PET[0])
        for t in ("A", "TXT")]),
    Row("Z-08", "CNAMEs into our zones", [
        (query("alias." + SHOP),
         Reply("NOERROR", cname("alias." + SHOP, WEB) + rr(WEB, "A", "10.96.0.1"))),
        (query("alias-type." + SHOP),
         nodata(answer=cname("alias-type." + SHOP, "web6." + SHOP))),
        (query("alias-down." + SHOP),
         nxdomain(answer=cname("alias-down." + SHOP, "down." + SHOP)))]),
    Row("Z-09", "a CNAME to elsewhere stands alone while nothing is forwarded", [
        (query("away." + SHOP, t, flags=f),
         Reply("NOERROR", cname("away." + SHOP, "www.example.com.")))
        for t in ("A", "AAAA", "MX", "ANY", "CNAME") for f in (0, octets.RD)]),
    Row("Z-10", "a loop ends with what was collected; a chain over ten is SERVFAIL", [
        (query("self." + SHOP), Reply("NOERROR", cname("self." + SHOP, "self." + SHOP))),
        (query("ring-a." + SHOP),
         Reply("NOERROR", cname("ring-a." + SHOP, "ring-b." + SHOP, "ring-a." + SHOP))),
        (query("c3." + SHOP, extra=opt()),
         Reply("NOERROR", links(3, 12) + cname("c12." + SHOP, WEB) + rr(WEB, "A", "10.96.0.1"))),
        (query("c2." + SHOP, extra=opt()), Reply("SERVFAIL", links(2, 12))),
        (query("c1." + SHOP, extra=opt()), Reply("SERVFAIL", links(1, 11)))]),
    Row("Z-11", "SRV with the addresses of its targets", [
        (query(WEB, "SRV"), Reply("NOERROR", rr(WEB, "SRV", f"0 100 80 {WEB}"), (),
                                  rr(WEB, "A", "10.96.0.1"))),
        (query(BOTH, "SRV"),
         Reply("NOERROR", rr(BOTH, "SRV", f"0 25 80 {BOTH}", f"0 25 8080 {BOTH}"), (),
               BOTH_GLUE)),
        (query("_http._tcp.db." + SHOP, "SRV"),
         Reply("NOERROR", rr("_http._tcp.db." + SHOP, "SRV", *PET_SRV), (), PET_A))]),
    Row("Z-13", "AD is 0", kinds(octets.AD | octets.RD, octets.AD | octets.CD,
                                 more=bit(octets.AD))),
    Row("Z-14", "an unknown address of a served range", [
        (query("9.9.96.10." + REVERSE, "PTR"), nxdomain(REVERSE)),
        (query("8.8.8.8." + REVERSE, "PTR"), nxdomain(REVERSE)),
        (query("1." * 32 + "ip6.arpa.", "PTR"), nxdomain("ip6.arpa."))]),
    Row("Z-15", "no record twice, whatever the slices say", [
        (query("db." + SHOP), a("db." + SHOP, *PETS)),
        (query(PET[0]), a(PET[0], PETS[0])),
        (query("db." + SHOP, "SRV"), Reply("NOERROR", rr("db." + SHOP, "SRV", *PET_SRV), (),
                                           PET_A))]),
    Row("Z-16", "`*` is an ordinary label", [
        (query("*." + SHOP), nxdomain()), (query("*." + WEB), nxdomain()),
        (query("_*._tcp." + WEB, "SRV"), nxdomain()), (query("web.*.svc." + ZONE), nxdomain()),
        (query("any." + SHOP), nxdomain())]),
    Row("B-01", "AA on what is ours", kinds(octets.RD) + [
        (query("c1." + SHOP, extra=opt()), Reply("SERVFAIL", None)),
        (query("away." + SHOP), Reply("NOERROR", None))]),
    Row("B-02", "TC is not copied", kinds(octets.TC, more=bit(octets.TC)) + [
        (query(WEB, opcode=9, flags=octets.TC), Head("NOTIMP", 9))]),
    Row("B-03", "RD is copied, but not into a header alone", kinds(0, octets.RD) + all_of(
        [octets.header(flags=f) for f in (0, octets.RD)], Head("FORMERR"))),
    Row("B-04", "RA is 0 while nothing is forwarded", kinds(octets.RA, 0, more=bit(octets.RA))),
    Row("B-05", "AD is 0 in everything", kinds(octets.AD, 0, more=bit(octets.AD)) + [
        (query(WEB, opcode=9, flags=octets.AD), Head("NOTIMP", 9))]),
    Row("B-06", "CD is copied, but not into a header alone", kinds(octets.CD, 0) + [
        (octets.header(flags=octets.CD), Head("FORMERR"))]),
]
