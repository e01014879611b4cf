#!/usr/bin/python3
"""Compares shmdns with an echo server in the same run: server CPU time per answer.

    bench/run.py --build DIR [--rounds 7] [--names 10000] [--net veth] [--json FILE]

Prints a Markdown table. What is measured, and why so, stands in bench/README.md.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "system"))
sys.dont_write_bytecode = True

PORT = 15300
OPT_OCTETS = 11

# What is asked, and what for the generator is told to ask it.
KINDS = {"hit": [], "hit with EDNS": ["-e"], "NXDOMAIN": [], "NODATA": []}
HIT = "shmdns, hit"
RECVMMSG, EPOLL = "echo, recvmmsg 32", "echo, epoll"


def cpu_ns(pid):
    """Run time of all threads of a process."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total


def machine_ns():
    """CPU time that all processes of the machine have used so far."""
    with open("/proc/stat") as f:
        fields = list(map(int, f.readline().split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) * 10**9 // os.sysconf("SC_CLK_TCK")


class Net:
    """Where server and generator stand: loopback, or two namespaces joined by a veth pair."""

    def __init__(self, kind):
        self.address = "127.0.0.1" if kind == "loopback" else "10.253.0.1"
        self.server, self.client = [], []
        self.names = []
        if kind == "veth":
            self.names = [f"shmdns-bench-{os.getpid()}-{side}" for side in "sc"]

    def __enter__(self):
        def ip(*arguments):
            subprocess.run(["ip", *arguments], check=True)

        for i, name in enumerate(self.names):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        if self.names:
            ip("-n", self.names[0], "link", "add", "b0", "type", "veth", "peer", "name", "b1",
               "netns", self.names[1])
            for i, name in enumerate(self.names):
                ip("-n", name, "addr", "add", f"10.253.0.{1 + i}/24", "dev", f"b{i}")
                ip("-n", name, "link", "set", f"b{i}", "up")
            self.server, self.client = [["ip", "netns", "exec", n] for n in self.names]
        if os.cpu_count() > 1:
            self.server = self.server + ["taskset", "-c", "0"]
            self.client = self.client + ["taskset", "-c", "1"]
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False)


class Echo:
    def __init__(self, harness, net, port, mode, extra):
        self.target = f"{net.address}:{port}"
        self.process = subprocess.Popen(
            net.server + [harness.program("bench/echo"), "-l", self.target, "-m", mode,
                          "-a", str(extra)], stdout=subprocess.DEVNULL)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


def questions(kind, names, count=1000):
    """(name, type, rcode, rdata) of `count` names of `shmdnsctl gen`, spread over all."""
    out = []
    for k in range(count):
        i = k * names // count
        zone = f"ns-{i % 10}.svc.cluster.local."
        if kind == "NXDOMAIN":
            out.append((f"nix-{i:06d}.{zone}", "A", "NXDOMAIN", []))
        elif kind == "NODATA":
            out.append((f"svc-{i:06d}.{zone}", "AAAA", "NOERROR", []))
        else:
            ip = f"10.{96 + i // 65536}.{i // 256 % 256}.{i % 256}"
            out.append((f"svc-{i:06d}.{zone}", "A", "NOERROR", [ip]))
    return out


class Shmdns:
    """One worker, whose CPU time counts; asked through bench/gen learn before it is measured."""

    def __init__(self, harness, net, names):
        self.target = f"{net.address}:{PORT}"
        objects = subprocess.run([harness.program("shmdnsctl"), "gen", "--services", str(names),
                                  "--endpoints", "0"], capture_output=True, text=True, check=True)
        self.appliance = harness.Appliance(objects.stdout, workers=1, listen=[self.target],
                                           wrap=net.server)
        self.appliance.spawn()
        harness.await_("a worker", lambda: self.appliance.worker_pids)
        self.pid = self.appliance.worker_pids[0]

    def stop(self):
        self.appliance.__exit__(None, None, None)


