"""Many questions at once over UDP, hundreds under way; replies decoded by dnspython."""

import select
import socket
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

SIZE = 4096
WINDOW = 256
PATIENCE_S = 10
AGAIN_S = 1.0


def packet(qname, type_, id_):
    """A query with RD and an OPT."""
    return (struct.pack("!6H", id_, 0x0100, 1, 0, 0, 1) + qname.to_wire()
            + struct.pack("!HH", dns.rdatatype.from_text(type_), 1)
            + struct.pack("!BHHIH", 0, dns.rdatatype.OPT, SIZE, 0, 0))


def ask(port, questions, silence_s=None):
    """Replies (octets) to [(dns.name.Name, type)], in that order.

    Every question must be answered; with silence_s, one that is not within so many seconds of
    the last reply gives None.
    """
    queries = [packet(q, t, i & 0xFFFF) for i, (q, t) in enumerate(questions)]
    replies = [None] * len(queries)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.connect(("127.0.0.1", port))
        s.setblocking(False)
        waiting = {}  # id: index
        sent, at = 0, time.monotonic()
        at_reply, deadline = at, at + PATIENCE_S
        while sent < len(queries) or waiting:
            while sent < len(queries) and len(waiting) < WINDOW:
                s.send(queries[sent])
                waiting[sent & 0xFFFF] = sent
                sent += 1
            if take(s, queries, replies, waiting):
                at = at_reply = time.monotonic()
                deadline = at + PATIENCE_S
                continue
            now = time.monotonic()
            if silence_s is not None and now > at_reply + silence_s:
                waiting.clear()
                at_reply = now
                continue
            if now > deadline:
                i = next(iter(waiting.values()))
                raise AssertionError(f"no reply to {questions[i][0]} {questions[i][1]}")
            if now > at + AGAIN_S:  # the kernel may drop one; a server may not, for long
                at = now
                for i in waiting.values():
                    s.send(queries[i])
            select.select([s], [], [], 0.2)
    return replies


def take(s, queries, replies, waiting):
    """Read what is there. False: nothing was."""
    got = 0
    while True:
        try:
            wire = s.recv(65536)
        except BlockingIOError:
            return got > 0
        id_ = wire[0] << 8 | wire[1]
        i = waiting.get(id_)
        # A late second reply to an older question of this id is not that of this one.
        if i is not None and wire[12:len(queries[i]) - 11] == queries[i][12:-11]:
            replies[i] = wire
            del waiting[id_]
            got += 1


class Got:
    """A decoded reply."""

    def __init__(self, wire):
        m = dns.message.from_wire(wire, one_rr_per_rrset=True)
        self.size = len(wire)
        self.rcode = dns.rcode.to_text(m.rcode())
        self.flags = m.flags
        self.aa = bool(m.flags & dns.flags.AA)
        self.tc = bool(m.flags & dns.flags.TC)
        self.edns, self.payload = m.edns, m.payload
        self.answer, self.authority, self.additional = (
            [self.rr(s) for s in section] for section in (m.answer, m.authority, m.additional))

    @staticmethod
    def rr(rrset):
        text = rrset[0].to_text()
        if rrset.rdtype == dns.rdatatype.SOA:
            fields = text.split(" ")
            fields[2] = "*"  # GS-01 has a check of its own
            text = " ".join(fields)
        return (rrset.name.to_text(), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), text)

    def __repr__(self):
        return (f"{self.rcode} aa={int(self.aa)} tc={int(self.tc)} {sorted(self.answer)} "
                f"{sorted(self.authority)} {sorted(self.additional)}")


def differs(got, want, limit):
    """Why a reply is not the one that is wanted; None: it is. Order is free."""
    if got.flags & dns.flags.QR == 0 or got.flags & (dns.flags.AD | dns.flags.RA):
        return "flags"
    if got.edns != 0 or got.payload != limit or got.size > limit:
        return "OPT"
    cnames = [rr for rr in want.answer if rr[2] == "CNAME"]
    # A chain that was cut was not followed to its end; the client asks again over TCP.
    cut = got.tc and cnames and got.rcode == "NOERROR"
    if got.rcode != want.rcode and not cut:
        return "rcode"
    if got.aa != want.aa:
        return "AA"
    if got.answer[:len(cnames)] != cnames[:len(got.answer)]:
        return "order of CNAMEs"
    if got.tc:
        return None if cut_right(got, want, limit) else "TC"
    for section in ("answer", "authority"):
        if sorted(getattr(got, section)) != sorted(getattr(want, section)):
            return section
    return None if fits_no_more(got, want, limit) else "additional"


def cut_right(got, want, limit):
    """RG-08: whole records, as many as fit, and nothing else; at least one."""
    if got.authority or got.additional or len(set(got.answer)) != len(got.answer):
        return False
    missing = set(want.answer) - set(got.answer)
    if not set(got.answer) <= set(want.answer):
        return False
    if want.answer and not got.answer and got.size + min(map(least, missing)) <= limit:
        return False
    return got.size + max(map(room, missing or want.authority), default=0) > limit


def fits_no_more(got, want, limit):
    """RG-08: additional RRsets are left out whole, and only if they do not fit."""
    if sorted(got.additional) == sorted(want.additional):
        return True
    missing = {}
    for rr in set(want.additional) - set(got.additional):
        missing.setdefault(rr[0:3:2], []).append(rr)
    return (bool(missing)
            and len(got.additional) + sum(map(len, missing.values())) == len(want.additional)
            and set(missing).isdisjoint(rr[0:3:2] for rr in got.additional)
            and got.size + max(sum(map(room, rrs)) for rrs in missing.values()) > limit)


def least(rr):
    """Fewer octets than a record takes, or as many."""
    return 12 + {"A": 4, "AAAA": 16, "SRV": len(rr[3].split(" ")[-1]) + 7}.get(rr[2], 2)


def room(rr):
    """More octets than a record takes."""
    return len(rr[0]) + 12 + {"A": 4, "AAAA": 16}.get(rr[2], len(rr[3]) + 8)
