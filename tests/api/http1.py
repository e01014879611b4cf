"""An HTTP/1.1 server over TLS that does to a connection whatever a test asks for.

Threads and sockets only, so that every octet, its place in the stream and the way in which a
connection ends are ours. What a request means is decided elsewhere: `on_request(exchange)`.
"""

import contextlib
import http
import select
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import zlib

HEAD_MAX = 64 << 10
SEND_S = 30.0  # a client that does not read for so long is dropped (WP-39)


class Gone(Exception):
    """The connection is at its end: the client left, or a fault took it away."""


class Request:
    def __init__(self, head, listener, connection):
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.method, self.target, self.version = lines[0].split(" ")
        split = urllib.parse.urlsplit(self.target)
        self.path = split.path
        self.query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.listener, self.connection = listener, connection
        self.at = time.monotonic()
        self.status = None  # what was answered, 0: nothing
        self.note = ""

    def __repr__(self):
        return f"[{self.connection}] {self.line} -> {self.status} {self.note}"


class Exchange:
    """A request and its reply. All methods that write raise Gone if the client is."""

    def __init__(self, connection, request):
        self.connection, self.request = connection, request
        self.chunked = False
        self.done = False
        self.drip = None  # (octets, pause_s) for each write

    # -- octets --

    def write(self, octets):
        if self.drip is None:
            self.connection.write(octets)
            return
        step, pause_s = self.drip
        for i in range(0, len(octets), step):
            self.connection.write(octets[i:i + step])
            if pause_s:
                time.sleep(pause_s)

    def head(self, status, headers=(), length=None):
        """Status line and headers; without a length the body goes in chunks."""
        self.request.status = status
        fields = dict(headers)
        fields.setdefault("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
        if length is None:
            fields["Transfer-Encoding"] = "chunked"
            self.chunked = True
        else:
            fields["Content-Length"] = str(length)
        reason = http.HTTPStatus(status).phrase
        text = f"HTTP/1.1 {status} {reason}\r\n"
        text += "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        self.write(text.encode() + b"\r\n")

    def body(self, octets):
        if self.chunked:
            if octets:
                self.write(b"%x\r\n" % len(octets) + octets + b"\r\n")
        else:
            self.write(octets)

    def end(self):
        if self.chunked:
            self.write(b"0\r\n\r\n")
        self.done = True

    def reply(self, status, octets, content_type="application/json", headers=(), chunked=False):
        fields = {"Content-Type": content_type, **dict(headers)}
        self.head(status, fields, None if chunked else len(octets))
        if chunked:
            for i in range(0, len(octets), 16384):
                self.body(octets[i:i + 16384])
        else:
            self.body(octets)
        self.end()

    # -- ends --

    def cut(self):
        """FIN in the middle, with or without what TLS and HTTP want to see before."""
        self.connection.close()
        raise Gone

    def reset(self):
        self.connection.reset()
        raise Gone


def gzip(octets, level=1):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(octets) + packer.flush()


class Connection:
    """A connection that was accepted; its thread is the only one that writes."""

    def __init__(self, listener, sock, number):
        self.listener, self.number = listener, number
        self.sock = self.raw = sock
        self.held = b""
        self.lock = threading.Lock()
        self.closed = False
        self.peer_certificate = None

    def handshake(self, context):
        self.sock.settimeout(SEND_S)
        self.sock = context.wrap_socket(self.raw, server_side=True)
        self.peer_certificate = self.sock.getpeercert()

    def write(self, octets):
        self.listener.gate.wait()
        if self.closed:
            raise Gone
        try:
            self.sock.sendall(octets)
        except OSError as e:
            raise Gone from e

    def read_head(self):
        """Octets of a request head; None: the client closed."""
        while b"\r\n\r\n" not in self.held:
            if len(self.held) > HEAD_MAX:
                raise Gone
            self.sock.settimeout(None)
            try:
                more = self.sock.recv(65536)
            except (OSError, ValueError) as e:
                raise Gone from e
            if not more:
                return None
            self.held += more
        self.sock.settimeout(SEND_S)
        self.listener.gate.wait()
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        return head

    def wait(self, wake_fd, timeout_s):
        """Until wake_fd is readable, the time is over, or the client says or closes."""
        if self.closed:
            raise Gone
        try:
            readable, _, _ = select.select([self.sock, wake_fd], [], [], timeout_s)
            if self.sock in readable and not self.sock.recv(1):
                raise Gone
        except (OSError, ValueError) as e:
            raise Gone from e

    def close(self):
        """An orderly FIN; no close_notify, as servers that die do it."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            self.release()

    def reset(self):
        with self.lock:
            if self.closed:
                return
            self.closed = True
            with contextlib.suppress(OSError):
                # An RST at once: not even what is queued is sent.
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
            self.release(wake=True)

    def release(self, wake=False):
        # Closing a descriptor that another thread waits for does not wake it; connecting
        # the socket to nothing does, and sends the RST.
        if wake and not libc_disconnect(self.sock):
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def finish(self):
        """By its own thread only: the descriptor goes."""
        self.closed = True
        with contextlib.suppress(OSError):
            self.sock.close()


def libc_disconnect(sock):
    """connect() with AF_UNSPEC: an established TCP connection is reset."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack("H14x", socket.AF_UNSPEC)
    with contextlib.suppress(OSError, ValueError):
        return libc.connect(sock.fileno(), address, len(address)) == 0
    return False


class Listener:
    """A port of loopback. Faults of the connection itself are set here.

    `faults`: functions of a Connection, each for the next one that is accepted; it does
    its worst and returns True if the connection is spent. `gate` cleared: nothing is
    accepted, read or written, as by a process that was stopped.
    """

    def __init__(self, on_request, context, port, host="127.0.0.1"):
        self.on_request, self.context = on_request, context
        self.host, self.port = host, port
        self.gate = threading.Event()
        self.gate.set()
        self.faults = []
        self.always = None  # a fault for every connection
        self.accepted = 0
        self.connections = set()
        self.lock = threading.Lock()
        self.socket = None
        self.open()

    def open(self):
        s = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((self.host, self.port))
        s.listen(64)
        self.socket = s
        threading.Thread(target=self.accept_all, args=(s,), daemon=True).start()

    @property
    def address(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def accept_all(self, s):
        while True:
            self.gate.wait()
            try:
                ready, _, _ = select.select([s], [], [], None)
                if not self.gate.is_set():
                    continue
                sock, _ = s.accept()
            except (OSError, ValueError):
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.accepted += 1
                connection = Connection(self, sock, self.accepted)
                fault = self.faults.pop(0) if self.faults else self.always
                self.connections.add(connection)
            threading.Thread(target=self.serve, args=(connection, fault), daemon=True).start()

    def serve(self, connection, fault):
        with contextlib.suppress(Gone, ssl.SSLError, OSError):
            if fault is not None and fault(connection):
                return self.forget(connection)
            if self.context is not None:
                connection.handshake(self.context)
            while not connection.closed:
                head = connection.read_head()
                if head is None:
                    break
                x = Exchange(connection, Request(head, self, connection.number))
                self.on_request(x)
                if not x.done:
                    break
        return self.forget(connection)

    def forget(self, connection):
        with self.lock:
            self.connections.discard(connection)
        connection.finish()

    def kill_connections(self, reset=True):
        with self.lock:
            connections = list(self.connections)
        for c in connections:
            c.reset() if reset else c.close()

    def close(self, reset=True):
        """As a server that ended: refused from now on."""
        s, self.socket = self.socket, None
        if s is not None:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        self.gate.set()
        self.kill_connections(reset)
