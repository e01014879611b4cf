"""What an appliance says before its objects are there, after they are gone, and after a
restart: Z-06, Z-07, Z-12, RU-01 to RU-05, GS-01, GS-02, RV-04.
"""

import contextlib
import os
import signal
import socket
import unittest

import dns.exception
import dns.message

import harness
from harness import namespace, service
from octets import opt, query
from transport import Udp
from want import Reply

ZONE = "cluster.local."
WEB = f"web.shop.svc.{ZONE}"
OWN = 'server_addresses = ["192.0.2.53"];'
OBJECTS = harness.object_list(namespace("shop"), service("web"))


def soa(zone, serial="*"):
    return f"{zone} 30 SOA ns.dns.{zone} hostmaster.{zone} {serial} 7200 1800 86400 30"


class Early(harness.Appliance):
    """An appliance whose objects never come: it is up when it answers at all."""

    def await_ready(self):
        def answers():
            assert self.alive(), self.tail()
            with contextlib.suppress(dns.exception.Timeout, OSError):
                return self.ask(ZONE, "SOA", timeout_s=0.5) is not None
        harness.await_("an answer", answers)


class NotComplete(unittest.TestCase):
    def test_before_the_objects(self):
        """Z-06, RU-02, RU-03, RU-04: SERVFAIL with the SOA and EDE 14, never NXDOMAIN"""
        with Early(workers=1, kubernetes=OWN + ' startup_timeout = "0s";') as a:
            os.rmdir(a.objects)
            a.stop()
            a.start()
            channel = Udp(a)
            self.addCleanup(channel.close)
            for packet, want in self.exchanges():
                with self.subTest(packet=packet.hex()):
                    want.check(self, packet, channel.exchange(packet), 1232)
            # The path comes to be: from then on the names are known (RU-01).
            os.mkdir(a.objects)
            a.put("cluster.json", OBJECTS)
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.0.1"])
            a.await_outcome("nope.shop.svc." + ZONE, "A", "NXDOMAIN")

    def exchanges(self):
        back = "in-addr.arpa."
        for name, type_ in ((WEB, "A"), (WEB, "SRV"), ("shop.svc." + ZONE, "A"),
                            ("foo." + ZONE, "TXT"), ("1-2-3-4.shop.pod." + ZONE, "A")):
            yield query(name, type_), Reply("SERVFAIL", (), [soa(ZONE)])
            yield query(name, type_, extra=opt()), Reply("SERVFAIL", (), [soa(ZONE)], ede=14)
        yield query("1.0.96.10." + back, "PTR"), Reply("SERVFAIL", (), [soa(back)])
        ours = f"ns.dns.{ZONE} 30 A 192.0.2.53"
        yield query(ZONE, "SOA"), Reply("NOERROR", [soa(ZONE)])
        yield (query(ZONE, "NS"),
               Reply("NOERROR", [f"{ZONE} 30 NS ns.dns.{ZONE}"], (), [ours]))
        yield query("ns.dns." + ZONE), Reply("NOERROR", [ours])
        yield (query("dns-version." + ZONE, "TXT"),
               Reply("NOERROR", [f'dns-version.{ZONE} 28800 TXT "1.1.0"']))
        for name in (ZONE, "svc." + ZONE, "pod." + ZONE, "dns." + ZONE):
            yield query(name, "TXT"), Reply("NOERROR", (), [soa(ZONE)])
        yield query("www.example.com."), Reply("REFUSED", aa=False)


class Gone(unittest.TestCase):
    def test_the_source_is_gone(self):
        """Z-07, RU-05: the objects vanish with their path: the last generation stays"""
        with harness.Appliance(OBJECTS, workers=1, kubernetes=OWN) as a:
            channel = Udp(a)
            self.addCleanup(channel.close)
            questions = [query(WEB), query("nope.shop.svc." + ZONE), query(ZONE, "SOA")]
            before = channel.exchange(*questions)
            os.rename(a.objects, a.objects + ".gone")
            a.await_log("source .*objects: No such file")
            self.assertEqual(channel.exchange(*questions), before)
            controller = a.controller_pid
            os.kill(controller, signal.SIGKILL)
            harness.await_("another controller",
                           lambda: len(a.log_lines("controller ready")) == 2)
            self.assertEqual(channel.exchange(*questions), before)
            os.rename(a.objects + ".gone", a.objects)


class Silent(harness.Appliance):
    """An appliance that is up when its processes are: it need not answer."""

    def await_ready(self):
        harness.await_("a worker", lambda: self.worker_pids)


class Patience(unittest.TestCase):
    def test_startup_timeout(self):
        """RO-18: queries of the first moments wait in their sockets for the objects"""
        with Silent(workers=1, kubernetes=OWN + ' startup_timeout = "60s";') as a:
            a.stop()
            os.rmdir(a.objects)
            a.start()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.connect(("127.0.0.1", a.port))
                s.settimeout(0.5)
                s.send(query(WEB, "A"))
                with self.assertRaises(TimeoutError):
                    s.recv(4096)
                os.mkdir(a.objects)
                a.put("cluster.json", OBJECTS)
                s.settimeout(harness.PATIENCE_S)
                reply = dns.message.from_wire(s.recv(4096))
            self.assertEqual(harness.outcome(reply), ("NOERROR", ["10.96.0.1"]))


class Serial(unittest.TestCase):
    def serial(self, a):
        reply = a.ask(ZONE, "SOA")
        return reply.answer[0][0].serial

    def test_never_down(self):
        """Z-12, GS-01, GS-02: up with each change, and over the death of a controller and a restart"""
        with harness.Appliance(OBJECTS, workers=1, kubernetes=OWN) as a:
            seen = [self.serial(a)]
            for i in range(5):
                ip = f"10.96.8.{i}"
                a.put("cluster.json", harness.object_list(
                    namespace("shop"), service("web", ip=ip)))
                a.await_outcome(WEB, "A", "NOERROR", [ip])
                seen.append(self.serial(a))
            controller = a.controller_pid
            os.kill(controller, signal.SIGKILL)
            harness.await_("another controller",
                           lambda: a.controller_pid not in (None, controller))
            a.put("cluster.json", OBJECTS)
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.0.1"])
            seen.append(self.serial(a))
            # A restart of all of it, with serials that have run ahead of the clock.
            a.stop()
            ahead = seen[-1] + 100_000
            with open(os.path.join(a.directory, "state", a.instance, "serial"), "r+") as f:
                self.assertEqual(int(f.read()), seen[-1])
                f.seek(0)
                f.write(f"{ahead}\n")
            a.start()
            seen.append(self.serial(a))
            self.assertGreater(seen[-1], ahead)
            self.assertEqual(seen, sorted(seen))
            self.assertEqual(len(set(seen[:6])), 6, "a change without a new serial")
            self.assertGreater(seen[6], seen[5])
