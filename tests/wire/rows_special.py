"""N rows, and what depends on settings: class CH (W-24), NSID (E-11).

Special names are answered before cache and forwarding, and never inside a zone of ours.
"""

import octets
from octets import opt, option, query
from row import Row
from rows_zone import a, rr
from want import Reply, far, nodata, nxdomain, refused
from world import SHOP, ZONE

WEB = "web." + SHOP
BACK4 = "1.0.0.127.in-addr.arpa."
BACK6 = "1." + "0." * 31 + "ip6.arpa."
VERSION, HOST = ("version.bind.", "version.server."), ("hostname.bind.", "id.server.")


def empty(rcode, zone):
    """Negative, from a zone that is built in."""
    return Reply(rcode, authority=[
        f"{zone} 10800 SOA {zone} nobody.invalid. * 3600 1200 604800 10800"])


def one_text(test, packet, reply, message):
    test.assertEqual(len(message.answer), 1)
    test.assertEqual(message.answer[0].rdclass, octets.CH)
    test.assertEqual(message.answer[0].ttl, 0)


def asked(*options):
    return query(WEB, extra=opt(options=b"".join(options)))


NSID = Reply("NOERROR", rr(WEB, "A", "10.96.0.1"), options=option(octets.NSID, b"house"))
NO_NSID = Reply("NOERROR", rr(WEB, "A", "10.96.0.1"))

ROWS = [
    Row("N-01", "localhost and below", [
        (query("localhost."), a("localhost.", "127.0.0.1")),
        (query("localhost.", "AAAA", extra=opt()), Reply("NOERROR", rr("localhost.", "AAAA", "::1"))),
        (query("a.b.localhost."), a("a.b.localhost.", "127.0.0.1")),
        (query("localhost.", "MX"), empty("NOERROR", "localhost.")),
        (query("localhost.", flags=0), a("localhost.", "127.0.0.1"))]),
    Row("N-02", "PTR of loopback", [
        (query(BACK4, "PTR"), Reply("NOERROR", rr(BACK4, "PTR", "localhost."))),
        (query(BACK6, "PTR"), Reply("NOERROR", rr(BACK6, "PTR", "localhost."))),
        (query(BACK4, "A"), empty("NOERROR", "127.in-addr.arpa.")),
        (query("0.127.in-addr.arpa.", "PTR"), empty("NOERROR", "127.in-addr.arpa.")),
        (query("9.0.0.127.in-addr.arpa.", "PTR"), empty("NXDOMAIN", "127.in-addr.arpa.")),
        (query("x.0.in-addr.arpa.", "PTR"), empty("NXDOMAIN", "0.in-addr.arpa.")),
        (query("x.255.in-addr.arpa.", "PTR"), empty("NXDOMAIN", "255.in-addr.arpa."))]),
    Row("N-03", "names under invalid", [
        (query("a.b.invalid.", t, extra=extra), empty("NXDOMAIN", "invalid."))
        for t in ("A", "MX") for extra in (b"", opt())]),
    Row("N-04", "names under onion, under test", [
        (query("x.onion."), empty("NXDOMAIN", "onion.")),
        (query("x.test."), refused()), (query("x.test.", extra=opt()), far(query("x.", ar=1)))]),
    Row("N-05", "names under local", [
        (query("printer.local."), refused()), (query(WEB), a(WEB, "10.96.0.1"))]),
    Row("N-06", "resolver.arpa", [
        (query("_dns.resolver.arpa.", t), empty("NOERROR", "resolver.arpa."))
        for t in ("SVCB", "A")]),
    Row("N-07", "private reverse names are ours by default, and stay here", [
        (query("9.9.168.192.in-addr.arpa.", "PTR"), nxdomain("in-addr.arpa."))]),
    Row("N-01", "never inside a zone of ours", [
        (query(x + SHOP), nxdomain()) for x in ("localhost.", "x.invalid.", "x.onion.")]),
    Row("N-01", "off", [
        (query("localhost."), refused()),
        (query(BACK4, "PTR"), nxdomain("in-addr.arpa."))], config="turned"),
    Row("N-04", "by setting", [
        (query("x.test."), empty("NXDOMAIN", "test.")), (query("x.onion."), refused()),
        (query("x.invalid."), refused())], config="turned"),
    Row("N-05", "by setting", [
        (query("printer.local."), empty("NXDOMAIN", "local.")),
        (query("nope." + SHOP), nxdomain()), (query(WEB), a(WEB, "10.96.0.1"))],
        config="turned"),
    Row("W-24", "class CH, where it is enabled", [
        (query(x, "TXT", octets.CH), Reply("NOERROR", [f'{x} 0 TXT "a house"'],
                                           more=one_text)) for x in VERSION] + [
        (query(x, "TXT", octets.CH, extra=opt()), Reply("NOERROR", None, more=one_text))
        for x in HOST] + [
        (query(x, t, octets.CH), refused())
        for x, t in (("version.bind.", "A"), ("authors.bind.", "TXT"), (WEB, "TXT"),
                     (ZONE, "SOA"))] + [
        (query("version.bind.", "TXT", octets.HS), refused()),
        (query("version.bind.", "TXT"), refused())], config="turned"),
    Row("E-11", "NSID, where there is one", [
        (query(WEB), NO_NSID), (asked(), NO_NSID),
        (asked(option(octets.NSID)), NSID), (asked(option(octets.NSID, b"who")), NSID),
        (asked(option(octets.NSID), option(octets.NSID)), NSID),
        (asked(option(octets.NSID), option(65001, b"x")), NSID)], config="turned"),
    Row("E-06", "no NSID beside BADVERS", [
        (query(WEB, extra=opt(version=1, options=option(octets.NSID))),
         Reply("BADVERS", aa=False))], config="turned"),
]
