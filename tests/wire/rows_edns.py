"""E rows: the OPT of a query and that of its reply, and the options that nobody copies."""

import octets
from octets import DO, header, opt, option, query, question
from row import Row, all_of
from want import Head, Reply, far, nodata, nxdomain, refused
from world import SHOP, ZONE

WEB = "web." + SHOP
UDP = ("udp", "udp6")
FORMERR = Head("FORMERR")
WEB_A = Reply("NOERROR", [f"{WEB} 30 A 10.96.0.1"])
BADVERS = Reply("BADVERS", aa=False)


def cut(limit):
    """TC, within the limit, as many addresses as fit, nothing else but the OPT."""
    def check(test, packet, reply, message):
        test.assertLessEqual(len(reply), limit)
        test.assertGreater(len(reply), limit - 16, "another address would have fitted")
    return Reply("NOERROR", None, tc=True, more=check)


def with_options(*options):
    return query(WEB, extra=opt(options=b"".join(options)))


def broken(rdata, length=None):
    """An OPT with this rdata; its RDLENGTH may lie."""
    whole = opt(options=rdata)
    if length is not None:
        whole = whole[:9] + length.to_bytes(2, "big") + rdata
    return query(WEB, extra=whole)


def keepalive(data=b""):
    return option(octets.KEEPALIVE, data)


OPTIONS = [option(65001, b"abc"), option(octets.NSID), option(octets.COOKIE, bytes(8)),
           option(octets.ECS, b"\0\1\x18\0\x0a\0\0"), option(octets.EXPIRE)]
N40 = "n40." + SHOP
N100 = "n100." + SHOP

