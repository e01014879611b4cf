"""How octets come to an appliance and back. Rows know nothing of it.

A transport has a name, and exchange(): send some octets, return every reply to them.
That a packet gets no reply is seen without waiting: behind it goes a plain query, whose
reply comes last (the appliance has one worker). Another transport is another class in
TRANSPORTS.
"""

import socket

import harness
import octets

MARK = 0xd4e2  # ID of the query that ends an exchange


class Udp:
    name = "udp"
    limit = 512  # without OPT
    family, host = socket.AF_INET, "127.0.0.1"

    def __init__(self, appliance):
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.connect((self.host, appliance.port))
        self.socket.settimeout(harness.PATIENCE_S)

    def close(self):
        self.socket.close()

    def exchange(self, *packets, least=0):
        """All replies to these packets, in the order of their coming; `least` of them may wait
        for an upstream, and come behind that of the plain query."""
        for packet in packets:
            self.socket.send(packet)
        self.socket.send(octets.query("the.end.", id_=MARK))
        replies, ended = [], False
        while not ended or len(replies) < least:
            try:
                reply = self.socket.recv(65536)
            except socket.timeout:
                raise AssertionError("no reply to a query") from None
            if reply[:2] == MARK.to_bytes(2, "big"):
                ended = True
            else:
                replies.append(reply)
        return replies

    def ask(self, packet):
        """The one reply to a packet that deserves one."""
        replies = self.exchange(packet, least=1)
        assert len(replies) == 1, f"{len(replies)} replies"
        return replies[0]


class Udp6(Udp):
    """The same over IPv6; no row makes a difference."""

    name = "udp6"
    family, host = socket.AF_INET6, "::1"


class Tcp:
    """One connection for all exchanges: no row but those of broken framing ends it."""

    name = "tcp"
    family, host = socket.AF_INET, "127.0.0.1"

    def __init__(self, appliance):
        self.socket = socket.socket(self.family, socket.SOCK_STREAM)
        self.socket.settimeout(harness.PATIENCE_S)
        self.socket.connect((self.host, appliance.port))
        self.unread = b""

    def close(self):
        self.socket.close()

    def send(self, *packets):
        self.socket.sendall(b"".join(len(p).to_bytes(2, "big") + p for p in packets))

    def read(self):
        """The next reply; None: the connection was closed."""
        while True:
            length = int.from_bytes(self.unread[:2], "big") + 2
            if len(self.unread) >= max(length, 3):
                reply, self.unread = self.unread[2:length], self.unread[length:]
                return reply
            try:
                octets_ = self.socket.recv(1 << 17)
            except socket.timeout:
                raise AssertionError("no reply within a connection") from None
            if not octets_:
                assert not self.unread, "closed within a reply"
                return None
            self.unread += octets_

    def end(self):
        """None once the connection was closed, with a reset too: something else if not."""
        try:
            return self.read()
        except ConnectionResetError:
            return None

    def exchange(self, *packets):
        """All replies to these packets; they may come in any order."""
        self.send(*packets, octets.query("the.end.", id_=MARK))
        replies, ended = [], False
        while not ended or len(replies) < len(packets):
            reply = self.read()
            assert reply is not None, "the connection was closed"
            if reply[:2] == MARK.to_bytes(2, "big"):
                ended = True
            else:
                replies.append(reply)
        return replies

    def ask(self, packet):
        return self.exchange(packet)[0]


class Tcp6(Tcp):
    name = "tcp6"
    family, host = socket.AF_INET6, "::1"


DATAGRAMS = (Udp, Udp6) if harness.has_ipv6() else (Udp,)
STREAMS = (Tcp, Tcp6) if harness.has_ipv6() else (Tcp,)
TRANSPORTS = DATAGRAMS + STREAMS
