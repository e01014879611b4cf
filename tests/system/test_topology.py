"""loadbalance.prefer_topology with real clients: their addresses are loopback's (GS-05)."""

import os
import signal
import unittest

import dns.message
import dns.query

import harness

DB = "db.shop.svc.cluster.local."
ZONE = 'loadbalance = { prefer_topology = "zone"; };'
NODE = 'loadbalance = { prefer_topology = "node"; };'

EAST, WEST, UNKNOWN = "127.7.2.1", "127.7.2.2", "127.7.2.3"
IN_EAST, IN_WEST = {"127.7.1.1", "127.7.1.3"}, {"127.7.1.2", "127.7.1.4"}
PLACES = {"127.7.1.1": ("n1", "east"), "127.7.1.2": ("n2", "west"),
          "127.7.1.3": ("n3", "east"), "127.7.1.4": ("n4", "west")}


def placed(name, service, places, family="IPv4"):
    """An EndpointSlice whose endpoints say where they are."""
    s = harness.slice_(name, service, list(places))
    s["addressType"] = family
    for e in s["endpoints"]:
        node, zone = places[e["addresses"][0]]
        e["nodeName"], e["zone"] = node, zone
    return s


def objects(db=PLACES, **spec):
    return harness.object_list(harness.namespace("shop"),
                               harness.service("db", ip="None", **spec),
                               placed("db-1", "db", db))


def clients(east=("n1", "east"), west=("n4", "west")):
    """Another Service: its endpoints are those who ask."""
    return harness.object_list(
        harness.service("web", ip="10.96.0.7"),
        placed("web-1", "web", {EAST: east, WEST: west}),
        placed("web-2", "web", {"::1": ("n2", "west")}, "IPv6"))


