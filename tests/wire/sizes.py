"""S rows, GS-04 and LD-01: what fits, what is cut, and where a rotation begins.

RRsets of 40, 100, 1,000 and 5,000 addresses, and SRV answers with addresses beside them.
The expectations come from the objects alone: the stored order is the canonical one, so
an answer is that list from some place on, and from its beginning again.
"""

import os
import socket
import struct
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rdatatype

import harness
import octets
import world
from octets import opt, query
from transport import DATAGRAMS, STREAMS, Udp
from want import decode, question_end, texts

A_RR = 16  # octets of an address record whose owner is a pointer
OPT = 11
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DO, PMTUDISC_OMIT = 10, 23, 2, 5
# S-05 says about 4,090: what 65,535 octets hold behind header and question, with 128
# octets for an OPT and its options. The rest is cut in the node.
KEPT = (65535 - 12 - len(octets.question("n5000." + world.SHOP)) - 128) // A_RR
STORED = {n: [world.address(i) for i in range(min(n, KEPT))] for n in world.SIZES}


def tearDownModule():
    world.stop_all()


def addresses(message):
    return [rr.to_text() for rrset in message.answer for rr in rrset]


def many(channel, packets):
    """Replies to many packets, a few at a time so that no buffer overflows."""
    out = []
    for i in range(0, len(packets), 32):
        out += channel.exchange(*packets[i:i + 32])
    return out


