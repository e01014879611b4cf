"""What TCP does otherwise than UDP, and the framing: T rows, W-03, W-37, E-17, W-36."""

import octets
from octets import header, opt, option, query, question
from row import Row
from rows_message import FORMERR, WEB, WEB_A
from want import Reply, refused
from world import ZONE

TCP = ("tcp", "tcp6")


def keepalive(data=b""):
    return query(WEB, extra=opt(options=option(octets.KEEPALIVE, data)))


IDLE = Reply("NOERROR", [f"{WEB} 30 A 10.96.0.1"],
             options=option(octets.KEEPALIVE, (100).to_bytes(2, "big")))  # 10 s

ROWS = [
    Row("W-16", "60,000 octets left over", [(query(WEB) + bytes(60000), FORMERR)], over=TCP),
    Row("W-31", "AXFR and IXFR without permission", [
        (query(x, "AXFR", extra=extra), refused())
        for x in (ZONE, WEB, "example.com.") for extra in (b"", opt())] + [
        (header(ns=1) + question(ZONE, "IXFR") + octets.soa(ZONE), refused())], over=TCP),
    Row("W-36", "IXFR without one SOA; another class", [
        (query(ZONE, "IXFR"), FORMERR), (query(ZONE, "IXFR", extra=opt()), FORMERR),
        (header(ns=2) + question(ZONE, "IXFR") + octets.soa(ZONE) * 2, FORMERR),
        (query(ZONE, "AXFR", octets.CH), refused()),
        (header(ns=1) + question(ZONE, "IXFR", octets.CH) + octets.soa(ZONE), refused())],
        over=TCP),
    Row("W-37", "a connection lives on after FORMERR", [
        (header(), FORMERR), (query(WEB), WEB_A), (query(WEB) + b"\0", FORMERR),
        (query(WEB), WEB_A)],
        over=TCP),
    Row("E-10", "16,000 options", [
        (query(WEB, extra=opt(options=option(65001) * 16000)), WEB_A)], over=TCP),
    Row("E-17", "keepalive", [
        (keepalive(), IDLE), (keepalive(b"\1\2\3"), IDLE), (query(WEB), WEB_A),
        (query(WEB, extra=opt()), WEB_A)], over=TCP),
]