class Topology(unittest.TestCase):
    def appliance(self, extra=ZONE, **options):
        a = harness.Appliance(objects(), extra=extra, **options)
        a.put("clients.json", clients())
        return a

    def addresses(self, a, source, tcp=False):
        query = dns.message.make_query(DB, "A")
        server = "::1" if source == "::1" else "127.0.0.1"
        method = dns.query.tcp if tcp else dns.query.udp
        reply = method(query, server, 2, a.port, source=source)
        self.assertEqual(len(reply.answer), 1)
        return [rr.to_text() for rr in reply.answer[0]]

    def firsts(self, a, source, tcp=False, asked=24):
        """What stood at the first place of many answers, all of them complete."""
        out = set()
        for _ in range(asked):
            got = self.addresses(a, source, tcp)
            self.assertEqual(sorted(got), sorted(PLACES))
            out.add(got[0])
        return out

    def check_near(self, a, source, near, tcp=False):
        """The near ones stand in front of the others, and take turns there."""
        for _ in range(24):
            got = self.addresses(a, source, tcp)
            self.assertEqual(set(got[:len(near)]), near)
            self.assertEqual(sorted(got), sorted(PLACES))
        self.assertEqual(self.firsts(a, source, tcp), near)

    def await_near(self, a, source, near):
        harness.await_(f"{near} first for {source}",
                       lambda: self.firsts(a, source) == near)
        self.check_near(a, source, near)

    def test_zone(self):
        """GS-05: over UDP and TCP, IPv4 and IPv6; who is not known gets the rotation"""
        with self.appliance() as a:
            for tcp in False, True:
                self.check_near(a, EAST, IN_EAST, tcp)
                self.check_near(a, WEST, IN_WEST, tcp)
                self.assertEqual(self.firsts(a, UNKNOWN, tcp, 64), set(PLACES))

    @unittest.skipUnless(harness.has_ipv6(), "no IPv6")
    def test_ipv6(self):
        """GS-05: an IPv6 client, and IPv4 addresses"""
        port = harness.free_port()
        a = self.appliance(listen=[f"127.0.0.1:{port}", f"[::1]:{port}"])
        a.port = port
        with a:
            self.check_near(a, "::1", IN_WEST)
            self.check_near(a, "::1", IN_WEST, tcp=True)

    def test_changes(self):
        """GS-05, GS-02: a client, then endpoints move: answers follow, the serial where data did"""
        def serial(a):
            return a.ask("cluster.local.", "SOA").answer[0][0].serial

        with self.appliance() as a:
            self.check_near(a, EAST, IN_EAST)
            before = serial(a)
            a.put("clients.json", clients(east=("n2", "west")))
            self.await_near(a, EAST, IN_WEST)
            self.assertEqual(serial(a), before)
            moved = {k: (node, "west" if zone == "east" else "east")
                     for k, (node, zone) in PLACES.items()}
            a.put("cluster.json", objects(moved))
            self.await_near(a, EAST, IN_EAST)
            # The client is gone: nobody knows where it is.
            os.unlink(os.path.join(a.objects, "clients.json"))
            harness.await_("the rotation alone",
                           lambda: self.firsts(a, EAST, asked=64) == set(PLACES))

    def test_reload(self):
        """GS-05: on, another way, and off by a reload; names and records stay the same"""
        def dumped(a):
            code, out, _ = a.ctl("dump", "-c", a.config)
            self.assertEqual(code, 0)
            return [line for line in out.splitlines()
                    if "\tSOA\t" not in line and "instance" not in line]

        with self.appliance(extra="") as a:
            names, records = a.status()["names"], dumped(a)
            self.assertEqual(self.firsts(a, WEST, asked=64), set(PLACES))
            for extra, near in ((ZONE, IN_WEST), (NODE, {"127.7.1.4"}), ("", set(PLACES))):
                a.extra = extra
                a.write_config()
                a.process.send_signal(signal.SIGHUP)
                harness.await_(f"order by {extra!r}",
                               lambda near=near: self.firsts(a, WEST, asked=64) == near)
                self.assertEqual(a.status()["names"], names)
                self.assertEqual(dumped(a), records)

    def test_traffic_distribution(self):
        """GS-05: a Service's own word instead of the setting"""
        with self.appliance() as a:
            self.check_near(a, WEST, IN_WEST)
            a.put("cluster.json", objects(trafficDistribution="PreferSameNode"))
            self.await_near(a, WEST, {"127.7.1.4"})
            self.assertEqual({self.addresses(a, WEST)[1] for _ in range(8)}, {"127.7.1.2"})
            a.put("cluster.json", objects(trafficDistribution="PreferClose"))
            self.await_near(a, WEST, IN_WEST)

    def test_controller_dies(self):
        """GS-05, G5: workers go on with the order that they have, the next one has it too"""
        with self.appliance() as a:
            pid = a.controller_pid
            generation = a.status()["generation"]
            os.kill(pid, signal.SIGKILL)
            self.check_near(a, EAST, IN_EAST)
            harness.await_("a new controller's generation", lambda: a.controller_pid not in
                           (None, pid) and a.status()["generation"] > generation)
            self.check_near(a, EAST, IN_EAST)
            self.check_near(a, WEST, IN_WEST)

    def test_no_allocation(self):
        """GS-05: no allocation between recvmmsg and sendmmsg with an order, too"""
        with self.appliance(workers=1, env=harness.noalloc()) as a:
            self.check_near(a, EAST, IN_EAST)
            harness.check_noalloc(a)

    def test_large(self):
        """GS-05, S-01, S-05: what is near is not what is cut, however many there are"""
        many = {f"127.8.{i // 250}.{1 + i % 250}": (f"n{i % 50}", "near" if i % 500 == 7 else "far")
                for i in range(5000)}
        slices = [placed(f"db-{k}", "db", dict(list(many.items())[k * 1000:(k + 1) * 1000]))
                  for k in range(5)]
        near = {address for address, (_, zone) in many.items() if zone == "near"}
        a = harness.Appliance(
            harness.object_list(harness.namespace("shop"), harness.service("db", ip="None"),
                                *slices), extra=ZONE)
        a.put("clients.json", clients(east=("n7", "near")))
        with a:
            # Five thousand do not fit into a message: the near ones among those that do.
            whole = self.addresses(a, EAST, tcp=True)
            stand = near & set(whole)
            self.assertGreater(len(whole), 4000)
            self.assertGreater(len(stand), 5)
            self.assertEqual(set(whole[:len(stand)]), stand)
            query = dns.message.make_query(DB, "A")
            for _ in range(8):
                reply = dns.query.udp(query, "127.0.0.1", 2, a.port, source=EAST)
                got = [rr.to_text() for rr in reply.answer[0]]
                self.assertEqual(set(got[:len(stand)]), stand)