class Sizes(unittest.TestCase):
    def channels(self, config="plain"):
        for transport in DATAGRAMS:
            channel = transport(world.appliance(config))
            self.addCleanup(channel.close)
            yield channel

    def check_cut(self, channel, size, limit, extra):
        """One answer: its octets, its bits, and its place in the stored order."""
        packet = query(f"n{size}.{world.SHOP}", extra=extra)
        reply = channel.ask(packet)
        message = decode(reply)
        end = question_end(packet)
        room = (limit - end - (OPT if extra else 0)) // A_RR
        some = min(size, room)
        want = end + some * A_RR + (OPT if extra else 0)
        self.assertEqual(len(reply), want)
        flags, _, an, ns, ar = struct.unpack("!5H", reply[2:12])
        tc = octets.TC if some < size else 0
        self.assertEqual(flags, octets.QR | octets.AA | octets.RD | tc)
        self.assertEqual((an, ns, ar), (some, 0, 1 if extra else 0))
        got = addresses(message)
        stored = STORED[size]
        start = stored.index(got[0])
        self.assertEqual(got, (stored[start:] + stored[:start])[:some])
        if extra:
            self.assertEqual(reply[-OPT:-8], b"\0\0\x29")
        return len(reply)

    def test_without_opt(self):
        """S-01: 512 octets: TC, as many whole addresses as fit, nothing else"""
        for channel in self.channels():
            for size in world.SIZES:
                with self.subTest(size=size, over=channel.name):
                    self.check_cut(channel, size, channel.limit, b"")

    def test_with_opt(self):
        """S-02: the least of what client and server allow, the OPT always kept"""
        for config, ours in (("plain", 1232), ("wide", 4096)):
            for channel in self.channels(config):
                for size in world.SIZES:
                    for offered in (512, 513, 527, 528, 1000, 1231, 1232, 1400, 4096, 65535):
                        with self.subTest(size=size, offered=offered, ours=ours):
                            self.check_cut(channel, size, min(offered, ours), opt(offered))

    def test_size_of_large_sets(self):
        """S-06: over UDP an answer of 5,000 addresses is that of 100, and no longer"""
        for channel in self.channels():
            for extra in (b"", opt(4096)):
                lengths = {
                    self.check_cut(channel, size, 1232 if extra else 512, extra)
                    - question_end(query(f"n{size}.{world.SHOP}")) % A_RR
                    for size in (100, 1000, 5000)}
                self.assertLessEqual(max(lengths) - min(lengths), A_RR)

    def test_every_size(self):
        """S-02, E-03: each size from 500 to 1300, to the octet"""
        for channel in self.channels():
            packets = [query(f"n100.{world.SHOP}", extra=opt(size))
                       for size in range(500, 1301, 7)]
            replies = many(channel, packets)
            self.assertEqual(len(replies), len(packets))
            fixed = question_end(packets[0]) + OPT
            for size, reply in zip(range(500, 1301, 7), replies):
                room = min(max(size, 512), 1232) - fixed
                self.assertEqual(len(reply), fixed + room // A_RR * A_RR)

    def test_additional(self):
        """S-03, Z-11: whole RRsets leave additional from its end, without TC"""
        name = "_http._tcp.trees." + world.SHOP
        for channel in self.channels("wide"):
            whole = texts(decode(channel.ask(query(name, "SRV", extra=opt(4096)))).additional)
            self.assertEqual(len(whole), 12)
            partial = 0
            for size in range(512, 1000, 3):
                reply = channel.ask(query(name, "SRV", extra=opt(size)))
                message = decode(reply)
                glue = texts(message.additional)
                self.assertLessEqual(len(reply), size)
                if message.flags & dns.flags.TC:
                    self.assertEqual(glue, [], "TC, and something in additional")
                    self.assertLess(len(message.answer), 6)
                    continue
                self.assertEqual(len(message.answer), 6)
                self.assertEqual(len(glue) % 2, 0, "half an RRset")
                owners = [text.split()[0] for text in glue]
                targets = [rr[0].target.to_text() for rr in message.answer]
                self.assertEqual(owners[::2], targets[:len(glue) // 2])
                # What is missing would not have fitted.
                if len(glue) < 12:
                    partial += 1
                    self.assertGreater(len(reply) + 2 * A_RR, size)
            self.assertGreater(partial, 10)

    def test_chain_that_is_cut(self):
        """S-01, S-02, LD-02: the CNAME stays, as many addresses as fit follow it"""
        for channel in self.channels():
            for extra, limit in ((b"", 512), (opt(512), 512), (opt(1232), 1232)):
                reply = channel.ask(query("alias-many." + world.SHOP, extra=extra))
                message = decode(reply)
                self.assertTrue(message.flags & dns.flags.TC)
                self.assertEqual(message.answer[0].rdtype, dns.rdatatype.CNAME)
                got = addresses(message)[1:]
                stored = STORED[100]
                start = stored.index(got[0])
                self.assertEqual(got, (stored[start:] + stored[:start])[:len(got)])
                self.assertLessEqual(len(reply), limit)
                self.assertGreater(len(reply), limit - A_RR)

    def test_srv_that_is_cut(self):
        """S-01: no OPT: SRV records that fit stay whole"""
        for channel in self.channels():
            reply = channel.ask(query("n100." + world.SHOP, "SRV"))
            message = decode(reply)
            self.assertTrue(message.flags & dns.flags.TC)
            self.assertLessEqual(len(reply), 512)
            self.assertGreater(len(message.answer), 4)
            self.assertEqual((message.authority, message.additional), ([], []))

    def test_kept_in_the_node(self):
        """S-05: an RRset over 65,535 octets is cut when its node is built"""
        for channel in self.channels("wide"):
            seen = set()
            packets = [query(f"n5000.{world.SHOP}", extra=opt(4096))] * 320
            for reply in many(channel, packets):
                seen.update(addresses(decode(reply)))
            self.assertEqual(len(seen), KEPT)
            self.assertEqual(seen, set(STORED[5000]))

    def test_no_fragments(self):
        """S-08: the sockets never fragment, nor learn of a path"""
        if not hasattr(os, "pidfd_open"):
            raise unittest.SkipTest("this Python knows no pidfd_open()")
        a = world.appliance()
        levels = {socket.AF_INET: (socket.IPPROTO_IP, IP_MTU_DISCOVER),
                  socket.AF_INET6: (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)}
        found = harness.sockets_of(a.worker_pids[0], socket.SOCK_DGRAM, a.port)
        self.assertEqual(len(found), len(DATAGRAMS))
        for s in found:
            with s:
                self.assertIn(s.getsockopt(*levels[s.family]), (PMTUDISC_DO, PMTUDISC_OMIT))


class Streams(unittest.TestCase):
    """S-05, S-06: over TCP there is no limit but that of a message."""

    def channels(self):
        for transport in STREAMS:
            channel = transport(world.appliance())
            self.addCleanup(channel.close)
            yield channel

    def test_complete(self):
        """S-05, S-06, W-34: one message, complete, without TC, whatever the OPT says"""
        for channel in self.channels():
            for size in world.SIZES:
                for extra in (b"", opt(512), opt(65535)):
                    with self.subTest(size=size, over=channel.name, opt=extra.hex()):
                        packet = query(f"n{size}.{world.SHOP}", extra=extra)
                        reply = channel.ask(packet)
                        stored = STORED[size]
                        self.assertEqual(int(reply[2:4].hex(), 16), 0x8500)
                        self.assertEqual(struct.unpack("!H", reply[6:8])[0], len(stored))
                        self.assertEqual(len(reply), question_end(packet) + len(extra)
                                         + len(stored) * A_RR)
                        if size > 1000:
                            continue  # dnspython takes a second for each of these
                        got = addresses(decode(reply))
                        start = stored.index(got[0])
                        self.assertEqual(got, stored[start:] + stored[:start])

    def test_fallback(self):
        """S-01: who asks again over TCP gets all addresses"""
        a = world.appliance()
        for size in (40, 100, 1000):
            asked = dns.message.make_query(f"n{size}.{world.SHOP}", "A")
            reply, tcp = dns.query.udp_with_fallback(asked, "127.0.0.1", harness.PATIENCE_S,
                                                     port=a.port)
            self.assertTrue(tcp)
            self.assertEqual(sorted(harness.rdatas(reply)), sorted(STORED[size]))

    def test_largest(self):
        """S-05: all records of the largest answer are right"""
        reply = next(self.channels()).ask(query("n5000." + world.SHOP))
        end = question_end(query("n5000." + world.SHOP))
        # An answer is records of 16 octets, each behind the same head.
        records = [reply[i:i + A_RR] for i in range(end, len(reply), A_RR)]
        self.assertEqual({r[:12].hex() for r in records}, {"c00c000100010000001e0004"})
        self.assertEqual(sorted(r[12:] for r in records),
                         sorted(socket.inet_aton(a) for a in STORED[5000]))

    def test_additional(self):
        """S-03: nothing leaves additional"""
        for channel in self.channels():
            message = decode(channel.ask(query("_http._tcp.n100." + world.SHOP, "SRV")))
            self.assertEqual((len(message.answer), len(message.additional)), (100, 100))


class Rotation(unittest.TestCase):
    def starts(self, config, size, count):
        """Where `count` answers begin; each must be a rotation of the whole set."""
        channel = Udp(world.appliance(config))
        self.addCleanup(channel.close)
        replies = many(channel, [query(f"n{size}.{world.SHOP}", extra=opt(4096))] * count)
        stored = STORED[size]
        out = []
        for reply in replies:
            got = addresses(decode(reply))
            start = stored.index(got[0])
            self.assertEqual(got, (stored[start:] + stored[:start])[:len(got)])
            out.append(start)
        self.assertEqual(len(out), count)
        return out

    def test_shuffle(self):
        """GS-04, LD-01: every place is one where answers begin, none much more often"""
        starts = self.starts("plain", 40, 1000)
        counts = [starts.count(i) for i in range(40)]
        self.assertGreater(min(counts), 10)
        self.assertLess(max(counts), 100)

    def test_fixed(self):
        """LD-01: `fixed`: the stored order, always"""
        self.assertEqual(set(self.starts("fixed", 40, 100)), {0})

    def test_pairs(self):
        """LD-01: who asks for A and AAAA in turn gets no half of the places"""
        channel = Udp(world.appliance())
        self.addCleanup(channel.close)
        name = "n40." + world.SHOP
        pair = [query(name, extra=opt()), query(name, "AAAA", extra=opt())]
        replies = many(channel, pair * 800)
        seen = {addresses(decode(r))[0] for r in replies[::2]}
        self.assertEqual(len(seen), 40)

    def test_chain_first(self):
        """GS-04, LD-02: CNAMEs first, in the order of the chain"""
        channel = Udp(world.appliance())
        self.addCleanup(channel.close)
        for reply in many(channel, [query("c8." + world.SHOP, extra=opt())] * 20):
            owners = [r.name.to_text() for r in decode(reply).answer]
            self.assertEqual(owners, [f"c{i}.{world.SHOP}" for i in range(8, 13)]
                             + ["web." + world.SHOP])

    def test_srv_is_not_rotated(self):
        """LD-02: SRV keeps its order, its addresses rotate as whole RRsets do"""
        channel = Udp(world.appliance())
        self.addCleanup(channel.close)
        packets = [query("db." + world.SHOP, "SRV")] * 20
        orders = {tuple(rr[0].target.to_text() for rr in decode(r).answer)
                  for r in many(channel, packets)}
        self.assertEqual(len(orders), 1)
