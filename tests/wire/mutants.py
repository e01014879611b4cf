"""R-01, R-33: packets with mutations against a running appliance.

Each packet of the tables is mutated many times. A packet of 12 octets or more with QR=0
gets exactly one reply with its ID, others get none; no reply is over the limit, one
without question is 12 octets, every reply is decoded by dnspython; and nobody dies.
"""

import contextlib
import random
import socket
import unittest

import dns.exception
import dns.flags
import dns.message

import harness
import octets
import world
from octets import header, query
from transport import Tcp
from want import decode

COUNT = 200000 if harness.FULL else 20000
BURST = 48
SEED = 20240


def flip(r, p):
    for _ in range(r.randrange(1, 5)):
        p[r.randrange(len(p))] ^= 1 << r.randrange(8)
    return p


def set_octet(r, p):
    p[r.randrange(len(p))] = r.choice((0, 1, 12, 0x3f, 0x40, 0x80, 0xc0, 0xff))
    return p


def cut(r, p):
    return p[:r.randrange(len(p))]


def insert(r, p):
    at = r.randrange(len(p))
    return p[:at] + r.randbytes(r.randrange(1, 9)) + p[at:]


def remove(r, p):
    at = r.randrange(len(p))
    return p[:at] + p[at + r.randrange(1, 9):]


def repeat(r, p):
    at = r.randrange(len(p))
    return p[:at] + p[at:at + r.randrange(1, 40)] * r.randrange(1, 9) + p[at:]


def numbers(r, p):
    """Counts and lengths are what parsers believe."""
    at = r.choice((4, 6, 8, 10, len(p) - 2))
    if 0 <= at and at + 2 <= len(p):
        p[at:at + 2] = r.choice((0, 1, 2, 255, 65535)).to_bytes(2, "big")
    return p


def noise(r, p):
    return p[:12] + r.randbytes(r.randrange(0, 60))


MUTATIONS = (flip, set_octet, cut, insert, remove, repeat, numbers, noise)


def mutate(r, packet):
    p = bytearray(packet) or bytearray(1)
    for _ in range(r.choice((1, 1, 1, 2, 3))):
        p = r.choice(MUTATIONS)(r, p) or bytearray(1)
    return p[:4000]


def limit_of(packet):
    """What the client allows: by dnspython's reading of its OPT."""
    try:
        message = dns.message.from_wire(bytes(packet))
    except dns.exception.DNSException:
        return None
    return min(max(message.payload, 512), 1232) if message.edns >= 0 else 512


def lives(packet):
    """True if a packet deserves a reply; over TCP others end the connection."""
    return len(packet) >= 12 and not packet[2] & 0x80


def tables():
    """What is mutated: the packets of all rows, and questions for much."""
    import test_wire  # which imports this module
    corpus = [p for row in test_wire.ROWS for p, _ in row.exchanges if len(p) < 4000]
    corpus += [query(f"n{n}.{world.SHOP}", extra=octets.opt(4096)) for n in (40, 100)]
    return [*corpus, header(), header(qd=0)]


