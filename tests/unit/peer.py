#!/usr/bin/python3
"""Our text of names, rdata and addresses against dnspython's and ipaddress's."""

import ipaddress
import random
import struct
import subprocess
import sys

try:
    import dns.edns
    import dns.exception
    import dns.message
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
except ImportError:
    sys.exit(77)

R = random.Random(20240229)
cases = []  # (line for the program, function that judges its answer)
failed = 0


def case(line, judge):
    cases.append((line, judge))


def random_name(octets=None):
    labels = []
    while True:
        label = bytes(R.choice(octets or range(256)) for _ in range(R.choice((1, 2, 7, 20, 63))))
        if sum(len(l) + 1 for l in labels) + len(label) + 2 > 255:
            break
        labels.append(label)
        if R.random() < 0.4:
            break
    return dns.name.Name(labels + [b""])


def names():
    for _ in range(3000):
        name = random_name(R.choice((None, b"abcXYZ019-_*", b".\\\"@$;() ")))
        wire = name.to_wire()
        case(f"print {wire.hex()}",
             lambda out, n=name: dns.name.from_text(out).labels == n.labels)
        case(f"parse {name.to_text().encode('latin-1').hex()}",
             lambda out, w=wire: out == w.hex())
    for _ in range(3000):
        text = "".join(R.choice("ab.\\0129") for _ in range(R.randrange(1, 12)))
        try:
            want = dns.name.from_text(text).to_wire().hex()
        except (dns.exception.DNSException, struct.error):  # an octet over 255
            want = "error"
        case(f"parse {text.encode().hex()}", lambda out, w=want: out == w)


RDATA = {
    "A": lambda: ".".join(str(R.randrange(256)) for _ in range(4)),
    "AAAA": lambda: str(ipaddress.IPv6Address(R.getrandbits(128) & R.getrandbits(128))),
    "NS": lambda: random_name(b"abc-").to_text(),
    "PTR": lambda: random_name().to_text(),
    "MX": lambda: f"{R.randrange(65536)} {random_name(b'abc').to_text()}",
    "SRV": lambda: "%d %d %d %s" % (*(R.randrange(65536) for _ in range(3)),
                                    random_name(b"ab").to_text()),
    "SOA": lambda: "%s %s %d %d %d %d %d" % (random_name(b"ab").to_text(),
                                             random_name(b"ab").to_text(),
                                             *(R.randrange(1 << 31) for _ in range(5))),
    "CAA": lambda: f'{R.randrange(256)} issue "ca{R.randrange(100)}.example"',
    "DS": lambda: f"{R.randrange(65536)} 8 2 {R.getrandbits(256):064x}",
    "HINFO": lambda: '"RFC8482" ""',
}


def rdata_wires():
    for type_, make in RDATA.items():
        for _ in range(200):
            yield dns.rdata.from_text("IN", type_, make())
    for _ in range(300):
        strings = [bytes(R.randrange(256) for _ in range(R.randrange(40)))
                   for _ in range(R.randrange(1, 5))]
        wire = b"".join(bytes([len(s)]) + s for s in strings)
        yield dns.rdata.from_wire("IN", "TXT", wire, 0, len(wire))
        wire = bytes(R.randrange(256) for _ in range(R.randrange(50)))
        yield dns.rdata.from_wire("IN", "TYPE65280", wire, 0, len(wire))


def rdatas():
    for rdata in rdata_wires():
        wire = rdata.to_wire()

        def judge(out, rdata=rdata):
            return dns.rdata.from_text("IN", rdata.rdtype, out, relativize=False) == rdata
        case(f"rdata {int(rdata.rdtype)} {wire.hex()}", judge)
        if rdata.rdtype not in (dns.rdatatype.TXT, dns.rdatatype.CAA, dns.rdatatype.DS) \
                and rdata.rdtype < 256:
            # A cut is malformed: nothing in these says that fewer octets would do.
            case(f"rdata {int(rdata.rdtype)} {wire[:-1].hex()}", lambda out: out == "error")


def addresses():
    for i in range(3000):
        bits = R.getrandbits(128)
        for _ in range(R.randrange(4)):
            bits &= ~(0xffffffff << R.randrange(0, 128, 16))
        a = ipaddress.IPv6Address(bits) if i % 2 else ipaddress.IPv4Address(bits >> 96)
        want = a if a.version == 4 or a.ipv4_mapped is None else a.ipv4_mapped
        dashed = str(want).replace(".", "-").replace(":", "-")
        dashed += "0" if dashed.endswith("-") else ""
        for text in {str(a), a.exploded, a.exploded.upper()}:
            case(f"addr {text.encode().hex()}",
                 lambda out, w=f"{want} {dashed}": out == w)
        case(f"reverse {str(a).encode().hex()}",
             lambda out, w=want.reverse_pointer + ".": out == w)
    for _ in range(3000):
        text = "".join(R.choice("::::0123af.") for _ in range(R.randrange(1, 14)))
        try:
            ipaddress.IPv6Address(text)
            good = True
        except ValueError:
            good = False
        if "." in text:
            continue  # leading zeros: AD-01 is not what ipaddress says
        case(f"addr {text.encode().hex()}", lambda out, g=good: (out != "error") == g)


def queries():
    for _ in range(2000):
        type_ = R.choice((1, 28, 33, 12, 16, 65, 255, 1000))
        options = [dns.edns.GenericOption(R.choice((3, 10, 12, 65001)), bytes(R.randrange(20)))
                   for _ in range(R.randrange(4))]
        edns = R.random() < 0.6
        query = dns.message.make_query(
            random_name(), type_, use_edns=0 if edns else None,
            payload=R.randrange(65536) if edns else None, options=options if edns else None)
        size = max(512, query.payload) if edns else 512
        case(f"query {query.to_wire(max_size=65535).hex()}",
             lambda out, w=f"ok 0 {type_} 1 {int(edns)} {size}": out == w)


names()
rdatas()
addresses()
queries()
done = subprocess.run(["./tests/unit/peer"], input="".join(l + "\n" for l, _ in cases),
                      capture_output=True, text=True)
answers = done.stdout.splitlines()
if done.returncode != 0 or len(answers) != len(cases):
    print(f"peer ended with {done.returncode}, {len(answers)} of {len(cases)} answers",
          done.stderr)
    sys.exit(1)
for (line, judge), answer in zip(cases, answers):
    try:
        good = judge(answer)
    except dns.exception.DNSException as e:
        good, answer = False, f"{answer} ({e})"
    if not good:
        failed += 1
        print(f"{line}: {answer}")
print(f"{len(cases)} compared, {failed} differ")
sys.exit(1 if failed else 0)