ROWS = [
    Row("E-01", "version 0", [
        (query(WEB, extra=opt()), WEB_A), (query(WEB, "MX", extra=opt()), nodata()),
        (query("nope." + SHOP, extra=opt()), nxdomain()),
        (query("x.example.", extra=opt()), far(query("x.", ar=1)))]),
    Row("E-02", "no OPT: none in any reply", [
        (query(WEB), WEB_A), (query(WEB, "MX"), nodata()),
        (query("nope." + SHOP), nxdomain()), (query("x.example."), refused()),
        (query(WEB, class_=octets.CH), refused()),
        (query(WEB, 0), Reply("FORMERR", aa=False)),
        (query(WEB, 253), Reply("NOTIMP", aa=False))]),
    Row("E-03", "sizes below 512 are 512", all_of(
        [query(N40, extra=opt(size)) for size in (0, 1, 511, 512)], cut(512)), over=UDP),
    Row("E-04", "a size over ours", all_of(
        [query(N100, extra=opt(size)) for size in (1232, 1233, 4096, 65535)], cut(1232)),
        over=UDP),
    Row("E-05", "version 1, 255", [
        (query(x, t, c, extra=opt(version=v)), BADVERS)
        for v in (1, 2, 255) for x, t, c in (
            (WEB, "A", 1), ("x.example.", "A", 1), (WEB, 0, 1), (WEB, "A", octets.CH),
            (ZONE, "AXFR", 1))] + [
        (query(WEB, extra=opt(version=1) + octets.tsig(), ar=2), BADVERS),
        (query(WEB, extra=opt(version=1) + b"\0"), FORMERR),
        (query(WEB, extra=opt(version=1) * 2, ar=2), FORMERR),
        (query(WEB, extra=opt(version=1), opcode=4), Head("NOTIMP", 4))]),
    Row("E-06", "version 1 with DO and options", [
        (query(WEB, extra=opt(version=1, flags=DO, options=o)), Reply("BADVERS", aa=False,
                                                                      do=True))
        for o in (*OPTIONS, b"".join(OPTIONS))]),
    Row("E-07", "DO at names of ours", [
        (query(WEB, extra=opt(flags=DO)), Reply("NOERROR", [f"{WEB} 30 A 10.96.0.1"],
                                                do=True)),
        (query(WEB, "MX", extra=opt(flags=DO)), nodata(do=True)),
        (query("nope." + SHOP, extra=opt(flags=DO)), nxdomain(do=True)),
        (query(WEB, extra=opt(flags=DO), flags=octets.AD | octets.RD),
         Reply("NOERROR", [f"{WEB} 30 A 10.96.0.1"], do=True))]),
    Row("E-08", "undefined flags", all_of(
        [query(WEB, extra=opt(flags=f)) for f in (0x7fff, 0x4000, 1)], WEB_A)),
    Row("E-09", "bits of an extended rcode", all_of(
        [query(WEB, extra=opt(rcode=r)) for r in (1, 128, 255)], WEB_A)),
    Row("E-10", "unknown options, many options", all_of(
        [with_options(option(octets.LOOP_MARK)),
         with_options(option(octets.LOOP_MARK, bytes(range(16)))),
         with_options(option(65001), option(65001, b"x")),
         with_options(*[option(65001, b"")] * 200), with_options(*[option(65001)] * 1000),
         with_options(option(0), option(65535, bytes(100)))], WEB_A)),
    Row("E-11", "NSID while there is none to tell", all_of(
        [with_options(option(octets.NSID)), with_options(*[option(octets.NSID)] * 2),
         with_options(option(octets.NSID, b"who"))], WEB_A)),
    Row("E-12", "a client cookie while there are no cookies", [
        (with_options(option(octets.COOKIE, bytes(8))), WEB_A)]),
    Row("E-13", "cookies of wrong lengths while there are none", all_of(
        [with_options(option(octets.COOKIE, bytes(n)))
         for n in (*range(8), *range(9, 16), 41, 42, 100)], WEB_A)),
    Row("E-14", "server cookies while there are none", all_of(
        [with_options(option(octets.COOKIE, bytes(n))) for n in (16, 24, 40)], WEB_A)),
    Row("E-15", "client subnet", all_of(
        [with_options(option(octets.ECS, data))
         for data in (b"\0\1\x18\0\x0a\0\0", b"\0\2\x38\0" + bytes(7), b"", b"\0", b"\0\1\xff\xff",
                      b"\0\x63\x18\0abc")], WEB_A)),
    Row("E-16", "keepalive over UDP", all_of(
        [with_options(keepalive()), with_options(keepalive(b"\0\x64"))], WEB_A), over=UDP),
    Row("E-18", "padding without TLS", all_of(
        [with_options(option(octets.PADDING, bytes(n))) for n in (0, 1, 468)], WEB_A)),
    Row("E-20", "options that do not end with their rdata", all_of(
        [broken(option(65001, b"abc")[:-1]), broken(b"\xfd\xe9\0\5ab"),
         *[broken(option(65001, b"ab") + bytes(n)) for n in (1, 2, 3)], broken(b"\0"),
         broken(b"", 1), broken(b"", 65535), broken(option(1, b"x"), 6)], FORMERR)),
    Row("E-21", "two OPTs, an OPT elsewhere, an owner", all_of(
        [query(WEB, extra=opt() * 2, ar=2), query(WEB, extra=opt() * 3, ar=3),
         header(an=1) + question(WEB) + opt(), header(ns=1) + question(WEB) + opt(),
         header(ns=1, ar=1) + question(WEB) + opt() * 2,
         query(WEB, extra=opt(owner=b"\1x\0")), query(WEB, extra=opt(owner=b"\xc0\x0c")),
         query(WEB, extra=opt(owner=b"\xc0\x24"))], FORMERR)),
    Row("E-22", "an extended error only for who sent an OPT", [
        (query("x.example.", extra=opt()), refused(ede=20)),
        (query("x.example."), refused()),
        (query("x.example.", extra=opt(), flags=0), refused(ede=20)),
        (query(octets.long_name(255), extra=opt(512)), refused(ede=20))]),
    Row("E-23", "version above 0 with DO; keepalive with content", [
        (query(WEB, extra=opt(version=v, flags=DO)), Reply("BADVERS", aa=False, do=True))
        for v in (1, 255)]),
    Row("E-23", "keepalive with content", [
        (with_options(keepalive(b"\1\2\3")), WEB_A)], over=UDP),
]
