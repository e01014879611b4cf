"""W rows: header and question. HDR rows are compared octet for octet."""

import octets
from octets import header, name, opt, option, query, question, record
from row import Row, all_of
from want import Head, Nothing, Reply, far, nodata, nxdomain, refused
from world import SHOP, ZONE

WEB = "web." + SHOP
FORMERR = Head("FORMERR")
UDP = ("udp", "udp6")

WEB_A = Reply("NOERROR", [f"{WEB} 30 A 10.96.0.1"])
A_RECORD = record("x.", "A", b"\1\2\3\4")
QUESTION = question(WEB)
OTHER_OPCODES = [1, 2, 3, *range(6, 16)]
ALL_BUT_RD = octets.AA | octets.TC | octets.RA | octets.Z | octets.AD | octets.CD
ODD_TYPES = [1000, 65280, 65535, "HTTPS", "SVCB"]
DNSSEC_TYPES = ["RRSIG", "NSEC", "DNSKEY", "DS"]
CHAOS = ["version.bind.", "version.server.", "id.server.", "hostname.bind."]


def opcode_packets(opcodes):
    for opcode in opcodes:
        for packet in (header(qd=0, opcode=opcode), header(opcode=opcode) + QUESTION,
                       header(qd=65535, opcode=opcode)):
            yield packet, Head("NOTIMP", opcode)


def pointers():
    """Questions whose name ends in a pointer: to itself, the header, forward, back."""
    tail = b"\0\1\0\1"
    for before, target in ((b"", 12), (b"", 0), (b"", 2), (b"", 20), (b"", 0x3fff),
                           (b"\3abc", 12), (b"\3abc", 16), (b"\3abc\3def", 16)):
        yield header() + before + (0xc000 | target).to_bytes(2, "big") + tail + bytes(8)


def letters(test, packet, reply, message):
    """W-23, Z-01: the owner of the answer is a pointer to the question."""
    end = len(packet)
    test.assertEqual(reply[end:end + 4].hex(), "c00c0001")


def odd_label(label):
    """A name with such a label is one like any other, and printed with \\ddd."""
    def printed(test, packet, reply, message):
        text = message.question[0].name.to_text()
        test.assertTrue(text.isascii() and text.isprintable(), text)
    packet = query(name([label, b"shop", b"svc", b"cluster", b"local"]))
    return packet, nxdomain(more=printed)


def of_length(n):
    """A query of n octets: an option that nobody knows fills it."""
    bare = len(query(WEB, extra=opt(options=option(65001))))
    return query(WEB, extra=opt(options=option(65001, bytes(n - bare))))


