"""T rows and W-03: queries in a stream, whole and broken, and how a connection ends.

Limits are set to what a test can wait for; it awaits the end, and asserts no time.
"""

import contextlib
import socket
import struct
import time
import unittest

import harness
import octets
import world
from octets import header, query
from transport import STREAMS, Tcp, Udp
from want import decode

WEB = "web." + world.SHOP


def tearDownModule():
    world.stop_all()


def ids(replies):
    return [int.from_bytes(r[:2], "big") for r in replies]


def numbered(count, name=WEB, **more):
    return [query(name, id_=i, **more) for i in range(1, count + 1)]


class Framing(unittest.TestCase):
    def channel(self, config="plain", transport=Tcp):
        channel = transport(world.appliance(config))
        self.addCleanup(channel.close)
        return channel

    def each(self):
        for transport in STREAMS:
            yield self.channel(transport=transport)

    def check_alive(self, config="plain"):
        """Somebody else is answered, over TCP and UDP."""
        for transport in (Tcp, Udp):
            reply = self.channel(config, transport).ask(query(WEB))
            self.assertEqual(decode(reply).answer[0][0].to_text(), "10.96.0.1")

    def test_responses(self):
        """W-03: QR=1: no reply, the connection is closed"""
        for packet in (header(flags=octets.QR), query(WEB, flags=octets.QR),
                       header(flags=0xffff) + bytes(100)):
            for channel in self.each():
                channel.send(packet)
                self.assertIsNone(channel.read())

    def test_pipelined(self):
        """T-01, T-11: three queries in one segment, and each octet in one of its own"""
        for channel in self.each():
            channel.send(*numbered(3))
            self.assertEqual(sorted(ids(channel.read() for _ in range(3))), [1, 2, 3])
            channel.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for packet in numbered(3):
                for octet in len(packet).to_bytes(2, "big") + packet:
                    channel.socket.send(bytes([octet]))
            self.assertEqual(sorted(ids(channel.read() for _ in range(3))), [1, 2, 3])

    def test_many(self):
        """T-01, T-06: ten thousand queries on one connection, each answered once"""
        channel = self.channel()
        for first in range(0, 10000, 100):
            channel.send(*[query(WEB, id_=first + i) for i in range(100)])
            got = ids(channel.read() for _ in range(100))
            self.assertEqual(sorted(got), list(range(first, first + 100)))

    def test_short_lengths(self):
        """T-03: lengths 0, 1 and 11: no reply; what came before is answered"""
        for length in (0, 1, 11):
            for channel in self.each():
                channel.send(query(WEB, id_=7), bytes(length))
                self.assertEqual(ids([channel.read()]), [7])
                self.assertIsNone(channel.read())

    def test_half_close(self):
        """T-09: queries, then the client's end: all answered, then ours"""
        for channel in self.each():
            channel.send(*numbered(20, "n40." + world.SHOP))
            channel.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(sorted(ids(channel.read() for _ in range(20))),
                             list(range(1, 21)))
            self.assertIsNone(channel.read())

    def test_reset(self):
        """T-10: clients that reset, within a message too, concern nobody else"""
        worker = world.appliance().worker_pids
        for data in (b"", b"\0", b"\0\x30abc", len(query(WEB)).to_bytes(2, "big") + query(WEB)):
            channel = self.channel()
            channel.socket.sendall(data)
            channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
            channel.close()
        self.check_alive()
        self.assertEqual(world.appliance().worker_pids, worker)

    def test_silence(self):
        """T-04, T-05: a long length and silence; a part of one; nothing at all: closed"""
        channels = [self.channel("brief") for _ in range(4)]
        for channel, data in zip(channels, (b"\xff\xff", b"\xff\xff" + bytes(5000), b"\0", b"")):
            channel.socket.sendall(data)
        for channel in channels:
            self.assertIsNone(channel.end())
        self.check_alive("brief")

    def test_never_reads(self):
        """T-07: a client that takes no reply is not read from, then closed; others live"""
        channel = self.channel("brief")
        channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        channel.socket.setblocking(False)
        packets = numbered(50, "n1000." + world.SHOP)
        data = b"".join(len(p).to_bytes(2, "big") + p for p in packets)
        sent = 0

        def ended():
            nonlocal sent
            try:
                sent += channel.socket.send(data)
            except BlockingIOError:
                return False
            except OSError:
                return True
            return False
        harness.await_("the end of a client that never reads", ended)
        self.assertGreater(sent, 0)
        self.check_alive("brief")

    def test_number_of_queries(self):
        """T-06: tcp.max_queries: what was read is answered, then an orderly end"""
        channel = self.channel("few")
        channel.send(*numbered(3))
        got = ids(channel.read() for _ in range(3))
        self.assertEqual(sorted(got), [1, 2, 3])
        with contextlib.suppress(BrokenPipeError):
            channel.send(*numbered(20))
        more = []
        while (reply := channel.read()) is not None:
            more.append(reply)
        self.assertGreaterEqual(len(more), 2)
        self.assertEqual(sorted(ids(more)), list(range(1, len(more) + 1)))

    def test_age(self):
        """T-06: tcp.max_age ends a busy connection between queries, and resets nothing"""
        channel = self.channel("brief")
        end = time.monotonic() + harness.PATIENCE_S
        answered = 0
        while time.monotonic() < end:
            channel.send(query(WEB, id_=7))
            reply = channel.read()
            if reply is None:
                break
            self.assertEqual(ids([reply]), [7])
            answered += 1
        self.assertIsNone(reply, "the connection has no end")
        self.assertGreater(answered, 10)

    def test_shedding(self):
        """E-17, T-08: where connections are scarce, clients are told to leave"""
        keepalive = query(WEB, extra=octets.opt(options=octets.option(octets.KEEPALIVE)))
        channels = []
        for _ in range(4):
            channels.append(self.channel("few"))
            message = decode(channels[-1].ask(keepalive))
        self.assertEqual([(o.otype, o.data) for o in message.options],
                         [(octets.KEEPALIVE, bytes(2))])

    def test_number_of_connections(self):
        """T-08: too many connections: the oldest idle one ends, the new one is served"""
        channels = []
        for i in range(7):
            channels.append(self.channel("four"))
            self.assertEqual(ids([channels[-1].ask(query(WEB, id_=i))]), [i])
        for channel in channels[:3]:
            self.assertIsNone(channel.end())
        for channel in channels[3:]:
            self.assertEqual(ids([channel.ask(query(WEB, id_=9))]), [9])