class Mutants(unittest.TestCase):
    def check_reply(self, packet, reply, datagram=True):
        """True if the packet was understood."""
        if datagram:
            self.assertLessEqual(len(reply), 1232)
        if len(reply) == 12:  # a header alone: dnspython knows not every opcode
            self.assertIn(int(reply[2:4].hex(), 16) & 0x87ff, (0x8001, 0x8004))
            self.assertEqual(reply[2] & 0x78, packet[2] & 0x78, "opcode")
            self.assertEqual(reply[4:], bytes(8))
            return False
        message = decode(reply)
        self.assertTrue(message.flags & dns.flags.QR)
        limit = limit_of(packet)
        if datagram and limit is not None:
            self.assertLessEqual(len(reply), limit)
        if datagram and message.edns < 0:
            self.assertLessEqual(len(reply), 512)
        if not datagram:
            self.assertFalse(message.flags & dns.flags.TC)
        if message.question:
            name = reply[12:12 + len(message.question[0].name.to_wire()) + 4]
            self.assertEqual(bytes(packet[12:12 + len(name)]), name)
        if message.rcode() in (1, 4):  # not understood: nothing of it comes back
            self.assertLessEqual(len(reply), len(packet))
        return True

    def burst(self, s, packets):
        """Send packets with IDs 0, 1, ...; each that deserves a reply gets one.

        Returns how many were understood.
        """
        due = {}
        for i, p in enumerate(packets):
            p[:2] = i.to_bytes(2, "big")[:len(p)]
            s.send(bytes(p))
            if lives(p):
                due[i] = p
        # Then as many plain queries as it takes to hear of every worker's end.
        for i in range(BURST, BURST + 8):
            s.send(query("the.end.", id_=i))
            due[i] = query("the.end.", id_=i)
        understood = 0
        while due:
            try:
                reply = s.recv(65536)
            except socket.timeout:
                self.fail("no reply to " + " ".join(bytes(p).hex() for p in due.values()))
            number = int.from_bytes(reply[:2], "big")
            self.assertIn(number, due, "a reply that nobody asked for")
            packet = due.pop(number)
            understood += self.check_reply(packet, reply) and number < BURST
        return understood

    def stream(self, a, packets):
        """The same over one connection; the last packet may be one that ends it."""
        channel = Tcp(a)
        try:
            channel.send(*packets)
            due = {i: p for i, p in enumerate(packets) if lives(p)}
            while due:
                reply = channel.read()
                self.assertIsNotNone(reply, "closed before all was answered")
                number = int.from_bytes(reply[:2], "big")
                self.assertIn(number, due, "a reply that nobody asked for")
                self.check_reply(due.pop(number), reply, datagram=False)
            if not lives(packets[-1]):
                self.assertIsNone(channel.end())
        finally:
            channel.close()

    def test_streams(self):
        """R-33, W-03, T-03: the same over TCP: what is no query ends the connection"""
        corpus, r = tables(), random.Random(SEED + 1)
        with harness.Appliance(world.objects(), workers=2) as a:
            pids = a.worker_pids
            for _ in range(0, COUNT // 2, BURST):
                packets = []
                while len(packets) < BURST:
                    p = mutate(r, r.choice(corpus))
                    p[:2] = len(packets).to_bytes(2, "big")[:len(p)]
                    packets.append(p)
                    if not lives(p):
                        break
                self.stream(a, packets)
            self.assertEqual(a.worker_pids, pids, "a worker died")

    def test_garbage(self):
        """R-33: streams of anything end or wait, and everybody lives on"""
        r = random.Random(SEED + 2)
        with harness.Appliance(world.objects(), workers=2) as a:
            pids = a.worker_pids
            for _ in range(300):
                channel = Tcp(a)
                with contextlib.suppress(ConnectionError):
                    channel.socket.sendall(r.randbytes(r.randrange(1, 20000)))
                channel.close()
            channel = Tcp(a)
            self.assertEqual(len(channel.exchange(query("web." + world.SHOP))), 1)
            channel.close()
            self.assertEqual(a.worker_pids, pids, "a worker died")

    def test_mutants(self):
        """R-01, R-33: mutated packets: one right reply or none, and everybody lives on"""
        corpus, r = tables(), random.Random(SEED)
        understood = 0
        with harness.Appliance(world.objects(), workers=2) as a:
            pids = a.worker_pids
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.connect(("127.0.0.1", a.port))
                s.settimeout(harness.PATIENCE_S)
                for _ in range(0, COUNT, BURST):
                    packets = [mutate(r, r.choice(corpus)) for _ in range(BURST)]
                    understood += self.burst(s, packets)
            self.assertGreater(understood, COUNT // 20, "too few that come to an answer")
            self.assertEqual(a.worker_pids, pids, "a worker died")
            self.assertEqual(a.outcome("web." + world.SHOP, "A"), ("NOERROR", ["10.96.0.1"]))
