#!/usr/bin/python3
"""How long after a change in a real cluster its answer is right: here, and of CoreDNS beside.

    bench/api_latency.py --build DIR [--changes 1000] [--kills 10] [--json FILE]

One control plane (tests/cluster/control_plane.py), both servers watch it. After each change,
counted from the return of the API call, both are asked every 5 ms until the answer is right;
the order of the two within a round changes. Then the API server is killed (-9) and started
again: counted from its first "ready" until a Service that is made then is answered.
"""

import argparse
import json
import math
import os
import random
import select
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.path.dirname(HERE), "tests")
sys.path[:0] = [os.path.join(TESTS, name) for name in ("cluster", "system", "oracle")]
sys.dont_write_bytecode = True

EVERY_S = 0.005
PATIENCE_S = 120


class Poller:
    """Asks several servers for one name until each has given the right addresses."""

    def __init__(self, ports):
        self.sockets = {}
        for name, port in ports.items():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("127.0.0.1", port))
            s.setblocking(False)
            self.sockets[name] = s

    def close(self):
        for s in self.sockets.values():
            s.close()

    def measure(self, name, right, began):
        """{server: seconds from `began` until it answered so}."""
        import dns.message
        query = dns.message.make_query(name, "A")
        wire, done = query.to_wire(), {}
        tick = time.monotonic()
        while len(done) < len(self.sockets):
            if tick - began > PATIENCE_S:
                sys.exit(f"{name}: no right answer from "
                         f"{set(self.sockets) - set(done)} in {PATIENCE_S} s")
            left = [n for n in self.sockets if n not in done]
            random.shuffle(left)
            for server in left:
                self.sockets[server].send(wire)
            tick += EVERY_S
            self.receive(query, right, began, done, tick)
        return done

    def receive(self, query, right, began, done, until):
        while (wait := until - time.monotonic()) > 0:
            left = {s: n for n, s in self.sockets.items() if n not in done}
            for s in select.select(list(left), [], [], wait)[0]:
                at = time.monotonic()
                if self.addresses(s.recv(4096), query) == right:
                    done[left[s]] = at - began

    @staticmethod
    def addresses(wire, query):
        import dns.message
        import dns.rdatatype
        reply = dns.message.from_wire(wire)
        if reply.id != query.id:
            return None  # of the last change
        return sorted(r.to_text() for rrset in reply.answer for r in rrset
                      if rrset.rdtype == dns.rdatatype.A)


class Bench:
    NAMESPACE = "latency"

    def __init__(self, plane, poller):
        self.plane, self.api, self.poller = plane, plane.api, poller
        self.rows = {}

    def keep(self, what, results):
        for server in self.poller.sockets:
            times = sorted(r[server] for r in results)
            self.rows[f"{what}, {server}"] = {
                "n": len(times), "p50_ms": 1000 * quantile(times, 0.5),
                "p99_ms": 1000 * quantile(times, 0.99), "max_ms": 1000 * times[-1]}

    def service(self, name, **spec):
        return self.api.create({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": self.NAMESPACE},
            "spec": {"ports": [{"name": "http", "port": 80}], **spec}})

    def name(self, service):
        return f"{service}.{self.NAMESPACE}.svc.cluster.local."

    def new_service(self, name):
        ip = self.service(name)["spec"]["clusterIP"]
        return self.poller.measure(self.name(name), [ip], time.monotonic())

    def services(self, number):
        self.keep("new Service", [self.new_service(f"s-{i}") for i in range(number)])

    def slices(self, number):
        """An address comes, and the other goes: a removal waits, for it may be a move."""
        import harness
        self.service("db", clusterIP="None")
        obj = self.api.create(harness.slice_("db-1", "db", ["192.0.2.1"], self.NAMESPACE))
        former, added, removed = obj["endpoints"], [], []
        for i in range(number):
            address = f"192.0.2.{2 + i % 250}"
            new = [{"addresses": [address], "conditions": {"ready": True}}]
            for endpoints, results in ((former + new, added), (new, removed)):
                obj["endpoints"] = endpoints
                obj = self.api.replace(obj)
                right = sorted(e["addresses"][0] for e in endpoints)
                results.append(self.poller.measure(self.name("db"), right, time.monotonic()))
            former = new
        self.keep("address added", added)
        self.keep("address removed", removed)

    def kills(self, number):
        results = []
        for i in range(number):
            self.plane.kill_api()
            time.sleep(random.uniform(0, 5))  # anywhere in a back-off
            self.plane.restart_api()
            began = time.monotonic()
            ip = self.service(f"k-{i}")["spec"]["clusterIP"]
            results.append(self.poller.measure(self.name(f"k-{i}"), [ip], began))
        self.keep("after kill -9", results)

    def table(self):
        out = ["| what | n | p50 ms | p99 ms | max ms |", "|---|---|---|---|---|"]
        for what, r in self.rows.items():
            out.append(f"| {what} | {r['n']} | {r['p50_ms']:.1f} | {r['p99_ms']:.1f} | "
                       f"{r['max_ms']:.1f} |")
        return "\n".join(out)


def quantile(times, q):
    return times[min(len(times) - 1, math.ceil(q * len(times)) - 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.environ.get("SHMDNS_BUILD", os.getcwd()))
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--json")
    options = parser.parse_args()
    os.environ["SHMDNS_BUILD"] = os.path.abspath(options.build)

    from control_plane import COMPARED_USER, ControlPlane
    from coredns import CoreDns
    from fixture import Dns

    with ControlPlane() as plane:
        plane.api.create({"apiVersion": "v1", "kind": "Namespace",
                          "metadata": {"name": Bench.NAMESPACE}})
        with Dns(plane) as ours, CoreDns(plane, plane.kubeconfig(COMPARED_USER)) as theirs:
            poller = Poller({"shmdns": ours.port, "CoreDNS": theirs.port})
            bench = Bench(plane, poller)
            bench.services(options.changes)
            bench.slices(options.changes)
            bench.kills(options.kills)
            poller.close()
    print(bench.table())
    if options.json:
        with open(options.json, "w") as f:
            json.dump(bench.rows, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
