"""Listeners of every kind (FE-80), asked from another machine: a namespace behind a veth pair.

The server has two links, d0 and e0, to its one client, with the same link-local address on
both.
"""

import contextlib
import os
import socket
import subprocess
import time
import unittest

import dns.message
import dns.query

import harness
from test_listen import inside

NAME = "svc-001.shop.svc.cluster.local."
WILDCARDS = ["0.0.0.0:53", "[::]:53"]
GLOBAL = ["10.1.0.1", "10.1.0.2", "192.0.2.7", "2001:db8::1", "2001:db8::2"]
SCOPED = ["fe80::1%d1", "fe80::2%d1", "fe80::1%e1"]

SERVER = """
ip link set lo up &&
for d in d e; do
	ip link add ${d}0 type veth peer name ${d}1 netns $1 &&
	ip link set ${d}0 addrgenmode none && ip link set ${d}0 up || exit
done &&
for a in 10.1.0.1/24 10.1.0.2/24 192.0.2.7/32; do
	ip addr add $a dev d0 || exit
done &&
for a in 2001:db8::1/64 2001:db8::2/64 fe80::1/64 fe80::2/64; do
	ip addr add $a dev d0 nodad || exit
done &&
ip addr add fe80::1/64 dev e0 nodad &&
shift """

NO_IPV6 = "for d in lo d0 e0; do echo 1 >/proc/sys/net/ipv6/conf/$d/disable_ipv6 || exit; done"

CLIENT = """
for d in d1 e1; do
	ip link set $d addrgenmode none && ip link set $d up &&
	ip addr add fe80::100/64 dev $d nodad || exit
done &&
ip addr add 10.1.0.100/24 dev d1 && ip addr add 2001:db8::100/64 dev d1 nodad &&
ip route add default via 10.1.0.1 && ip route add 2001:db8:1::/64 via 2001:db8::1 """


