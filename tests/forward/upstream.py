"""An upstream that does what a script says, and remembers what it was asked (R-10).

It listens on one port of one address of loopback, for UDP and TCP, and with a certificate on
another port for TLS. What no script says anything of is answered well: every name has an A
and an AAAA record made from its octets (address_of()), and of other types there is NODATA.

A script is a function of a Query. It returns what shall be sent, in this order: octets, a
Later with octets, CLOSE, or None for nothing; or a list of these.
"""

import collections
import contextlib
import ctypes
import errno
import heapq
import random
import select
import socket
import ssl
import struct
import threading
import time
import zlib

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 300
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"  # version 0, 1232 octets
KEPT = 400000  # packets that are remembered
CLONE_NEWNET = 0x40000000
PORTS = range(4000, 10240)  # forwarders draw theirs from 32768 on
CLOSE = object()

Later = collections.namedtuple("Later", "seconds octets")
Packet = collections.namedtuple("Packet", "at transport peer wire end")


def fold(name):
    """A name as octets of lower case, by which questions are counted."""
    return dns.name.from_text(name).to_wire().lower()


def type_octets(type_):
    return struct.pack("!H", dns.rdatatype.from_text(type_))


def number_of(name):
    return zlib.crc32(fold(name) if isinstance(name, str) else name) & 0x1FFFF


def address_of(name, type_="A"):
    """What an upstream without a script says of a name."""
    n = number_of(name)
    if type_ == "AAAA":
        return socket.inet_ntop(socket.AF_INET6, b"\x20\1\0\2" + bytes(8) + struct.pack("!I", n))
    return socket.inet_ntoa(struct.pack("!I", 0xC6120000 | n))


def soa(zone, ttl=60, minimum=60):
    return (zone, ttl, "SOA", f"ns.{zone.lstrip('.')} root.{zone.lstrip('.')} 1 2 3 4 {minimum}")


class Query:
    """A packet that came, and the replies that may be made of it."""

    def __init__(self, packet, number=1):
        self.packet, self.number = packet, number  # 1: the first for this name and type
        self.wire, self.end = packet.wire, packet.end
        self.transport, self.peer, self.at = packet.transport, packet.peer, packet.at
        self.id = struct.unpack_from("!H", self.wire)[0]

    @property
    def udp(self):
        return self.transport == "udp"

    @property
    def message(self):
        return dns.message.from_wire(self.wire)

    @property
    def name(self):
        """As it was sent, letter case included."""
        return self.message.question[0].name.to_text()

    @property
    def type(self):
        return dns.rdatatype.to_text(struct.unpack_from("!H", self.wire, self.end - 4)[0])

    @property
    def edns(self):
        return self.wire[11] != 0

    @property
    def options(self):
        """Codes of the EDNS options."""
        return [option.otype for option in self.message.options]

    def reply(self, *records, authority=(), additional=(), rcode="NOERROR", opt=True, flags=0,
              clear=0):
        """Octets of a reply; records are (name, ttl, type, rdata ...), "" for the asked name."""
        query = self.message
        out = dns.message.make_response(query, recursion_available=True)
        if not opt:
            out.use_edns(False)
        out.set_rcode(dns.rcode.from_text(rcode))
        out.flags = (out.flags | flags) & ~clear
        for section, items in ((out.answer, records), (out.authority, authority),
                               (out.additional, additional)):
            for name, ttl, type_, *rdata in items:
                section.append(dns.rrset.from_text(name or self.name, ttl, "IN", type_, *rdata))
        return out.to_wire(max_size=65535)

    def right(self):
        """The good reply, quickly."""
        wire, end = self.wire, self.end
        type_ = wire[end - 4:end - 2]
        head = wire[:2] + bytes((0x81, 0x80 | wire[3] & 0x10))
        opt = OPT[:7] + (b"\x80" if self.do else b"\0") + OPT[8:] if self.edns else b""
        more = b"\0\1" if opt else b"\0\0"
        n = zlib.crc32(wire[12:end - 4].lower()) & 0x1FFFF
        if type_ == b"\0\1":
            rdata = struct.pack("!HI", 4, 0xC6120000 | n)
        elif type_ == b"\0\x1c":
            rdata = b"\0\x10\x20\1\0\2" + bytes(8) + struct.pack("!I", n)
        else:
            return self.reply(authority=[soa(".")])
        return (head + b"\0\1\0\1\0\0" + more + wire[12:end] + b"\xc0\x0c" + type_ + b"\0\1"
                + struct.pack("!I", TTL) + rdata + opt)

    @property
    def do(self):
        return self.edns and dns.message.from_wire(self.wire).ednsflags & dns.flags.DO != 0

    def failed(self, rcode):
        return self.reply(rcode=rcode)

    def nxdomain(self, zone=".", ttl=60, minimum=60):
        return self.reply(authority=[soa(zone, ttl, minimum)], rcode="NXDOMAIN")

    def truncated(self, *records):
        return self.reply(*records, flags=dns.flags.TC)


