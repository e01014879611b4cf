"""Queries on their way to upstreams and back: sockets, connections, TLS (FW-18 to FW-21)."""

import os
import resource
import shutil
import socket
import ssl
import sys
import tempfile
import unittest

import harness
from carriers import Carriers, Listener, Udp, id_of, query, response

sys.path.append(os.path.join(harness.SOURCE, "tests/api"))
from certs import KEY, Authority, openssl, write  # noqa: E402

LOOPBACK = "127.0.0.1"


class UdpTest(unittest.TestCase):
    def test_ports(self):
        """Q-02, Q-03: each query has a socket of its own, with a port that nobody can guess"""
        ports = []
        with Carriers() as c, Udp() as up:
            c.configure(({}, [(LOOPBACK, up.port)]))
            for i in range(300):
                number, _ = c.send("udp", query(id_=i))
                wire, peer = up.receive()
                self.assertEqual(wire, query(id_=i))
                ports.append(peer[1])
                up.send(response(wire), peer)
                c.await_reply(number)
        self.assertGreater(len(set(ports)), 280)
        self.assertTrue(all(32768 <= p <= 65535 for p in ports), ports)
        self.assertGreater(max(ports) - min(ports), 30000)
        steps = {(b - a) % 65536 for a, b in zip(ports, ports[1:])}
        self.assertGreater(len(steps), 250)  # it does not count

    def test_many_at_once(self):
        """Q-03: two thousand queries in flight, each answered to its own exchange"""
        def allow():
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))

        with Carriers(allow) as c, Udp() as up:
            c.configure(({}, [(LOOPBACK, up.port)]))
            seen = {}
            for base in range(0, 2000, 100):
                sent = c.send_all("udp", [query(id_=i) for i in range(base, base + 100)])
                for _ in sent:
                    wire, peer = up.receive()
                    seen[id_of(wire)] = wire, peer
            self.assertEqual(len(seen), 2000)
            for wire, peer in seen.values():
                up.send(response(wire), peer)
            replies = [c.await_line("reply") for _ in range(2000)]
            self.assertEqual({(int(r[1]), id_of(bytes.fromhex(r[2]))) for r in replies},
                             {(i + 1, i) for i in range(2000)})

    def test_strangers(self):
        """FW-24: what comes from another address or port never arrives"""
        with Carriers() as c, Udp() as up, Udp() as port, Udp("127.0.0.2") as address:
            c.configure(({}, [(LOOPBACK, up.port)]))
            number, _ = c.send("udp", query())
            wire, peer = up.receive()
            port.send(response(wire, 1), peer)
            address.send(response(wire, 2), peer)
            up.send(response(wire, 3), peer)
            self.assertEqual(id_of(c.await_reply(number)), 3)

    def test_waits_on(self):
        """F-06: what is no response is handed over and the wait goes on"""
        with Carriers() as c, Udp() as up:
            c.configure(({}, [(LOOPBACK, up.port)]))
            number, _ = c.send("udp", query())
            wire, peer = up.receive()
            for octets in (b"", b"\0" * 4, wire, response(wire)):
                up.send(octets, peer)
                self.assertEqual(c.await_reply(number), octets)
            c.tell(f"close {number}")  # it is over already

    def test_refused(self):
        """Q-03: a port that nobody has is an error of this query at once"""
        with Udp() as up:
            port = up.port
        with Carriers() as c:
            c.configure(({}, [(LOOPBACK, port)]))
            number, _ = c.send("udp", query())
            self.assertEqual(c.await_error(number, "refused"), "Connection refused")

    def test_closed(self):
        """Q-03: the socket of a query that nobody waits for any more is closed"""
        with Carriers() as c, Udp() as up:
            c.configure(({}, [(LOOPBACK, up.port)]))
            number, _ = c.send("udp", query())
            wire, peer = up.receive()
            c.tell(f"close {number}")
            c.stat()  # the command before it is carried out
            up.send(response(wire), peer)
            number, _ = c.send("udp", query(id_=7))
            wire, peer = up.receive()
            up.send(response(wire), peer)
            self.assertEqual(id_of(c.await_reply(number)), 7)

    def test_no_descriptors(self):
        """EV-08: without descriptors a query is not sent; TCP has some, and later ones are sent"""
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

        with Carriers(few) as c, Udp() as up, Listener() as tcp:
            c.configure(({}, [(LOOPBACK, up.port), (LOOPBACK, tcp.port)]))
            sent = []
            for i in range(40):
                number = next(c.numbers)
                c.tell(f"send {number} udp 0 {query(id_=i).hex()}")
                word, _, more, *rest = c.line()
                if word == "unsent":
                    self.assertEqual(" ".join([more, *rest]), "Too many open files")
                    break
                sent.append(number)
            self.assertGreater(len(sent), 5)
            self.assertLess(len(sent), 24)
            number, _ = c.send("tcp", query(id_=50), 1)
            with tcp.accept() as connection:
                connection.send(response(connection.message()))
                c.await_reply(number)
            c.tell(f"close {sent[0]}")
            number, _ = c.send("udp", query(id_=99))
            for _ in range(len(sent) + 1):
                wire, peer = up.receive()
            up.send(response(wire), peer)
            self.assertEqual(id_of(c.await_reply(number)), 99)

    def test_source(self):
        """FW-21: queries leave from source_address, by every transport"""
        with Carriers() as c, Udp() as up, Listener() as tcp:
            c.configure(({"source": "127.0.0.3"}, [(LOOPBACK, up.port)]),
                        ({"digest": 2, "source": "127.0.0.4"}, [(LOOPBACK, tcp.port)]))
            c.send("udp", query())
            self.assertEqual(up.receive()[1][0], "127.0.0.3")
            c.send("tcp", query(), 1)
            with tcp.accept() as connection:
                self.assertEqual(connection.peer[0], "127.0.0.4")
                connection.message()

    @unittest.skipUnless(harness.has_ipv6(), "no IPv6 on loopback")
    def test_ipv6(self):
        """Q-03: an upstream of IPv6"""
        with Carriers() as c, Udp("::1") as up:
            c.configure(({"source": "127.0.0.3"}, [("::1", up.port)]))
            number, _ = c.send("udp", query())
            wire, peer = up.receive()
            up.send(response(wire), peer)
            c.await_reply(number)

    def test_system_calls(self):
        """Q-03: a query costs seven system calls of its own"""
        harness.need_trace()
        if harness.sanitized("tests/system/carry"):
            self.skipTest("the sanitizer does not end under strace")
        directory = tempfile.mkdtemp(prefix="shmdns-test-")
        self.addCleanup(shutil.rmtree, directory)
        trace = os.path.join(directory, "trace")
        with Udp() as up:
            with Carriers(wrap=("strace", "-qq", "-o", trace)) as c:
                c.configure(({}, [(LOOPBACK, up.port)]))
                sent = c.send_all("udp", [query(id_=i) for i in range(20)])
                for _ in sent:
                    wire, peer = up.receive()
                    up.send(response(wire), peer)
                for _ in sent:
                    c.await_line("reply")
        with open(trace) as f:
            lines = f.readlines()
        began = next(i for i, line in enumerate(lines) if "SOCK_DGRAM" in line)
        names = [line.split("(")[0] for line in lines[began:]]
        # What waits, and what says so on standard output, is shared by a turn.
        for name in ("socket", "connect", "sendto", "recvfrom"):
            self.assertEqual(names.count(name), 20, name)
        self.assertLessEqual(names.count("bind"), 22)  # a port may be taken
        self.assertEqual(names.count("epoll_ctl"), 20)
        self.assertEqual(names.count("setsockopt"), 0)


