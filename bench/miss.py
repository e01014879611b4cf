#!/usr/bin/python3
"""Misses: CPU per forwarded miss beside a bare relay and other servers; cache hits beside hits
of the table; what misses do to the answers of cluster names.

    bench/miss.py --build DIR [--rounds 7] [--only misses,hits,tails] [--json FILE]

Prints Markdown. Servers that are not installed are left out. What is measured, and why so,
stands in bench/README.md.
"""

import argparse
import contextlib
import glob
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.path.dirname(HERE), "tests")
sys.path[:0] = [HERE, os.path.join(TESTS, "forward"), os.path.join(TESTS, "system")]
sys.dont_write_bytecode = True

import run as yardstick  # noqa: E402

HOST = "127.0.0.1"
UPSTREAM, FIRST = 15400, 15401
ADDRESS = "192.0.2.1"  # that bench/relay gives to every name
RELAY, OURS = "relay, fresh sockets", "shmdns"


class Program:
    """A server that is one process. `policy` says how its queries leave."""

    def __init__(self, bench, port, policy, command, env=None):
        self.target, self.policy = f"{HOST}:{port}", policy
        self.process = subprocess.Popen(
            bench.net.server + command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})}, cwd=bench.directory)

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Shmdns:
    """All processes of an appliance with one worker; their CPU time counts together."""

    policy = "fresh socket"

    def __init__(self, bench, port, **settings):
        import lab
        self.target = f"{HOST}:{port}"
        self.appliance = lab.Forwarding(
            lab.group(f"{HOST}:{UPSTREAM}", max_concurrent=0, **settings.pop("group", {})),
            objects=settings.pop("objects", bench.harness.cluster()), workers=1,
            listen=[self.target], wrap=bench.net.server, **settings)
        self.appliance.port = port
        self.appliance.start()

    def pids(self):
        return [self.appliance.pid, *self.appliance.worker_pids, *self.appliance.forwarder_pids,
                self.appliance.controller_pid]

    def stop(self):
        self.appliance.__exit__(None, None, None)