# ---- scripts that several tests use ----


def right(query):
    return query.right()


def silent(_):
    return None


def rcode(text):
    return lambda query: query.failed(text)


def records(*items, **more):
    return lambda query: query.reply(*items, **more)


def in_turn(*scripts):
    """The first packet of a question gets the first script, ... the last one stays."""
    return lambda query: scripts[min(query.number, len(scripts)) - 1](query)


def after(seconds, script=right):
    return lambda query: Later(seconds, script(query))


class Upstream:
    """A context manager. `default` is the script of names that have none of their own."""

    default = staticmethod(right)

    def __init__(self, address=None, port=None, tls=None, namespace=None):
        self.address = address or f"127.0.{random.randrange(1, 200)}.{random.randrange(2, 250)}"
        self.namespace = namespace  # a path, as /proc/1/ns/net
        self.tls = tls  # (certificate, key)
        self.port, self.tls_port = port, None
        self.fixed = port is not None
        self.scripts, self.suffixes = {}, []
        self.lock = threading.Lock()
        self.forget()
        self.threads, self.streams, self.sockets = [], set(), []
        self.connections = collections.Counter()  # by transport
        self.resumed = 0
        self.later, self.order = [], 0
        self.errors = []

    # -- what tests say and look at --

    def on(self, name, script):
        """What is sent for a name, or with "*." in front for names below it."""
        if name.startswith("*."):
            self.suffixes.append((fold(name[2:]), script))
        else:
            self.scripts[fold(name)] = script
        return self

    def forget(self):
        with self.lock:
            self.packets = collections.deque(maxlen=KEPT)
            self.numbers = collections.Counter()

    def queries(self, name=None, type_=None, transport=None):
        """What has come, in its order."""
        with self.lock:
            packets = list(self.packets)
        key = fold(name) if name else None
        kind = type_octets(type_) if type_ else None
        return [Query(p) for p in packets
                if (key is None or p.wire[12:p.end - 4].lower() == key)
                and (kind is None or p.wire[p.end - 4:p.end - 2] == kind)
                and transport in (None, p.transport)]

    def count(self, name=None, type_=None, transport=None):
        if name is None and type_ is None and transport is None:
            return len(self.packets)
        return len(self.queries(name, type_, transport))

    @property
    def at(self):
        """As an entry of `to`."""
        return f"{self.address}:{self.port}"

    def tls_at(self, name=None):
        return f"tls://{self.address}:{self.tls_port}" + (f"#{name}" if name else "")

    # -- life --

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is None:
            assert not self.errors, "the script failed: " + "; ".join(self.errors)

    def start(self):
        """Also again, after stop(): on the same ports."""
        self.over = False
        begun = threading.Event()
        failed = []
        thread = threading.Thread(target=self.run, args=(begun, failed), daemon=True)
        self.threads = [thread]
        thread.start()
        begun.wait()
        if failed:
            raise failed[0]

    def stop(self):
        """As if it was killed: sockets are closed, connections reset."""
        self.over = True
        with contextlib.suppress(OSError):
            self.wake[1].send(b"x")
        self.threads[0].join()
        for stream in list(self.streams):
            stream.reset()
        for thread in self.threads[1:]:
            thread.join(5)

    def enter_namespace(self):
        if self.namespace is not None:
            with open(self.namespace) as f:
                if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")

    def bind(self):
        """A UDP socket and a listener of one port, and one for TLS."""
        for _ in range(100):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            port = self.port or random.choice(PORTS)
            try:
                udp.bind((self.address, port))
                tcp.bind((self.address, port))
            except OSError as e:
                udp.close()
                tcp.close()
                if self.port is not None or e.errno != errno.EADDRINUSE:
                    raise
                continue
            break
        else:
            raise OSError("no port is free")
        self.port = port
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        with contextlib.suppress(PermissionError):
            udp.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        tcp.listen(128)
        out = [udp, tcp]
        if self.tls:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            while True:
                with contextlib.suppress(OSError):
                    listener.bind((self.address, self.tls_port or random.choice(PORTS)))
                    break
            listener.listen(128)
            self.tls_port = listener.getsockname()[1]
            out.append(listener)
        return out

    def run(self, begun, failed):
        try:
            self.enter_namespace()
            sockets = self.bind()
            self.wake = socket.socketpair()
        except OSError as e:
            failed.append(e)
            return
        finally:
            begun.set()
        for s in [*sockets, *self.wake]:
            s.setblocking(False)
        poll = select.epoll()
        for s in [*sockets, self.wake[0]]:
            poll.register(s, select.EPOLLIN)
        self.udp = sockets[0]
        names = dict(zip([s.fileno() for s in sockets], ("udp", "tcp", "tls")))
        while not self.over:
            wait = max(0, self.later[0][0] - time.monotonic()) if self.later else -1
            for fd, _ in poll.poll(wait):
                what = names.get(fd)
                if what == "udp":
                    self.receive(sockets[0])
                elif what is not None:
                    self.accept(sockets[1 if what == "tcp" else 2], what)
                else:
                    self.wake[0].recv(4096)
            self.send_later()
        poll.close()
        for s in [*sockets, *self.wake]:
            s.close()

    # -- UDP --

    def receive(self, s):
        for _ in range(256):
            try:
                wire, peer = s.recvfrom(65535)
            except (BlockingIOError, ConnectionRefusedError):
                return
            self.take(wire, peer, "udp", lambda octets, peer=peer: self.send(octets, peer))

    def send(self, octets, peer):
        with contextlib.suppress(OSError):
            self.udp.sendto(octets, peer)

    # -- streams --

    def accept(self, listener, transport):
        with contextlib.suppress(OSError):
            s, peer = listener.accept()
            s.setblocking(True)
            self.connections[transport] += 1
            stream = Stream(self, s, peer, transport)
            self.streams.add(stream)
            thread = threading.Thread(target=stream.run, daemon=True)
            self.threads.append(thread)
            thread.start()

    # -- both --

    def take(self, wire, peer, transport, send):
        """Remember a packet, ask the script, do what it says."""
        try:
            end = 12
            while wire[end]:
                end += 1 + wire[end]
            end += 5
            packet = Packet(time.monotonic(), transport, peer, wire, end)
            folded = wire[12:end - 4].lower()
            with self.lock:
                self.packets.append(packet)
                self.numbers[folded, wire[end - 4:end - 2]] += 1
                number = self.numbers[folded, wire[end - 4:end - 2]]
            script = self.scripts.get(folded) or next(
                (s for suffix, s in self.suffixes if folded.endswith(suffix)), self.default)
            actions = script(Query(packet, number))
        except Exception as e:  # a script is a test's; what it raises belongs there
            self.errors.append(f"{type(e).__name__}: {e} ({wire.hex()})")
            return
        for action in actions if isinstance(actions, list) else [actions]:
            if isinstance(action, Later):
                with self.lock:
                    self.order += 1
                    heapq.heappush(self.later, (time.monotonic() + action.seconds, self.order,
                                                send, action.octets))
                with contextlib.suppress(OSError):
                    self.wake[1].send(b"x")
            elif action is not None:
                send(action)

    def send_later(self):
        while self.later and self.later[0][0] <= time.monotonic():
            with self.lock:
                _, _, send, octets = heapq.heappop(self.later)
            if octets is not None:
                send(octets)


class Stream:
    """A connection to an upstream, on a thread of its own."""

    def __init__(self, upstream, s, peer, transport):
        self.upstream, self.socket, self.peer, self.transport = upstream, s, peer, transport
        self.lock = threading.Lock()

    def run(self):
        try:
            if self.transport == "tls":
                self.handshake()
            while True:
                size = struct.unpack("!H", self.read(2))[0]
                self.upstream.take(self.read(size), self.peer, self.transport, self.send)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.upstream.streams.discard(self)
            self.socket.close()

    def handshake(self):
        context = self.upstream.context = getattr(
            self.upstream, "context", None) or self.make_context()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.upstream.resumed += bool(self.socket.session_reused)

    def make_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.upstream.tls)
        context.set_alpn_protocols(["dot"])
        return context

    def read(self, size):
        out = b""
        while len(out) < size:
            octets = self.socket.recv(size - len(out))
            if not octets:
                raise EOFError
            out += octets
        return out

    def send(self, octets):
        if octets is CLOSE:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            return
        with self.lock, contextlib.suppress(OSError):
            self.socket.sendall(struct.pack("!H", len(octets)) + octets)

    def reset(self):
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