class KeptTest(unittest.TestCase):
    def setting(self, up, **keys):
        return ({"reuse": 1, **keys}, [(LOOPBACK, up.port)])

    def test_few_ports(self):
        """DE-07: with reuse_sockets a few sockets carry all queries"""
        ports = set()
        with Carriers() as c, Udp() as up:
            c.configure(self.setting(up))
            for i in range(200):
                number, _ = c.send("udp", query(id_=i))
                wire, peer = up.receive()
                ports.add(peer[1])
                up.send(response(wire), peer)
                c.await_reply(number)
        self.assertEqual(len(ports), 4)

    def test_ids(self):
        """U-08: queries that share a socket have different IDs, replies find their query"""
        with Carriers() as c, Udp() as up:
            c.configure(self.setting(up))
            sent = c.send_all("udp", [query(f"n{i}.example.", 4711) for i in range(300)])
            got = [up.receive() for _ in sent]
            by_port = {}
            for wire, peer in got:
                by_port.setdefault(peer[1], []).append(id_of(wire))
            for ids in by_port.values():
                self.assertEqual(len(ids), len(set(ids)))
                self.assertLessEqual(len(ids), 64)
            for wire, peer in reversed(got):
                up.send(response(wire), peer)
            replies = {int(r[1]): bytes.fromhex(r[2])
                       for r in (c.await_line("reply") for _ in sent)}
            for i, (number, id_) in enumerate(sent):
                self.assertEqual(replies[number], response(query(f"n{i}.example.", id_)))

    def test_late(self):
        """FW-24: a reply that comes late is nobody's"""
        with Carriers() as c, Udp() as up:
            c.configure(self.setting(up))
            first, _ = c.send("udp", query(id_=1))
            wire, peer = up.receive()
            c.tell(f"close {first}")
            second, _ = c.send("udp", query(id_=2))
            wire2, peer2 = up.receive()
            up.send(response(wire), peer)
            up.send(response(wire2), peer2)
            self.assertEqual(id_of(c.await_reply(second)), 2)

    def test_refused(self):
        """DE-07: a refusal is the error of the queries of that socket, which is closed"""
        with Udp() as up:
            setting = self.setting(up)
        with Carriers() as c:
            c.configure(setting)
            for i in range(10):
                number, _ = c.send("udp", query(id_=i))
                c.await_error(number, "refused")

    def test_expire(self):
        """FW-18: a kept socket that has been idle as long as `expire` is closed"""
        ports = set()
        with Carriers() as c, Udp() as up:
            c.configure(self.setting(up, expire=0))

            def another():
                number, _ = c.send("udp", query())
                wire, peer = up.receive()
                ports.add(peer[1])
                up.send(response(wire), peer)
                c.await_reply(number)
                return len(ports) > 8

            harness.await_("ports change", another)