class Pair(harness.Appliance):
    """An appliance in one namespace; questions come from another."""

    def __init__(self, listen, first="true", last="true"):
        self.client = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "ip link set lo up; echo; read _"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.client.stdout.readline()
        super().__init__(harness.cluster(3), listen=listen, wrap=[
            "unshare", "-n", "sh", "-c", f'{first} && {SERVER} && {last} && exec "$@"', "sh",
            str(self.client.pid)])

    def start(self):
        self.spawn()
        harness.await_("the links", lambda: self.log_lines("supervisor: ready"))
        self.run(CLIENT)
        self.await_ready()

    def end(self):
        """Both processes, whatever has happened."""
        self.stop(check=False)
        self.client.communicate()

    def run(self, script, pid=None):
        """In the client's namespace, or that of `pid`."""
        subprocess.run(["nsenter", "-t", str(pid or self.client.pid), "-n", "sh", "-c", script],
                       check=True)

    def here(self, script):
        """In the server's namespace."""
        self.run(script, self.pid)

    def ask(self, name, type_, timeout_s=2.0, **options):
        for at in self.listen:
            host, _, port = at.rpartition(":")
            host = {"0.0.0.0": "10.1.0.1", "[::]": "2001:db8::1"}.get(host, host.strip("[]"))
            host = host.replace("%d0", "%d1").replace("%e0", "%e1")
        return self.exchange(host, name, type_, timeout_s, int(port))[0]

    def exchange(self, server, name=NAME, type_="A", timeout_s=2.0, port=53):
        """(reply, address that it came from) of a question asked by the client."""
        with inside(self.client.pid):
            family, _, _, _, peer = socket.getaddrinfo(
                server, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
            s = socket.socket(family, socket.SOCK_DGRAM)
            with s:
                s.settimeout(timeout_s)
                query = dns.message.make_query(name, type_)
                s.sendto(query.to_wire(), peer)
                try:
                    octets, source = s.recvfrom(4096)
                except socket.timeout:
                    raise dns.exception.Timeout from None
                address = socket.getnameinfo(source, socket.NI_NUMERICHOST)[0]
                assert source[1] == port
        reply = dns.message.from_wire(octets)
        assert query.is_response(reply)
        return reply, address

    def stream(self, server, port=53, timeout_s=2.0):
        """The reply to a question over TCP."""
        with inside(self.client.pid):
            family, _, _, _, peer = socket.getaddrinfo(
                server, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
            s = socket.socket(family, socket.SOCK_STREAM)
        with s:
            s.settimeout(timeout_s)
            s.connect(peer)
            query = dns.message.make_query(NAME, "A")
            dns.query.send_tcp(s, query)
            reply, _ = dns.query.receive_tcp(s, time.time() + timeout_s)
        assert query.is_response(reply)
        return reply

    def sources(self, server, port=53, times=8):
        """Where the replies to many questions came from; each of them is right."""
        out = set()
        reply = self.stream(server, port)
        assert harness.outcome(reply) == ("NOERROR", ["10.96.1.1"])
        for _ in range(times):
            reply, source = self.exchange(server, port=port)
            assert harness.outcome(reply) == ("NOERROR", ["10.96.1.1"])
            out.add(source)
        return out

    def udp(self, family=""):
        with open(f"/proc/{self.pid}/net/udp{family}") as f:
            return f.read()


class Addresses(unittest.TestCase):
    def setUp(self):
        harness.need_root()
        harness.need_namespace()
        harness.need("nsenter")

    @contextlib.contextmanager
    def pair(self, listen, **options):
        pair = Pair(listen, **options)
        try:
            with pair:
                yield pair
        finally:
            pair.end()

    def check_served(self, pair, *addresses, port=53):
        for address in addresses:
            with self.subTest(address, port=port):
                self.assertEqual(pair.sources(address, port), {address})

    def check_silent(self, pair, *addresses, port=53):
        for address in addresses:
            with self.subTest(address, port=port):
                with self.assertRaises((OSError, dns.exception.Timeout)):
                    pair.exchange(address, timeout_s=0.3, port=port)
                with self.assertRaises(OSError):
                    pair.stream(address, port, timeout_s=0.3)

    def test_wildcards(self):
        """both families at one port: replies leave from the address and the link asked"""
        with self.pair(WILDCARDS) as pair:
            self.check_served(pair, *GLOBAL, *SCOPED)

    def test_ipv6_alone(self):
        """[::] is IPv6 and nothing else: another program may have the port over IPv4"""
        with self.pair(["[::]:53"]) as pair:
            self.check_served(pair, *GLOBAL[3:], *SCOPED)
            self.check_silent(pair, *GLOBAL[:3])
            with inside(pair.pid):
                other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with other:
                other.bind(("0.0.0.0", 53))
            self.check_silent(pair, "10.1.0.1")

    def test_ipv4_alone(self):
        with self.pair(["0.0.0.0:53"]) as pair:
            self.check_served(pair, *GLOBAL[:3])
            self.check_silent(pair, *GLOBAL[3:], *SCOPED)

    def test_no_ipv6(self):
        """both wildcards where the machine has no IPv6: IPv4 is served"""
        with self.pair(["[::]:53", "0.0.0.0:53"], last=NO_IPV6) as pair:
            self.assertEqual(pair.log_lines("^error"), [])
            self.check_served(pair, *GLOBAL[:3])
            self.check_silent(pair, *GLOBAL[3:])

    def test_link_local(self):
        """one link's address: not the others of it, not the same one of the other link"""
        with self.pair(["[fe80::1%d0]:53"]) as pair:
            self.check_served(pair, "fe80::1%d1")
            self.check_silent(pair, "fe80::1%e1", "fe80::2%d1", "2001:db8::1", "10.1.0.1")

    def test_link_local_of_two_links(self):
        """the same address of two links, each by its scope"""
        with self.pair(["[fe80::1%d0]:53", "[fe80::1%e0]:53"]) as pair:
            self.check_served(pair, "fe80::1%d1", "fe80::1%e1")
            self.check_silent(pair, "fe80::2%d1")

    def test_several(self):
        """several addresses and ports of both families"""
        with self.pair(["10.1.0.2:53", "10.1.0.2:5353", "[2001:db8::1]:5353",
                        "[fe80::2%d0]:53"]) as pair:
            self.check_served(pair, "10.1.0.2", "fe80::2%d1")
            self.check_served(pair, "10.1.0.2", "2001:db8::1", port=5353)
            self.check_silent(pair, "10.1.0.1", "2001:db8::1", "fe80::1%d1")
            self.check_silent(pair, "10.1.0.1", "fe80::2%d1", port=5353)

    def test_wildcard_and_specific(self):
        """wildcards beside addresses, of the other family or at another port"""
        with self.pair(["10.1.0.2:53", "[::]:53", "0.0.0.0:5353", "[fe80::1%d0]:5353"]) as pair:
            self.check_served(pair, "10.1.0.2", *GLOBAL[3:], *SCOPED)
            self.check_served(pair, *GLOBAL[:3], "fe80::1%d1", port=5353)
            self.check_silent(pair, "10.1.0.1")
            self.check_silent(pair, "2001:db8::1", "fe80::1%e1", port=5353)

    def test_more_than_sockets(self):
        """more addresses than sockets: the rest are served by the catch-all, from the same"""
        many = "\n".join(f"addr add 2001:db8:1::{i:x}/128 dev lo nodad" for i in range(1, 141))
        with self.pair(WILDCARDS, first=f"ip -batch - <<END\n{many}\nEND\ntrue") as pair:
            self.assertTrue(pair.log_lines("many addresses: the rest go to the catch-all"))
            bound = pair.udp("6")
            self.assertNotIn("000080FE" + 16 * "0" + "01000000:0035", bound)
            self.check_served(pair, *GLOBAL, *SCOPED, "2001:db8:1::1", "2001:db8:1::8c")

    def test_routed_here(self):
        """an address that is this machine's by a route alone"""
        with self.pair(WILDCARDS) as pair:
            pair.here("ip route add local 10.77.0.0/16 dev lo")
            self.check_served(pair, "10.77.1.2", "10.77.3.4")

    def test_scoped_comes_and_goes(self):
        """link-local addresses added and removed while it runs; nobody is replaced"""
        with self.pair(WILDCARDS) as pair:
            workers = pair.worker_pids
            text = "000080FE" + 16 * "0" + "77000000:0035"
            for _ in range(2):
                pair.here("ip addr add fe80::77/64 dev e0 nodad")
                self.check_served(pair, "fe80::77%e1")
                harness.await_("its sockets", lambda: text in pair.udp("6"))
                self.check_served(pair, "fe80::77%e1", "fe80::1%e1")
                pair.here("ip addr del fe80::77/64 dev e0")
                harness.await_("their end", lambda: text not in pair.udp("6"))
            self.check_silent(pair, "fe80::77%e1")
            self.check_served(pair, *GLOBAL, *SCOPED)
            self.assertEqual(pair.worker_pids, workers)

    def test_link_comes_and_goes(self):
        """a link is taken away and comes back under its name: its addresses are served again"""
        with self.pair(WILDCARDS) as pair:
            workers = pair.worker_pids
            self.check_served(pair, "fe80::1%e1")
            for _ in range(2):
                pair.here("ip link del e0")
                self.check_served(pair, *GLOBAL, *SCOPED[:2])
                pair.here(f"ip link add e0 type veth peer name e1 netns {pair.client.pid} &&"
                          "ip link set e0 addrgenmode none && ip link set e0 up &&"
                          "ip addr add fe80::1/64 dev e0 nodad")
                pair.run("ip link set e1 addrgenmode none && ip link set e1 up &&"
                         "ip addr add fe80::100/64 dev e1 nodad")
                self.check_served(pair, "fe80::1%e1")
            self.check_served(pair, *GLOBAL, *SCOPED)
            self.assertEqual(pair.worker_pids, workers)