class Bench:
    def __init__(self, harness, net, options):
        self.harness, self.net, self.options = harness, net, options
        self.directory = tempfile.mkdtemp(prefix="shmdns-bench-")
        self.dropped = 0

    def gen(self, mode, target, file, *more):
        out = subprocess.run(self.net.client + [self.harness.program("bench/gen"), mode,
                                                "-s", target, "-f", file, *more],
                             capture_output=True, text=True, check=mode != "paced")
        return json.loads(out.stdout) if out.stdout else None

    def learn(self, server, kind, patience_s=60):
        """Ask 1,000 names, check the replies with dnspython; the file of expectations."""
        import dns.message
        asked = questions(kind, self.options.names)
        plain = os.path.join(self.directory, kind.replace(" ", "-"))
        with open(plain, "w") as f:
            f.writelines(f"{name} {type_}\n" for name, type_, _, _ in asked)
        end = time.monotonic() + patience_s
        while True:
            self.gen("learn", server.target, plain, "-o", plain + ".learnt", *KINDS[kind])
            with open(plain + ".learnt") as f:
                got = [self.harness.outcome(dns.message.from_wire(
                    b"\0\0" + bytes.fromhex(line.split()[2]))) for line in f]
            if got == [(rcode, rdata) for _, _, rcode, rdata in asked]:
                return plain, plain + ".learnt"
            assert time.monotonic() < end, "not the expected answers"

    def burst(self, server, file, mode, *more):
        """CPU ns per answer and the generator's report; again where others used the machine."""
        for _ in range(5):
            began, machine, used = time.monotonic(), machine_ns(), cpu_ns(server.pid)
            mine = time.process_time_ns() + children_ns()
            report = self.gen(mode, server.target, file, *more)
            used = cpu_ns(server.pid) - used
            mine = time.process_time_ns() + children_ns() - mine
            took = (time.monotonic() - began) * 1e9 * os.cpu_count()
            if machine_ns() - machine - used - mine < 0.08 * took:
                break
            self.dropped += 1
        answers = report["replies"] if mode == "flood" else report["answered"]
        return used / max(answers, 1), report


def children_ns():
    t = os.times()
    return int((t.children_user + t.children_system) * 1e9)


def added(kind, learnt):
    """Octets that a reply has more than its query."""
    with open(learnt) as f:
        name, _, reply = f.readline().split()[:3]
    query = 12 + len(name) + 1 + 4 + (OPT_OCTETS if KINDS[kind] else 0)
    return len(reply) // 2 + 2 - query


class Subject(typing.NamedTuple):
    """A row of the table: a server, and what it is asked."""
    server: object
    file: str
    learnt: str
    options: list
    echo: str  # the row of the echo that is its measure: queries and replies of its sizes


def begin_all(bench, options, stack):
    """{name of the row: Subject}"""
    def begin(server):
        stack.callback(server.stop)
        return server

    shmdns = begin(Shmdns(bench.harness, bench.net, options.names))
    echoes, plan = {}, {}

    def echo(mode, extra):
        if (mode, extra) not in echoes:
            port = PORT + 1 + len(echoes)
            echoes[mode, extra] = begin(Echo(bench.harness, bench.net, port, mode, extra))
        return echoes[mode, extra]

    for kind, more in KINDS.items():
        file, learnt = bench.learn(shmdns, kind)
        extra = added(kind, learnt)
        name = EPOLL + ("" if kind == "hit" else f", sizes of {kind}")
        plan["shmdns, " + kind] = Subject(shmdns, file, learnt, more, name)
        plan[name] = Subject(echo("epoll", extra), file, learnt, more, name)
        if kind == "hit":
            plan[RECVMMSG] = Subject(echo("recvmmsg", extra), file, learnt, more, name)
    return plan


