"""Replies leave from the address that was asked (FE-80)."""

import contextlib
import ctypes
import os
import socket
import subprocess
import time
import unittest

import dns.message

import harness

ADDRESSES = ["127.0.0.1", "10.1.0.1", "10.1.0.2", "192.0.2.7", "::1", "2001:db8::1", "2001:db8::2"]
PORT = 53
OWN_NET = ["unshare", "-n", "sh", "-c", """
ip link set lo up && ip link add d0 type veth peer name d1 &&
ip link set d0 up && ip link set d1 up &&
for a in 10.1.0.1/24 10.1.0.2/24 192.0.2.7/32 2001:db8::1/64 2001:db8::2/64; do
	ip addr add $a dev d0 $(case $a in *:*) echo nodad;; esac)
done && until ip -6 route get 2001:db8::2 | grep -q ^local
do sleep 0.02; done && exec "$@" """, "sh"]


@contextlib.contextmanager
def inside(pid):
    """Sockets that the block opens are in the network namespace of `pid`."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(here, 0)
        os.close(here)
        os.close(there)


class InNamespace(harness.Appliance):
    """An appliance with a network of its own."""

    def address(self):
        return "10.1.0.1"

    def ask(self, name, type_, server=None, timeout_s=2.0, **options):
        reply, source = self.ask_from(server or "10.1.0.1", name, type_, timeout_s)
        return reply

    def ask_from(self, server, name, type_, timeout_s=2.0):
        """(reply, the address that it came from)"""
        with inside(self.pid):
            s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET,
                              socket.SOCK_DGRAM)
        with s:
            s.settimeout(timeout_s)
            query = dns.message.make_query(name, type_)
            s.sendto(query.to_wire(), (server, PORT))
            try:
                octets, peer = s.recvfrom(4096)
            except socket.timeout:
                raise dns.exception.Timeout from None
            reply = dns.message.from_wire(octets)
            assert query.is_response(reply)
            return reply, peer[0]

    def ip(self, *arguments):
        subprocess.run(["nsenter", "-t", str(self.pid), "-n", "ip", *arguments], check=True)

    def sources(self, server, times=8):
        return {self.ask_from(server, "svc-001.shop.svc.cluster.local.", "A")[1]
                for _ in range(times)}


class Wildcard(unittest.TestCase):
    def setUp(self):
        harness.need_root()
        harness.need_namespace()
        harness.need("nsenter")

    def appliance(self, listen):
        return InNamespace(harness.cluster(3), listen=listen, wrap=OWN_NET)

    def test_reply_address(self):
        """a wildcard, both families: each reply leaves from the address that was asked"""
        with self.appliance(["0.0.0.0:53", "[::]:53"]) as a:
            for address in ADDRESSES:
                with self.subTest(address):
                    self.assertEqual(a.sources(address), {address})

    def test_addresses_come_and_go(self):
        """addresses added and removed while it runs; nobody is replaced"""
        with self.appliance(["0.0.0.0:53", "[::]:53"]) as a:
            workers = a.worker_pids
            a.ip("addr", "add", "10.1.0.77/24", "dev", "d0")
            a.ip("addr", "add", "2001:db8::77/64", "dev", "d0", "nodad")
            for address in ("10.1.0.77", "2001:db8::77"):
                self.assertEqual(a.sources(address), {address})
            harness.await_("sockets of the new address", lambda: self.bound(a, "10.1.0.77"))
            self.assertEqual(a.sources("10.1.0.77"), {"10.1.0.77"})
            a.ip("addr", "del", "10.1.0.77/24", "dev", "d0")
            harness.await_("their end", lambda: not self.bound(a, "10.1.0.77"))
            for address in ADDRESSES:
                self.assertEqual(a.sources(address), {address})
            a.ip("addr", "add", "10.1.0.77/24", "dev", "d0")
            self.assertEqual(a.sources("10.1.0.77"), {"10.1.0.77"})
            self.assertEqual(a.worker_pids, workers)

    def bound(self, a, address):
        hexed = socket.inet_aton(address)[::-1].hex().upper() + ":0035"
        with open(f"/proc/{a.pid}/net/udp") as f:
            return hexed in f.read()

    def test_specific(self):
        """named addresses only: the others are not served"""
        with self.appliance(["10.1.0.1:53", "[2001:db8::1]:53"]) as a:
            for address in ("10.1.0.1", "2001:db8::1"):
                self.assertEqual(a.sources(address), {address})
            with self.assertRaises((OSError, dns.exception.Timeout)):
                a.ask_from("10.1.0.2", "svc-001.shop.svc.cluster.local.", "A", 0.3)
