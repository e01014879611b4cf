"""The carriers of a forwarder by themselves, and upstreams that a test plays by hand (Q-03).

Carriers is tests/system/carry.c, which sends what it is told and says what comes back.
"""

import contextlib
import os
import queue
import socket
import ssl
import struct
import subprocess
import threading

import dns.message

import harness

PATIENCE_S = harness.PATIENCE_S


def query(name="example.org.", id_=0):
    message = dns.message.make_query(name, "A")
    message.id = id_
    return message.to_wire()


def response(wire, id_=None):
    """The octets of a reply to a query, which nobody here reads: a flag is enough."""
    out = bytearray(wire)
    out[2] |= 0x80
    if id_ is not None:
        out[:2] = struct.pack("!H", id_)
    return bytes(out)


def id_of(wire):
    return struct.unpack("!H", wire[:2])[0]


class Carriers:
    """The process. Lines that it says wait in a queue for await_()."""

    def __init__(self, preexec=None, wrap=()):
        path = os.path.join(harness.BUILD, "tests/system/carry")
        if not os.access(path, os.X_OK):
            raise AssertionError("tests/system/carry was not built")
        self.process = subprocess.Popen(
            [*wrap, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1, preexec_fn=preexec)
        self.lines = queue.Queue()
        self.log = []
        self.readers = [threading.Thread(target=self._read, args=a, daemon=True) for a in (
            (self.process.stdout, self.lines.put), (self.process.stderr, self.log.append))]
        for r in self.readers:
            r.start()
        self.numbers = iter(range(1, 32768))

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for r in self.readers:
            r.join()
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == 0, f"carry ended with {code}: {self.log}"

    def tell(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def line(self, patience_s=PATIENCE_S):
        return self.lines.get(timeout=patience_s).split(" ", 3)

    def await_line(self, *begin):
        """The next line must begin so."""
        line = self.line()
        assert tuple(line[:len(begin)]) == tuple(map(str, begin)), (line, begin, self.log)
        return line

    def configure(self, *groups):
        """Each group is (keys, [(address, port, name or None)]); keys has a digest."""
        for keys, upstreams in groups:
            keys = dict(keys)
            self.tell(f"group {keys.pop('digest', 1)} " +
                      " ".join(f"{k}={v}" for k, v in keys.items()))
            for address, port, *name in upstreams:
                self.tell(" ".join(["upstream", address, str(port), *name]))
        self.tell("configure")
        self.await_line("configured")

    def send(self, transport, wire, upstream=0):
        """Send a query; (exchange, ID that it has)."""
        number = next(self.numbers)
        self.tell(f"send {number} {transport} {upstream} {wire.hex()}")
        return number, int(self.await_line("sent", number)[2])

    def send_all(self, transport, wires, upstream=0):
        """The same for many, within one turn."""
        numbers = [next(self.numbers) for _ in wires]
        self.tell(*(f"send {n} {transport} {upstream} {w.hex()}"
                    for n, w in zip(numbers, wires)))
        return [(n, int(self.await_line("sent", n)[2])) for n in numbers]

    def await_reply(self, number):
        return bytes.fromhex(self.await_line("reply", number)[2])

    def await_error(self, number, why):
        return self.await_line("error", number, why)[3]

    def stat(self, upstream=0):
        """{transport: (open, made, used)}"""
        self.tell(f"stat {upstream}")
        words = " ".join(self.await_line("stat")).split()[1:]
        numbers = tuple(map(int, words))
        return {"tcp": numbers[:3], "tls": numbers[3:]}


class Listener:
    """A TCP listener of loopback; accept() gives connections that read messages."""

    def __init__(self, context=None, address="127.0.0.1"):
        self.context = context
        self.socket = socket.create_server((address, 0))
        self.socket.settimeout(PATIENCE_S)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def accept_raw(self):
        s, peer = self.socket.accept()
        s.settimeout(PATIENCE_S)
        return s, peer

    def accept(self):
        s, peer = self.accept_raw()
        if self.context is not None:
            s = self.context.wrap_socket(s, server_side=True)
        return Connection(s, peer)

    def waiting(self, timeout_s):
        """True if somebody connects within this time."""
        self.socket.settimeout(timeout_s)
        try:
            self.socket.accept()[0].close()
            return True
        except socket.timeout:
            return False
        finally:
            self.socket.settimeout(PATIENCE_S)


class Connection:
    def __init__(self, s, peer):
        self.socket, self.peer = s, peer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read(self, n):
        out = b""
        while len(out) < n:
            more = self.socket.recv(n - len(out))
            if not more:
                raise EOFError(f"{len(out)} of {n} octets")
            out += more
        return out

    def message(self):
        return self.read(struct.unpack("!H", self.read(2))[0])

    def send(self, *wires):
        self.socket.sendall(b"".join(struct.pack("!H", len(w)) + w for w in wires))

    def await_end(self):
        """The other side has ended it, whatever it sent before."""
        try:
            while self.socket.recv(65536):
                pass
        except (ConnectionResetError, ssl.SSLError):
            pass


class Udp:
    """A UDP socket of loopback that is told what to send."""

    def __init__(self, address="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                                    socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((address, 0))
        self.socket.settimeout(PATIENCE_S)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self):
        """(octets, (address, port))"""
        wire, peer = self.socket.recvfrom(65535)
        return wire, peer

    def send(self, wire, peer):
        self.socket.sendto(wire, peer)