def measure(bench, options):
    """{name: [CPU ns per answer of each round]} and, for the paced rates, the reports."""
    with contextlib.ExitStack() as stack:
        plan = begin_all(bench, options, stack)
        flood = {name: [] for name in plan}
        paced = {(name, rate): [] for name in (HIT, EPOLL) for rate in options.rates}
        seconds = str(options.seconds)
        for r in range(options.rounds):
            bursts = list(flood) + list(paced)
            random.shuffle(bursts)
            for key in bursts:
                if isinstance(key, str):
                    at = plan[key]
                    flood[key].append(bench.burst(at.server, at.file, "flood", "-t", seconds,
                                                  "-F", *at.options)[0])
                else:
                    at = plan[key[0]]
                    paced[key].append(bench.burst(at.server, at.learnt, "paced", "-t", seconds,
                                                  "-r", str(key[1]), *at.options))
            print(f"round {r + 1} of {options.rounds}", file=sys.stderr)
    return flood, paced, {name: at.echo for name, at in plan.items()}


def spread(values, digits=0):
    text = [f"{v:,.{digits}f}" for v in (statistics.median(values), min(values), max(values))]
    return f"{text[0]} ({text[1]} to {text[2]})"


def ratios(flood, of, to):
    return [b / a for a, b in zip(flood[of], flood[to])]


def table(flood, paced, echo_of, rates):
    out = ["| server, saturated | ns per answer | ratio to echo recvmmsg | ratio to echo epoll "
           "| ratio to echo epoll of its sizes |",
           "|---|---|---|---|---|"]
    for name, values in flood.items():
        out.append(f"| {name} | {spread(values)} | "
                   f"{spread(ratios(flood, name, RECVMMSG), 2)} | "
                   f"{spread(ratios(flood, name, EPOLL), 2)} | "
                   f"{spread(ratios(flood, name, echo_of[name]), 2)} |")
    out += [""]
    for kind in KINDS:
        if kind != "hit":
            out.append(f"{kind} to plain hits: "
                       f"{spread(ratios(flood, 'shmdns, ' + kind, HIT), 2)}")
    out += ["", "| queries per second | server | ns per answer | p50 us | p99 us | lost | wrong |",
            "|---|---|---|---|---|---|---|"]
    for rate in rates:
        for name in (EPOLL, HIT):
            runs = paced[name, rate]
            reports = [r for _, r in runs]
            out.append(f"| {rate:,} | {name} | {spread([ns for ns, _ in runs])} | "
                       f"{spread([r['p50_us'] for r in reports])} | "
                       f"{spread([r['p99_us'] for r in reports])} | "
                       f"{sum(r['lost'] for r in reports)} | "
                       + (f"{sum(r['wrong'] for r in reports)} |" if "shmdns" in name else "- |"))
    return "\n".join(out)


def facts(options, dropped):
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "")
    commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    return {"kernel": platform.release(), "cpu": model, "cpus": os.cpu_count(), "commit": commit,
            "net": options.net, "names": options.names, "rounds": options.rounds,
            "seconds": options.seconds, "bursts_dropped": dropped}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.getcwd())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--names", type=int, default=10000)
    parser.add_argument("--net", choices=["loopback", "veth"], default="loopback")
    parser.add_argument("--rates", type=lambda s: [int(x) for x in s.split(",") if x],
                        default=[20000, 100000])
    parser.add_argument("--json", help="write every round there")
    options = parser.parse_args()
    os.environ["SHMDNS_BUILD"] = os.path.abspath(options.build)
    import harness

    with Net(options.net) as net:
        bench = Bench(harness, net, options)
        flood, paced, echo_of = measure(bench, options)
    about = facts(options, bench.dropped)
    print(", ".join(f"{k} {v}" for k, v in about.items()) + "\n")
    print(table(flood, paced, echo_of, options.rates))
    if options.json:
        with open(options.json, "w") as f:
            json.dump({**about, "flood": flood, "paced": [
                {"server": name, "rate": rate, "rounds": runs}
                for (name, rate), runs in paced.items()]}, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