def find(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def unbound(bench, port):
    path = os.path.join(bench.directory, "unbound.conf")
    with open(path, "w") as f:
        f.write(f"""server:
    interface: {HOST}@{port}
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: "/dev/null"
    do-daemonize: no
    num-threads: 1
    outgoing-range: 4096
    num-queries-per-thread: 4096
    so-rcvbuf: 4m
    do-not-query-localhost: no
    module-config: "iterator"
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: {HOST}@{UPSTREAM}
""")
    return Program(bench, port, "fresh socket", [find("unbound"), "-d", "-c", path])


def dnsdist(bench, port):
    path = os.path.join(bench.directory, "dnsdist.conf")
    with open(path, "w") as f:
        f.write(f"""setLocal("{HOST}:{port}")
newServer({{address="{HOST}:{UPSTREAM}", sockets=1}}):setUp()
pc = newPacketCache(100000)
getPool(""):setCache(pc)
""")
    return Program(bench, port, "kept sockets",
                   [find("dnsdist"), "--supervised", "--disable-syslog", "-C", path])


def dnsmasq(bench, port):
    return Program(bench, port, "fresh socket", [
        find("dnsmasq"), "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", f"--port={port}",
        f"--listen-address={HOST}", "--bind-interfaces", f"--server={HOST}#{UPSTREAM}",
        "--dns-forward-max=10000", "--pid-file=", "--user=" + bench.user])


def coredns(bench, port):
    path = os.path.join(bench.directory, "Corefile")
    with open(path, "w") as f:
        f.write(f".:{port} {{\n bind {HOST}\n forward . {HOST}:{UPSTREAM}\n cache 30\n}}\n")
    return Program(bench, port, "kept sockets", [bench.coredns, "-conf", path],
                   {"GOMAXPROCS": "1"})


def relay(*options):
    def begin(bench, port):
        return Program(bench, port, "kept socket" if options else "fresh socket",
                       [bench.harness.program("bench/relay"), "-l", f"{HOST}:{port}",
                        "-u", f"{HOST}:{UPSTREAM}", *options])
    return begin


class Bench:
    def __init__(self, harness, net, options):
        self.harness, self.net, self.options = harness, net, options
        self.directory = tempfile.mkdtemp(prefix="shmdns-bench-")
        import pwd
        self.user = pwd.getpwuid(os.getuid()).pw_name
        built = sorted(glob.glob(os.path.join(
            os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
            "shmdns/cluster/*/coredns")))
        self.coredns = built[-1] if built else None
        self.ports = iter(range(FIRST, FIRST + 100))
        self.labels = iter(range(10**6))
        self.dropped = 0

    def servers(self):
        """{name: function(bench, port)} of those that are here."""
        out = {RELAY: relay(), "relay, kept socket": relay("-k"),
               OURS: lambda bench, port: Shmdns(bench, port)}
        peers = {"Unbound": (unbound, find("unbound")), "dnsdist": (dnsdist, find("dnsdist")),
                 "dnsmasq": (dnsmasq, find("dnsmasq")), "CoreDNS": (coredns, self.coredns)}
        out.update({name: begin for name, (begin, there) in peers.items() if there})
        return out

    def fresh_names(self, count):
        """A file of names that nobody was asked for yet."""
        label = f"{next(self.labels):06d}"
        path = os.path.join(self.directory, "names")
        with open(path, "w") as f:
            f.writelines(f"n{i:06d}.{label}.example. A\n" for i in range(count))
        return path, f"{label}.example."

    def gen(self, mode, target, path, *more):
        out = subprocess.run(self.net.client + [self.harness.program("bench/gen"), mode,
                                                "-s", target, "-f", path, *map(str, more)],
                             capture_output=True, text=True)
        assert out.stdout.startswith("{"), out.stderr
        return json.loads(out.stdout)

    def measured(self, server, act):
        """(CPU ns of the server, report) of act(); again where others used the machine."""
        for _ in range(5):
            began, machine = yardstick.time.monotonic(), yardstick.machine_ns()
            used = sum(map(yardstick.cpu_ns, server.pids()))
            mine = yardstick.time.process_time_ns() + yardstick.children_ns()
            beside = yardstick.cpu_ns(self.upstream.pid)
            report = act()
            used = sum(map(yardstick.cpu_ns, server.pids())) - used
            mine = yardstick.time.process_time_ns() + yardstick.children_ns() - mine
            beside = yardstick.cpu_ns(self.upstream.pid) - beside
            took = (yardstick.time.monotonic() - began) * 1e9 * os.cpu_count()
            if yardstick.machine_ns() - machine - used - mine - beside < 0.08 * took:
                break
            self.dropped += 1
        return used, report

    def check(self, server, zone):
        """Some more fresh names, decoded by dnspython."""
        host, port = server.target.split(":")
        for i in range(5):
            reply = self.harness.ask(host, f"x{i}.{zone}", "A", 5, int(port))
            assert self.harness.outcome(reply) == ("NOERROR", [ADDRESS]), reply

    def miss(self, server, rate):
        """(CPU ns per answered miss, report) of a burst."""
        def burst():  # one that is repeated asks other names, or they would be hits
            path, self.zone = self.fresh_names(int(rate * self.options.seconds) + 1)
            return self.gen(
                "paced", server.target, path, "-r", rate, "-t", self.options.seconds)

        used, report = self.measured(server, burst)
        self.check(server, self.zone)
        return used / max(report["answered"], 1), report

    @contextlib.contextmanager
    def running_upstream(self):
        self.upstream = subprocess.Popen(self.net.client + [
            self.harness.program("bench/relay"), "-l", f"{HOST}:{UPSTREAM}"])
        try:
            yield
        finally:
            self.upstream.terminate()
            self.upstream.wait()
            shutil.rmtree(self.directory, ignore_errors=True)


def await_server(bench, server):
    def answers():
        with contextlib.suppress(Exception):
            bench.check(server, f"{next(bench.labels):06d}.example.")
            return True
        return False

    bench.harness.await_(server.target, answers, every_s=0.1)


# ---- misses ----


def misses(bench):
    rounds = []  # {(server, rate): (ns, report)}
    policies = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, begin in bench.servers().items():
            servers[name] = begin(bench, next(bench.ports))
            stack.callback(servers[name].stop)
            policies[name] = servers[name].policy
            await_server(bench, servers[name])
        for r in range(bench.options.rounds):
            bursts = [(name, rate) for name in servers for rate in bench.options.rates]
            random.shuffle(bursts)
            rounds.append({key: bench.miss(servers[key[0]], key[1]) for key in bursts})
            print(f"misses: round {r + 1} of {bench.options.rounds}", file=sys.stderr)
    out = ["| misses per second | server | queries leave by | CPU us per miss "
           "| ratio to the relay | p50 us | p99 us | lost |", "|---|---|---|---|---|---|---|---|"]
    for rate in bench.options.rates:
        for name in policies:
            ns = [r[name, rate][0] for r in rounds]
            ratio = [r[name, rate][0] / r[RELAY, rate][0] for r in rounds]
            reports = [r[name, rate][1] for r in rounds]
            lost = sum(x["lost"] for x in reports) / max(sum(x["sent"] for x in reports), 1)
            out.append(f"| {rate:,} | {name} | {policies[name]} | "
                       f"{yardstick.spread([v / 1e3 for v in ns], 1)} | "
                       f"{yardstick.spread(ratio, 2)} | "
                       f"{statistics.median(x['p50_us'] for x in reports):.0f} | "
                       f"{statistics.median(x['p99_us'] for x in reports):.0f} | {lost:.2%} |")
    return "\n".join(out), [{f"{n} {rate}": v for (n, rate), v in r.items()} for r in rounds]


# ---- hits of the cache ----


def hits(bench, count=1000):
    """Names of one length: in the table, and in the cache."""
    services = 10000
    objects = subprocess.run([bench.harness.program("shmdnsctl"), "gen", "--services",
                              str(services), "--endpoints", "0"], capture_output=True, text=True,
                             check=True).stdout
    near = [q[0] for q in yardstick.questions("hit", services, count)]
    zone = near[0].split(".", 1)[1]
    far = [n.split(".")[0] + ".ns-0.far." + "x" * (len(zone) - len("ns-0.far..net.")) + ".net."
           for n in near]
    assert {len(n) for n in near} == {len(n) for n in far}
    paths = {}
    for kind, names in (("table", near), ("cache", far)):
        paths[kind] = os.path.join(bench.directory, kind)
        with open(paths[kind], "w") as f:
            f.writelines(f"{n} A\n" for n in names)
    rounds = []
    server = Shmdns(bench, next(bench.ports), objects=objects, cache={"max_ttl": "1h"})
    worker = type("Worker", (), {"pids": staticmethod(
        lambda: server.appliance.worker_pids + server.appliance.forwarder_pids)})
    try:
        for kind, path in paths.items():
            report = bench.gen("paced", server.target, path, "-r", 2000, "-t", 1)
            assert report["lost"] == 0, report
        reply = server.appliance.query(far[0])
        assert reply.rdatas == [ADDRESS], reply
        for r in range(bench.options.rounds):
            one = {}
            for kind in random.sample(list(paths), 2):
                used, report = bench.measured(worker, lambda kind=kind: bench.gen(
                    "flood", server.target, paths[kind], "-t", bench.options.seconds, "-F"))
                one[kind] = used / max(report["replies"], 1)
            rounds.append(one)
            print(f"hits: round {r + 1} of {bench.options.rounds}", file=sys.stderr)
    finally:
        server.stop()
    return "\n".join([
        "| saturated, one address | ns per answer |", "|---|---|",
        *[f"| {kind} hit | {yardstick.spread([r[kind] for r in rounds])} |" for kind in paths],
        "", "cache hit to table hit (throughput): "
        + yardstick.spread([r["table"] / r["cache"] for r in rounds], 3)]), rounds


# ---- tails ----


def tails(bench, rate=15000, miss_rate=5000):
    """Cluster names with and without misses beside them, by turns."""
    server = Shmdns(bench, next(bench.ports))
    path = os.path.join(bench.directory, "cluster")
    rounds = []
    try:
        appliance = server.appliance
        learnt = bench.harness.Load(appliance, bench.harness.cluster_questions()).file
        shutil.copy(learnt, path)
        for r in range(bench.options.rounds):
            one = {}
            for beside in random.sample(["alone", "with misses"], 2):
                other = None
                if beside != "alone":
                    names, _ = bench.fresh_names(int(miss_rate * (bench.options.seconds + 1)))
                    other = subprocess.Popen(bench.net.client + [
                        bench.harness.program("bench/gen"), "paced", "-s", server.target, "-f",
                        names, "-r", str(miss_rate), "-t", str(bench.options.seconds + 0.5)],
                        stdout=subprocess.DEVNULL)
                one[beside] = bench.gen("paced", server.target, path, "-r", rate, "-t",
                                        bench.options.seconds)
                if other is not None:
                    other.wait()
            rounds.append(one)
            print(f"tails: round {r + 1} of {bench.options.rounds}", file=sys.stderr)
    finally:
        server.stop()
    out = [f"| {rate:,} cluster names a second | p50 us | p99 us | lost | wrong |",
           "|---|---|---|---|---|"]
    for beside in ("alone", "with misses"):
        reports = [r[beside] for r in rounds]
        more = f", {miss_rate:,}/s" if beside != "alone" else ""
        out.append(f"| {beside}{more} | {yardstick.spread([x['p50_us'] for x in reports])} | "
                   f"{yardstick.spread([x['p99_us'] for x in reports])} | "
                   f"{sum(x['lost'] for x in reports)} | {sum(x['wrong'] for x in reports)} |")
    ratio = [r["with misses"]["p99_us"] / r["alone"]["p99_us"] for r in rounds]
    return "\n".join([*out, "", "p99 with misses to p99 alone: "
                      + yardstick.spread(ratio, 2)]), rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.getcwd())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rates", type=lambda s: [int(x) for x in s.split(",") if x],
                        default=[5000, 20000])
    parser.add_argument("--only", type=lambda s: s.split(","), default=["misses", "hits", "tails"])
    parser.add_argument("--json", help="write every round there")
    options = parser.parse_args()
    options.net, options.names = "loopback", 0
    os.environ["SHMDNS_BUILD"] = os.path.abspath(options.build)
    import harness
    kinds = {"misses": misses, "hits": hits, "tails": tails}
    with yardstick.Net("loopback") as net:
        bench = Bench(harness, net, options)
        with bench.running_upstream():
            found = {kind: kinds[kind](bench) for kind in options.only}
    about = yardstick.facts(options, bench.dropped)
    print(", ".join(f"{k} {v}" for k, v in about.items()) + "\n")
    print("\n\n".join(text for text, _ in found.values()))
    if options.json:
        with open(options.json, "w") as f:
            json.dump({**about, **{k: rounds for k, (_, rounds) in found.items()}}, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
