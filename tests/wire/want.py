"""What a row expects, and how a reply is held against it.

Replies without records are compared octet for octet. Of others the header is, and the
question; their records are decoded by dnspython and compared as text.
"""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

import octets

MAX_UDP = 1232  # the default of edns.max_udp
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4,
          "REFUSED": 5, "BADVERS": 16}


def decode(reply):
    return dns.message.from_wire(reply, one_rr_per_rrset=True)


def texts(section):
    """RRs of a section as text; the serial of an SOA is `*`."""
    out = []
    for rrset in section:
        for rr in rrset:
            fields = rr.to_text().split(" ")
            if rrset.rdtype == dns.rdatatype.SOA:
                fields[2] = "*"
            out.append(" ".join([rrset.name.to_text(), str(rrset.ttl),
                                 dns.rdatatype.to_text(rrset.rdtype), *fields]))
    return out


def question_end(packet):
    """Offset behind the question of a query whose name is a plain one."""
    at = 12
    while packet[at] != 0:
        at += 1 + packet[at]
    return at + 5


class Nothing:
    """No reply."""

    def check(self, test, packet, replies, max_udp):
        test.assertEqual(replies, [])


class Head:
    """HDR: 12 octets, ID, QR, opcode and rcode, every other bit and every count 0."""

    def __init__(self, rcode, opcode=0):
        self.flags = octets.QR | opcode << 11 | RCODES[rcode]

    def check(self, test, packet, replies, max_udp):
        test.assertEqual(replies, [packet[:2] + struct.pack("!5H", self.flags, 0, 0, 0, 0)])


class Reply:
    """A reply with the question: rcode, bits, and records as text (None: not looked at).

    An OPT is expected if and only if the query had one that was understood (`opt`): with
    `ede`, or without any option.
    """

    def __init__(self, rcode, answer=(), authority=(), additional=(), aa=True, opt=None,
                 do=False, ede=None, bare=False, more=None, tc=False, options=b""):
        self.rcode = RCODES[rcode]
        self.sections = [answer, authority, additional]
        self.aa, self.tc, self.opt, self.do, self.ede, self.bare = aa, tc, opt, do, ede, bare
        self.options = options  # of the reply, besides an EDE
        self.more = more  # a further check: more(test, packet, reply, message)

    def wants_opt(self, packet):
        return packet[11] != 0 if self.opt is None else self.opt

    def opt_octets(self, max_udp):
        options = b"" if self.ede is None else octets.option(
            octets.EDE, struct.pack("!H", self.ede))
        return octets.opt(max_udp, octets.DO if self.do else 0, options + self.options,
                          rcode=self.rcode >> 4)

    def flags(self, packet):
        copied = struct.unpack("!H", packet[2:4])[0] & (octets.RD | octets.CD)
        own = (octets.AA if self.aa else 0) | (octets.TC if self.tc else 0)
        return octets.QR | copied | own | self.rcode & 15

    def check(self, test, packet, replies, max_udp):
        test.assertEqual(len(replies), 1, "replies")
        reply = replies[0]
        opt = self.opt_octets(max_udp) if self.wants_opt(packet) else b""
        asked = b"" if self.bare else packet[12:question_end(packet)]
        head = packet[:2] + struct.pack("!2H", self.flags(packet), 0 if self.bare else 1)
        test.assertEqual(reply[:6].hex(), head.hex(), "ID, bits, question")
        test.assertEqual(reply[12:12 + len(asked)], asked, "the question, octet for octet")
        if opt:
            test.assertEqual(reply[-len(opt):].hex(), opt.hex(), "OPT")
        if not any(s is None or len(s) for s in self.sections):
            counts = struct.pack("!3H", 0, 0, 1 if opt else 0)
            test.assertEqual(reply.hex(), (head + counts + asked + opt).hex())
        message = decode(reply)
        if not opt:
            test.assertEqual(message.edns, -1, "an OPT that nobody asked for")
        for want, name in zip(self.sections, ("answer", "authority", "additional")):
            if want is not None:
                got = texts(getattr(message, name))
                test.assertEqual(sorted(got), sorted(want), name)
        if self.more is not None:
            self.more(test, packet, reply, message)


def negative(rcode, zone="cluster.local.", **more):
    return Reply(rcode, authority=[f"{zone} 30 SOA ns.dns.{zone} hostmaster.{zone} * 7200 "
                                   "1800 86400 30"], **more)


def nodata(zone="cluster.local.", **more):
    return negative("NOERROR", zone, **more)


def nxdomain(zone="cluster.local.", **more):
    return negative("NXDOMAIN", zone, **more)


def refused(**more):
    return Reply("REFUSED", aa=False, **more)


def far(packet):
    """What a name in no zone of ours gets while nothing is forwarded."""
    return refused(ede=20 if packet[11] else None)
