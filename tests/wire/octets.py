"""Builds queries octet by octet, right ones and wrong ones. Nothing here decodes."""

import struct

ID = 0x2b1d

# Header flags.
QR, AA, TC, RD, RA, Z, AD, CD = (0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020,
                                 0x0010)
EVERY_FLAG = AA | TC | RD | RA | Z | AD | CD

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16,
    "AAAA": 28, "SRV": 33, "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47,
    "DNSKEY": 48, "SVCB": 64, "HTTPS": 65, "TKEY": 249, "TSIG": 250, "IXFR": 251,
    "AXFR": 252, "MAILB": 253, "MAILA": 254, "ANY": 255, "CAA": 257,
}
IN, CH, HS, NONE, ANY_CLASS = 1, 3, 4, 254, 255

# EDNS options.
NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, EDE = 3, 8, 9, 10, 11, 12, 15
LOOP_MARK = 100


def type_number(type_):
    return TYPES[type_] if isinstance(type_, str) else type_


def header(qd=1, an=0, ns=0, ar=0, flags=RD, opcode=0, rcode=0, id_=ID):
    return struct.pack("!6H", id_, flags | opcode << 11 | rcode, qd, an, ns, ar)


def name(text):
    """Wire form; text is "a.b.", or a list of labels as octets."""
    labels = text if isinstance(text, list) else [
        label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(qname, type_="A", class_=IN):
    wire = qname if isinstance(qname, bytes) else name(qname)
    return wire + struct.pack("!2H", type_number(type_), class_)


def record(owner, type_, rdata, class_=IN, ttl=0):
    wire = owner if isinstance(owner, bytes) else name(owner)
    return wire + struct.pack("!2HIH", type_number(type_), class_, ttl, len(rdata)) + rdata


def option(code, data=b""):
    return struct.pack("!2H", code, len(data)) + data


def opt(size=1232, flags=0, options=b"", version=0, rcode=0, owner=b"\0"):
    return record(owner, "OPT", options, size, rcode << 24 | version << 16 | flags)


DO = 0x8000


def query(qname, type_="A", class_=IN, extra=b"", ar=None, **head):
    """A query; `extra` are the records of additional, an OPT as a rule."""
    if ar is None:
        ar = 1 if extra else 0
    return header(ar=ar, **head) + question(qname, type_, class_) + extra


def soa(owner):
    return record(owner, "SOA", name("ns.") + name("h.") + struct.pack("!5I", 1, 2, 3, 4, 5))


def tsig(key="key."):
    rdata = name("hmac-sha256.") + struct.pack("!HIHH", 0, 0x60000000, 300, 32) + bytes(32)
    return record(key, "TSIG", rdata + struct.pack("!3H", ID, 0, 0), ANY_CLASS)


def long_name(length, end=""):
    """A name of `length` octets in wire form that ends with `end`."""
    tail = name(end)
    left = length - len(tail)
    labels = []
    while left > 0:
        n = min(left - 1, 63)
        if left - 1 - n == 1:  # a label of one octet would be left: none is that short
            n -= 1
        labels.append(b"x" * n)
        left -= n + 1
    return b"".join(bytes([len(label)]) + label for label in labels) + tail