class TcpTest(unittest.TestCase):
    def carriers(self, listener, **keys):
        c = self.enterContext_(Carriers())
        c.configure((keys, [(LOOPBACK, listener.port)]))
        return c

    def enterContext_(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def setUp(self):
        self.listener = self.enterContext_(Listener())

    def test_pipelining(self):
        """FW-19, U-08: one connection, 64 queries in flight, replies in any order"""
        c = self.carriers(self.listener)
        sent = c.send_all("tcp", [query(f"n{i}.example.", 99) for i in range(64)])
        with self.listener.accept() as connection:
            got = [connection.message() for _ in sent]
            self.assertEqual(len({id_of(w) for w in got}), 64)
            connection.send(*map(response, reversed(got)))
            numbers = [int(c.await_line("reply")[1]) for _ in sent]
            self.assertEqual(numbers, [n for n, _ in reversed(sent)])
            more, _ = c.send("tcp", query(id_=5))
            connection.send(response(connection.message()))
            self.assertEqual(id_of(c.await_reply(more)), 5)
        self.assertEqual(c.stat()["tcp"][1:], (1, 64))

    def test_second(self):
        """FW-19: the 65th query in flight has another connection"""
        c = self.carriers(self.listener)
        sent = c.send_all("tcp", [query(id_=i) for i in range(65)])
        with self.listener.accept() as one, self.listener.accept() as two:
            one.send(*(response(one.message()) for _ in range(64)))
            two.send(response(two.message()))
            self.assertEqual({int(c.await_line("reply")[1]) for _ in sent},
                             {n for n, _ in sent})

    def test_pieces(self):
        """U-08: a reply octet by octet, and three in one segment; 65,535 octets"""
        c = self.carriers(self.listener)
        sent = c.send_all("tcp", [query(id_=i) for i in range(4)])
        with self.listener.accept() as connection:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            got = [response(connection.message()) for _ in sent]
            got[3] += b"\0" * (65535 - len(got[3]))
            first = len(got[0]).to_bytes(2, "big") + got[0]
            for i in range(len(first)):
                connection.socket.sendall(first[i:i + 1])
            self.assertEqual(c.await_reply(sent[0][0]), got[0])
            connection.send(*got[1:])
            for (number, _), wire in zip(sent[1:], got[1:]):
                self.assertEqual(c.await_reply(number), wire)

    def test_no_match(self):
        """FW-24: a message with another ID is nobody's; one that is no response waits on"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as connection:
            wire = connection.message()
            connection.send(response(wire, 2), wire, response(wire))
            self.assertEqual(c.await_reply(number), wire)
            self.assertEqual(c.await_reply(number), response(wire))

    def test_peer_closes(self):
        """FW-19: queries of a connection that the upstream closed are sent once more"""
        c = self.carriers(self.listener)
        sent = c.send_all("tcp", [query(f"n{i}.example.", i) for i in range(3)])
        with self.listener.accept() as connection:
            got = [connection.message() for _ in sent]
            connection.send(response(got[1]))
            c.await_reply(sent[1][0])
        with self.listener.accept() as connection:
            again = [connection.message() for _ in range(2)]
            self.assertEqual(again, [got[0], got[2]])
            connection.send(*map(response, again))
            c.await_reply(sent[0][0])
            c.await_reply(sent[2][0])

    def test_peer_resets(self):
        """FW-19: the same for a reset"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query(id_=1))
        connection = self.listener.accept()
        connection.message()
        connection.reset()
        with self.listener.accept() as connection:
            connection.send(response(connection.message()))
            c.await_reply(number)

    def test_peer_closes_twice(self):
        """FW-19: the second time it is a failure"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query(id_=1))
        for _ in range(2):
            with self.listener.accept() as connection:
                connection.message()
        self.assertEqual(c.await_error(number, "network"), "connection closed")
        self.assertFalse(self.listener.waiting(0.1))

    def test_idle_closed(self):
        """FW-19: one that was closed while it was idle costs the next query nothing"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as connection:
            connection.send(response(connection.message()))
            c.await_reply(number)
        number, _ = c.send("tcp", query(id_=2))
        with self.listener.accept() as connection:
            connection.send(response(connection.message()))
            c.await_reply(number)

    def test_refused(self):
        """FW-19: nobody listens"""
        with Listener() as gone:
            port = gone.port
        c = self.enterContext_(Carriers())
        c.configure(({}, [(LOOPBACK, port)]))
        number, _ = c.send("tcp", query())
        self.assertEqual(c.await_error(number, "refused"), "Connection refused")

    def test_broken(self):
        """F-07: a length that no message has ends the connection, without another try"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query())
        with self.listener.accept() as connection:
            connection.message()
            connection.socket.sendall(b"\0\3abc")
            self.assertEqual(c.await_error(number, "network"), "no stream of messages")
            connection.await_end()

    def test_expire(self):
        """FW-18: an idle connection is closed after `expire`, a waiting one is not"""
        c = self.carriers(self.listener, expire=200)
        number, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as connection:
            wire = connection.message()
            connection.socket.settimeout(0.5)
            with self.assertRaises(socket.timeout):
                connection.socket.recv(1)
            connection.socket.settimeout(harness.PATIENCE_S)
            connection.send(response(wire))
            c.await_reply(number)
            connection.await_end()
        harness.await_("it is not counted any more", lambda: c.stat()["tcp"][0] == 0)

    def test_max_age(self):
        """FW-18: one that is too old gets nothing new, and ends when all is answered"""
        c = self.carriers(self.listener, max_age=200)
        first, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as old:
            wire = old.message()
            harness.await_("it is too old", lambda: self.another(c))
            old.send(response(wire))
            c.await_reply(first)
            old.await_end()

    def another(self, c):
        """Send a query; True if it came by a new connection."""
        before = c.stat()["tcp"][1]
        number, _ = c.send("tcp", query(id_=2))
        if c.stat()["tcp"][1] == before:
            c.tell(f"close {number}")
            return False
        with self.listener.accept() as connection:
            connection.send(response(connection.message()))
            c.await_reply(number)
        return True

    def test_max_idle(self):
        """FW-18: no more than max_idle connections are kept without work"""
        c = self.carriers(self.listener, max_idle=1)
        sent = c.send_all("tcp", [query(id_=i) for i in range(130)])
        connections = [self.listener.accept() for _ in range(3)]
        for connection, n in zip(connections, (64, 64, 2)):
            self.addCleanup(connection.close)
            connection.send(*(response(connection.message()) for _ in range(n)))
        for _ in sent:
            c.await_line("reply")
        harness.await_("one is left", lambda: c.stat()["tcp"][0] == 1)

    def test_silent(self):
        """U-08: a connection that is silent gets nothing new, its query may be answered yet"""
        c = self.carriers(self.listener)
        first, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as connection:
            wire = connection.message()
            harness.await_("another connection", lambda: self.another(c))
            connection.send(response(wire))
            c.await_reply(first)

    def test_given_up(self):
        """U-08: where nobody waits any more a silent connection ends"""
        c = self.carriers(self.listener)
        number, _ = c.send("tcp", query(id_=1))
        with self.listener.accept() as connection:
            connection.message()
            c.tell(f"close {number}")
            connection.await_end()

    def test_reload(self):
        """FW-19: connections of a group that stays are kept, others end"""
        with Listener() as other:
            c = self.enterContext_(Carriers())
            both = (({}, [(LOOPBACK, self.listener.port)]),
                    ({"digest": 2}, [(LOOPBACK, other.port)]))
            c.configure(*both)
            first, _ = c.send("tcp", query(id_=1))
            second, _ = c.send("tcp", query(id_=2), 1)
            with self.listener.accept() as gone, other.accept() as kept:
                wires = gone.message(), kept.message()
                c.configure(both[1])
                gone.send(response(wires[0]))
                kept.send(response(wires[1]))
                self.assertEqual({int(c.await_line("reply")[1]) for _ in range(2)},
                                 {first, second})
                gone.await_end()
                number, _ = c.send("tcp", query(id_=3), 0)
                kept.send(response(kept.message()))
                c.await_reply(number)

    def test_never_connected(self):
        """FW-18: a connection that does not come about is given up after 3 s"""
        with socket.socket() as full:  # its queue is full: SYNs are dropped
            full.bind((LOOPBACK, 0))
            full.listen(0)
            holders = []
            for _ in range(4):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(full.getsockname())
                holders.append(s)
                self.addCleanup(s.close)
            c = self.enterContext_(Carriers())
            c.configure(({}, [(LOOPBACK, full.getsockname()[1])]))
            number, _ = c.send("tcp", query())
            self.assertEqual(c.await_error(number, "network"), "no connection in time")


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need("openssl")
        cls.directory = tempfile.mkdtemp(prefix="shmdns-test-")
        cls.ca = Authority(os.path.join(cls.directory, "ca"))
        cls.server = cls.ca.issue("dns.example", "subjectAltName=DNS:dns.example,IP:127.0.0.1")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def context(self, pair=None, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(pair or self.server))
        context.set_alpn_protocols(["dot"])
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def carry(self, listener, name="dns.example.", **keys):
        """Carriers whose one upstream is the listener, until the end of the test."""
        c = Carriers()
        c.__enter__()
        self.addCleanup(c.__exit__, None, None, None)
        c.configure(({"ca": self.ca.cert, **keys},
                     [(LOOPBACK, listener.port, *([name] if name else []))]))
        return c

    def listen(self, *arguments, **options):
        listener = Listener(self.context(*arguments, **options))
        self.addCleanup(listener.socket.close)
        return listener

    def exchange(self, c, listener, id_=1):
        """A query over a new connection; what the connection says of itself."""
        number, _ = c.send("tls", query(id_=id_))
        with listener.accept() as connection:
            s = connection.socket
            facts = s.version(), s.selected_alpn_protocol(), s.session_reused
            connection.send(response(connection.message()))
            self.assertEqual(id_of(c.await_reply(number)), id_)
        harness.await_("its end is seen", lambda: c.stat()["tls"][0] == 0)
        return facts

    def refused(self, c, listener):
        """A query whose handshake fails; why."""
        number, _ = c.send("tls", query())
        try:
            listener.accept().close()
        except (ssl.SSLError, OSError):
            pass
        return c.await_error(number, "handshake")

    def test_name(self):
        """FW-20: the certificate has the upstream's name; ALPN says "dot" """
        names = []
        listener = self.listen()
        listener.context.sni_callback = lambda s, name, context: names.append(name)
        c = self.carry(listener)
        self.assertEqual(self.exchange(c, listener)[:2], ("TLSv1.3", "dot"))
        self.assertEqual(names, ["dns.example"])

    def test_address(self):
        """FW-20: without a name the certificate must have the address"""
        listener = self.listen()
        c = self.carry(listener, name=None)
        self.exchange(c, listener)

    def test_versions(self):
        """FW-20: TLS 1.2 is spoken"""
        listener = self.listen(version=ssl.TLSVersion.TLSv1_2)
        c = self.carry(listener)
        self.assertEqual(self.exchange(c, listener)[0], "TLSv1.2")

    def test_old_version(self):
        """FW-20: TLS 1.1 is not"""
        listener = self.listen()
        listener.context.minimum_version = ssl.TLSVersion.TLSv1
        listener.context.maximum_version = ssl.TLSVersion.TLSv1_1
        c = self.carry(listener)
        self.assertIn("protocol version", self.refused(c, listener))

    def test_pipelining(self):
        """FW-19: queries share a TLS connection, replies come in any order"""
        listener = self.listen()
        c = self.carry(listener)
        sent = c.send_all("tls", [query(f"n{i}.example.", 7) for i in range(64)])
        with listener.accept() as connection:
            got = [response(connection.message()) for _ in sent]
            got[10] += b"\0" * (65535 - len(got[10]))
            connection.send(*reversed(got))
            for number, _ in reversed(sent):
                c.await_reply(number)
        self.assertEqual(c.stat()["tls"][1], 1)

    def test_wrong_name(self):
        """FW-20: a certificate of another name"""
        pair = self.ca.issue("other.example", "subjectAltName=DNS:other.example")
        listener = self.listen(pair)
        self.assertEqual(self.refused(self.carry(listener), listener), "tls: hostname mismatch")

    def test_wrong_address(self):
        """FW-20: a certificate of another address"""
        pair = self.ca.issue("address", "subjectAltName=IP:127.0.0.9")
        listener = self.listen(pair)
        self.assertEqual(self.refused(self.carry(listener, name=None), listener),
                         "tls: IP address mismatch")

    def test_unknown_ca(self):
        """FW-20: a certificate that a stranger signed"""
        stranger = Authority(os.path.join(self.directory, "stranger"), "stranger")
        listener = self.listen(stranger.issue("dns.example", "subjectAltName=DNS:dns.example"))
        self.assertEqual(self.refused(self.carry(listener), listener),
                         "tls: unable to get local issuer certificate")

    def test_self_signed(self):
        """FW-20: a certificate that nobody else signed"""
        cert, key = (os.path.join(self.directory, "self" + e) for e in (".crt", ".key"))
        openssl("req", "-x509", *KEY, "-keyout", key, "-out", cert, "-days", "2",
                "-subj", "/CN=dns.example", "-addext", "subjectAltName=DNS:dns.example")
        listener = self.listen((cert, key))
        self.assertIn(self.refused(self.carry(listener), listener),
                      ("tls: self-signed certificate", "tls: self signed certificate"))

    def test_expired(self):
        """FW-20: a certificate that has expired"""
        cert, key = self.ca.issue("expired")
        old = os.path.join(self.directory, "expired.crt")
        more = write(os.path.join(self.directory, "expired.cnf"), f"""
[ca]
default_ca = x
[x]
database = {self.directory}/index
serial = {self.directory}/serial
new_certs_dir = {self.directory}
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = supplied
[e]
subjectAltName = DNS:dns.example
""")
        write(os.path.join(self.directory, "index"), "")
        write(os.path.join(self.directory, "serial"), "77\n")
        openssl("ca", "-batch", "-config", more, "-in", self.ca.path("expired.csr"), "-cert",
                self.ca.cert, "-keyfile", self.ca.key, "-out", old, "-notext",
                "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
        listener = self.listen((old, key))
        self.assertEqual(self.refused(self.carry(listener), listener),
                         "tls: certificate has expired")

    def test_no_tls(self):
        """FW-20: a peer that speaks something else"""
        with Listener() as listener:
            c = self.carry(listener)
            number, _ = c.send("tls", query())
            with listener.accept() as connection:
                connection.socket.sendall(b"220 hello\r\n")
                self.assertIn("tls: ", c.await_error(number, "handshake"))

    def test_closes_in_handshake(self):
        """FW-20: a peer that closes in the handshake: no silent retry"""
        with Listener() as listener:
            c = self.carry(listener)
            number, _ = c.send("tls", query())
            listener.accept().close()
            c.await_error(number, "handshake")
            self.assertFalse(listener.waiting(0.1))

    def test_stuck_handshake(self):
        """FW-18: a handshake that does not end is given up after 3 s"""
        with Listener() as listener:
            c = self.carry(listener)
            number, _ = c.send("tls", query())
            with listener.accept():
                self.assertEqual(c.await_error(number, "network"), "no connection in time")

    def test_peer_closes(self):
        """FW-19: a TLS connection that the upstream closed: one silent retry"""
        listener = self.listen()
        c = self.carry(listener)
        number, _ = c.send("tls", query(id_=3))
        with listener.accept() as connection:
            connection.message()
        with listener.accept() as connection:
            connection.send(response(connection.message()))
            self.assertEqual(id_of(c.await_reply(number)), 3)

    def test_resumption(self):
        """FW-19: the next connection resumes, with TLS 1.3 and 1.2"""
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            with self.subTest(version.name):
                listener = self.listen(version=version)
                c = self.carry(listener)
                facts = [self.exchange(c, listener)[2] for _ in range(3)]
                self.assertEqual(facts, [False, True, True])

    def test_client_certificate(self):
        """FW-20: a client certificate, where the upstream wants one"""
        cert, key = self.ca.issue("us", "", usage="clientAuth")
        listener = self.listen()
        listener.context.verify_mode = ssl.CERT_REQUIRED
        listener.context.load_verify_locations(self.ca.cert)
        self.exchange(self.carry(listener, cert=cert, key=key), listener)

    def replaced(self, path, text):
        harness.write_whole(path, text)

    def test_new_ca(self):
        """FW-20: a CA file that changes is read, and nothing from before is resumed"""
        path = write(os.path.join(self.directory, "changes.crt"), self.ca.text())
        listener = self.listen()
        c = self.carry(listener, ca=path)
        self.exchange(c, listener)
        stranger = Authority(os.path.join(self.directory, "next"), "next")
        self.replaced(path, stranger.text())
        harness.await_("it is read", lambda: any("read again" in line for line in c.log))
        self.assertEqual(self.refused(c, listener),
                         "tls: unable to get local issuer certificate")
        self.replaced(path, self.ca.text() + stranger.text())
        harness.await_("and again", lambda: sum("read again" in line for line in c.log) == 2)
        self.assertFalse(self.exchange(c, listener)[2])

    def test_bad_file(self):
        """FW-20: a file that cannot be used leaves the one before in force, and is logged"""
        path = write(os.path.join(self.directory, "breaks.crt"), self.ca.text())
        listener = self.listen()
        c = self.carry(listener, ca=path)
        self.replaced(path, "no certificate\n")
        harness.await_("the log", lambda: any("kept=yes" in line for line in c.log))
        self.exchange(c, listener)

    def test_no_file(self):
        """FW-20: without a usable CA there is no connection, until there is one"""
        path = os.path.join(self.directory, "comes.crt")
        listener = self.listen()
        c = self.carry(listener, ca=path)
        number, _ = c.send("tls", query())
        listener.accept_raw()[0].close()
        self.assertIn("tls ca: ", c.await_error(number, "handshake"))
        self.replaced(path, self.ca.text())

        def good():
            number, _ = c.send("tls", query(id_=9))
            try:
                with listener.accept() as connection:
                    connection.send(response(connection.message()))
            except (ssl.SSLError, EOFError, OSError):
                pass
            return c.line()[0] == "reply"

        harness.await_("the file is read", good)


if __name__ == "__main__":
    unittest.main()