ROWS = [
    Row("W-01", "0 to 11 octets", all_of([QUESTION[:n] for n in range(12)], Nothing()),
        over=UDP),
    Row("W-02", "QR=1, whatever it says", all_of(
        [header(flags=octets.QR), header(flags=octets.QR | octets.RD) + QUESTION,
         header(flags=0xffff) + bytes(100), header(flags=octets.QR, opcode=4) + QUESTION,
         query(WEB, flags=octets.QR, extra=opt(version=1))], Nothing()), over=UDP),
    Row("W-04", "QDCOUNT=1, nothing after", [(header(), FORMERR)]),
    Row("W-05", "QDCOUNT=0, no OPT", all_of(
        [header(qd=0), header(qd=0) + QUESTION, header(qd=0, ar=1),
         header(qd=0, ar=1) + A_RECORD], FORMERR)),
    Row("W-06", "QDCOUNT=0 and a valid OPT", [
        (header(qd=0, ar=1) + opt(), Reply("FORMERR", aa=False, bare=True)),
        (header(qd=0, ar=1) + opt(options=option(octets.COOKIE, bytes(8))),
         Reply("FORMERR", aa=False, bare=True)),
        (header(qd=0, ar=1) + opt(version=1), Reply("FORMERR", aa=False, bare=True)),
        (header(qd=0, ar=1) + opt() + b"\0", FORMERR),
        (header(qd=0, ar=2) + opt() + octets.tsig(), FORMERR)]),
    Row("W-07", "QDCOUNT=2 with both, with one; 65535", all_of(
        [header(qd=2) + QUESTION * 2, header(qd=2) + QUESTION, header(qd=65535) + QUESTION,
         header(qd=2, ar=1) + QUESTION * 2 + opt()], FORMERR)),
    Row("W-08", "opcodes nobody has", list(opcode_packets(OTHER_OPCODES))),
    Row("W-09", "NOTIFY, UPDATE", list(opcode_packets((4, 5)))),
    Row("W-10", "unknown opcode, every bit set", [
        (header(qd=0, opcode=o, flags=octets.EVERY_FLAG, rcode=15), Head("NOTIMP", o))
        for o in OTHER_OPCODES]),
    Row("W-11", "a query with AA TC RA Z AD CD", [
        (query(WEB, flags=ALL_BUT_RD), WEB_A),
        (query(WEB, flags=octets.EVERY_FLAG), WEB_A)]),
    Row("W-12", "a query with an rcode", all_of(
        [query(WEB, rcode=r) for r in range(1, 16)], WEB_A)),
    Row("W-13", "records in answer or authority", all_of(
        [header(an=1) + QUESTION + A_RECORD, header(an=1) + QUESTION,
         header(ns=1) + QUESTION + A_RECORD, header(ns=1) + QUESTION + octets.soa("x."),
         header(an=1) + question(WEB, "IXFR") + octets.soa(WEB),
         header(ns=2) + question(ZONE, "IXFR") + octets.soa(ZONE) * 2,
         header(ns=1) + question(ZONE, "AXFR") + octets.soa(ZONE),
         header(ns=1) + question(ZONE, "IXFR") + A_RECORD], FORMERR)),
    Row("W-14", "additional: neither an OPT nor, at the end, a TSIG", all_of(
        [query(WEB, extra=A_RECORD), query(WEB, extra=opt() + A_RECORD, ar=2),
         query(WEB, extra=A_RECORD + opt(), ar=2),
         query(WEB, extra=octets.tsig() + opt(), ar=2),
         query(WEB, extra=octets.tsig() * 2, ar=2),
         query(WEB, extra=opt() + octets.tsig() * 2, ar=3)], FORMERR)),
    Row("W-15", "a record is counted and missing", all_of(
        [query(WEB, ar=1), query(WEB, ar=65535), query(WEB, extra=opt(), ar=2),
         query(WEB, extra=opt()[:-1])], FORMERR)),
    Row("W-16", "octets left over", all_of(
        [query(WEB) + bytes(n) for n in (1, 100, 1000)]
        + [query(WEB, extra=opt()) + b"\0", query(WEB) + QUESTION], FORMERR)),
    Row("W-17", "a pointer in the question", all_of(pointers(), FORMERR)),
    Row("W-18", "label types 0x40 and 0x80", all_of(
        [header() + bytes([kind | 3]) + b"web\0\0\1\0\1" for kind in (0x40, 0x80)]
        + [header() + b"\3web" + bytes([kind | 1]) + b"a\0\0\1\0\1"
           for kind in (0x40, 0x80)], FORMERR)),
    Row("W-19", "a name of 255 octets", [
        (query(octets.long_name(255, ZONE)), nxdomain()),
        (query(octets.long_name(255, ZONE), extra=opt()), nxdomain()),
        (query(octets.long_name(255)), far(query("x.")))]),
    Row("W-20", "a name of 256 octets, cut short, without end", all_of(
        [query(octets.long_name(256)), query(octets.long_name(256, ZONE)),
         query(octets.long_name(400)), header() + b"\x3fabc", header() + b"\3web",
         header() + b"\3web\4shop"], FORMERR)),
    Row("W-21", "type or class is missing", all_of(
        [header() + QUESTION[:-n] for n in (1, 2, 3, 4)], FORMERR)),
    Row("W-22", "NUL, dot, backslash, 0xFF in a label", [
        odd_label(x) for x in (b"a\0b", b"web.shop", b"we\\b", b"\xff\xfe", b"\0", b"\n<\"")]),
    Row("W-23", "mixed case", [
        (query("wEb.SHOP.sVc.Cluster.LOCAL.", extra=extra),
         Reply("NOERROR", ["wEb.SHOP.sVc.Cluster.LOCAL. 30 A 10.96.0.1"],
               more=letters if not extra else None))
        for extra in (b"", opt())]),
    Row("W-24", "class CH, while nobody has enabled it", [
        (query(x, "TXT", octets.CH, extra=extra), refused())
        for x in CHAOS for extra in (b"", opt())]),
    Row("W-25", "every other class", [
        (query(x, t, c), refused())
        for c in (octets.CH, octets.HS, octets.NONE, octets.ANY_CLASS, 0, 65280, 65535)
        for x, t in ((WEB, "A"), (ZONE, "SOA"), ("www.example.com.", "A"))]),
    Row("W-26", "types that no question has", [
        (query(x, t, c, extra=extra), Reply("FORMERR", aa=False))
        for t in (0, 41, 249, 250) for x in (WEB, "www.example.com.")
        for c in (octets.IN, octets.CH) for extra in (b"", opt())]),
    Row("W-27", "MAILB, MAILA", [
        (query(x, t), Reply("NOTIMP", aa=False))
        for t in (253, 254) for x in (WEB, "www.example.com.")]),
    Row("W-28", "types that nobody has at an existing name", [
        (query(x, t), nodata()) for t in ODD_TYPES
        for x in (WEB, "db." + SHOP, ZONE, "shop.svc." + ZONE)]),
    Row("W-29", "ANY: no data", [
        (query(WEB, "ANY"), nodata()), (query(ZONE, "ANY"), nodata()),
        (query("n5000." + SHOP, "ANY"), nodata()),
        (query("nope." + SHOP, "ANY"), nxdomain()),
        (query("alias." + SHOP, "ANY"), Reply("NOERROR", [f"alias.{SHOP} 30 CNAME {WEB}"])),
        (query("www.example.com.", "ANY"), refused())]),
    Row("W-29", "ANY: one HINFO", [
        (query(WEB, "ANY"), Reply("NOERROR", [f'{WEB} 30 HINFO "RFC8482" ""'])),
        (query("nope." + SHOP, "ANY"), nxdomain()),
        (query(WEB, "HINFO"), nodata())], config="hinfo"),
    Row("W-29", "ANY: NOTIMP", [
        (query(WEB, "ANY"), Reply("NOTIMP", aa=False)),
        (query("www.example.com.", "ANY"), refused())], config="notimp"),
    Row("W-30", "AXFR over UDP", [
        (query(x, "AXFR", extra=extra), Reply("NOTIMP", aa=False))
        for x in (ZONE, WEB, "example.com.") for extra in (b"", opt())], over=UDP),
    Row("W-31", "IXFR over UDP", [
        (query(ZONE, "IXFR"), refused()), (query(ZONE, "IXFR", extra=opt()), refused()),
        (header(ns=1) + question(ZONE, "IXFR") + octets.soa(ZONE), refused()),
        (header(ns=1) + question(ZONE, "IXFR") + octets.soa(b"\xc0\x0c"), refused()),
        (header(ns=1, ar=1) + question(ZONE, "IXFR") + octets.soa(ZONE) + opt(), refused())],
        over=UDP),
    Row("W-32", "DNSSEC types at an existing name, apex included", [
        (query(x, t, extra=extra), nodata(do=bool(extra)))
        for t in DNSSEC_TYPES for x in (WEB, ZONE, "db." + SHOP)
        for extra in (b"", opt(flags=octets.DO))]),
    Row("W-33", "TSIG, which is not built", all_of(
        [query(WEB, extra=octets.tsig()), query(WEB, extra=opt() + octets.tsig(), ar=2),
         query(WEB, 0, extra=octets.tsig()), query(WEB, class_=octets.CH,
                                                   extra=octets.tsig())],
        FORMERR)),
    Row("W-35", "queries of up to 4,096 octets, and longer ones", [
        (of_length(4095), WEB_A), (of_length(4096), WEB_A), (of_length(4097), FORMERR),
        (of_length(9000), FORMERR), (of_length(60000), FORMERR),
        (query(WEB, opcode=4) + bytes(5000), Head("NOTIMP", 4)),
        (query(WEB, flags=octets.QR) + bytes(5000), Nothing())], over=UDP),
    Row("W-36", "IXFR in another class", [
        (query(ZONE, "IXFR", c), refused()) for c in (octets.CH, octets.HS, octets.ANY_CLASS)],
        over=UDP),
]
