#!/usr/bin/python3
"""Random objects, a real appliance, every question that comes to mind, and an oracle.

    tests/oracle/run.py [--build DIR] [--seeds N] [--first SEED] [--steps N] [--jobs N]

A seed is a configuration and a set of objects. Every name that exists or might exist is
asked with every type, and the whole reply compared. Then the objects change, the file is
replaced (some seeds change the configuration as well), and all is compared again: what
the controller derives step by step is what it would derive from nothing. One line for each difference, with the seed that shows it again.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
sys.dont_write_bytecode = True

TYPES = ["A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "NS", "SOA", "ANY", "HTTPS"]
SETTLE_S = 3.0  # a difference is one if it stays so long after the new objects are served


def config_text(settings):
    """The settings as keys of shmdns.conf: (inside kubernetes, outside)."""
    inside = []
    for key, value in settings.items():
        if key not in ("any_query", "max_udp"):
            inside.append(f"{key} = {json.dumps(value)};")
    outside = (f'any_query = "{settings["any_query"]}";\n'
               f'edns: {{ max_udp = {settings["max_udp"]}; }};\n')
    return "\n    ".join(inside), outside


# ---- questions ----


def candidates(items, oracle):
    """Names that the objects might give, if each rule were read in the widest way."""
    import records

    left = {(), ("svc",), ("pod",), ("dns",), ("ns", "dns"), ("dns-version",), ("nope",)}
    addresses = set()
    owners = {}
    for o in items:
        m = o["metadata"]
        if o["kind"] == "Namespace":
            left |= {(m["name"], "svc"), (m["name"], "pod"), ("nope", m["name"], "svc")}
            left |= {(p, m["name"], "pod") for p in PODS}
        elif o["kind"] == "Service":
            base = (m["name"], m["namespace"], "svc")
            left |= {base, base[1:], ("nope",) + base, ("_http", "_tcp") + base}
            left |= {(p,) + base for p in ("_tcp", "_udp", "_sctp", "tcp", "_")}
            owners[base] = {(p.get("name") or "", p.get("protocol") or "TCP")
                            for p in o["spec"].get("ports") or []}
            addresses |= set(o["spec"].get("clusterIPs") or [o["spec"].get("clusterIP")])
    for o in items:
        if o["kind"] != "EndpointSlice":
            continue
        m = o["metadata"]
        base = (m["labels"].get("kubernetes.io/service-name") or "none", m["namespace"], "svc")
        owners.setdefault(base, set()).update(
            p[:2] for p in records.slice_ports(o))
        for e in o.get("endpoints") or []:
            texts = e.get("addresses") or []
            addresses |= set(texts)
            names = {e.get("hostname"), (e.get("targetRef") or {}).get("name")}
            names |= {records.dashed(ip) for ip in map(records.parse_address, texts) if ip}
            left |= {tuple(n.split(".")) + base for n in names if n}
    for base, keys in owners.items():
        for name, protocol in keys:
            if name:
                left.add(("_" + name, records.PROTOCOLS[protocol]) + base)
                left.add(("_" + name, "_udp" if protocol == "TCP" else "_tcp") + base)
    out = {l + z for l in left for z in oracle.zones}
    for text in addresses:
        ip = records.parse_address(text or "")
        if ip is not None:
            name = records.reverse_name(ip)
            out |= {name[i:] for i in range(len(name))}
            out.add(("9",) + name[1:])
            out.add(("00",) + name[1:])
    return out


PODS = ["10-0-0-1", "1-2-3-256", "01-2-3-4", "1-2-3", "--1", "2001-db8--0", "--", "---1",
        "--ffff-a00-1", "--FFFF-0A00-0001", "1-2-3-4-5-6-7-8", "1-2-3-4-5-6-7-8-9", "web",
        "fe80--1-2-3", "12345--1", "::1", "1.2.3.4", "0--0", "255-255-255-255"]


def variants(r, labels):
    """Names near a name."""
    upper = tuple("".join(r.choice((c, c.upper())) for c in l) for l in labels)
    out = [("x",) + labels, upper, ("_",) + labels, ("a\0b",) + labels[1:],
           ("*",) + labels[1:]]
    for i, label in enumerate(labels[:2]):
        if label.startswith("_") and len(label) > 1:
            out.append(labels[:i] + (label[1:],) + labels[i + 1:])
    if len(labels) > 1 and labels[0][:1] == "_" and labels[1][:1] == "_":
        out.append((labels[0][1:], labels[1][1:]) + labels[2:])
        out.append((labels[0], labels[1], "x") + labels[2:])
        out.append((labels[1], labels[0]) + labels[2:])
    if labels[-1:] == ("arpa",) and len(labels) > 4:
        out.append(("0" + labels[0],) + labels[1:])
        out.append(("1", "x") + labels[1:])
    if len(labels) > 2:
        out.append(labels[1:])
    return out


def questions(r, items, oracle, limit):
    """[(name, type)]: what exists with every type, what does not with some."""
    import dns.name
    import records

    exist = set(oracle.names())
    might = candidates(items, oracle) - exist
    near = {v for n in sorted(exist) for v in variants(r, n)} - exist - might
    out = []

    def add(labels, types):
        if records.fits(labels) and not records.is_special(labels):
            name = dns.name.Name([l.encode("latin-1") for l in labels + ("",)])
            out.extend((name, t) for t in types)

    for labels in sorted(exist):
        add(labels, TYPES)
    for labels in sorted(might):
        add(labels, ["A", "SRV", r.choice(TYPES)])
    for labels in sorted(near):
        add(labels, r.sample(TYPES, 3) if any(c.isupper() for l in labels for c in l)
            else [r.choice(TYPES)])
    for labels in ((), ("local",), ("arpa",), ("org", "example"), ("cluster", "local", "x")):
        add(labels, TYPES)
    r.shuffle(out)
    return out[:limit] if limit else out


# ---- one seed ----


class Run:
    def __init__(self, seed, steps, limit, stop_at=40):
        self.seed, self.steps, self.limit, self.stop_at = seed, steps, limit, stop_at
        self.asked = 0
        self.serial = 0
        self.differences = []

    def wait_for(self, appliance, oracle, step):
        """Until both workers serve the objects of this step."""
        import dns.name
        import harness
        import objects
        import records

        for zone in oracle.forward:
            name = dns.name.from_text(
                records.join(("mark", objects.MARK, "svc") + zone))
            if oracle.answer(name, "CNAME").answer:
                appliance.await_outcome(name.to_text(), "CNAME", "NOERROR",
                                        [f"step-{step}.test."])
                return
        raise harness.Timeout("no zone shows the mark")

    def compare(self, port, oracle, asked, step):
        import ask

        wants = [oracle.answer(q, t) for q, t in asked]
        end = time.monotonic() + SETTLE_S
        open_ = list(range(len(asked)))
        self.asked += len(asked)
        while True:
            replies = ask.ask(port, [asked[i] for i in open_])
            still = []
            for i, wire in zip(open_, replies):
                got = ask.Got(wire)
                why = ask.differs(got, wants[i], oracle.set["max_udp"])
                if why:
                    still.append((i, why, got))
            open_ = [i for i, _, _ in still]
            if not still or time.monotonic() > end:
                break
            time.sleep(0.1)
        seen = {}
        for i, why, got in still:
            key = (asked[i][0].to_text().lower(), why)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] == 1:
                self.differences.append(
                    f"seed {self.seed} step {step}: {asked[i][0]} {asked[i][1]}: {why}\n"
                    f"    got  {got}\n    want {wants[i]}")

    def check_serial(self, appliance, step):
        """GS-01, GS-02: one serial everywhere, and a higher one than before."""
        serials = {appliance.ask("cluster.local.", "SOA").answer[0][0].serial
                   for _ in range(16)}
        if len(serials) != 1 or max(serials) <= self.serial:
            self.differences.append(
                f"seed {self.seed} step {step}: serials {serials} after {self.serial}")
        self.serial = max(serials)

    def go(self):
        import harness
        import objects
        import records

        r = random.Random(self.seed)
        settings = objects.settings(r)
        items = objects.objects(r, settings)
        inside, outside = config_text(settings)

        layout, places = r.choice(["json", "json", "yaml", "many"]), {}

        def put(appliance, step):
            both = items + objects.mark(step)
            r.shuffle(both)
            for name, text in objects.files(r, both, layout, places).items():
                appliance.put(name, text)

        reloads = r.random() < 0.4
        appliance = harness.Appliance(kubernetes=inside, extra=outside)
        put(appliance, 0)
        with appliance as a:
            for step in range(self.steps + 1):
                if step:
                    items = objects.mutate(r, items, settings)
                    put(a, step)
                if step and reloads and r.random() < 0.5:
                    settings = objects.settings(r)
                    a.kubernetes, a.extra = config_text(settings)
                    a.write_config()
                    os.kill(a.pid, signal.SIGHUP)
                oracle = records.Oracle(items + objects.mark(step), settings)
                self.wait_for(a, oracle, step)
                self.compare(a.port, oracle, questions(r, items, oracle, self.limit), step)
                self.check_serial(a, step)
                if len(self.differences) >= self.stop_at:
                    break
        return self


def one(arguments):
    """A seed in a process of its own: (seed, questions, differences)."""
    seed, steps, limit = arguments
    run = Run(seed, steps, limit)
    try:
        run.go()
    except Exception:
        run.differences.append(f"seed {seed}: {traceback.format_exc()}")
    return seed, run.asked, run.differences


def run_seeds(seeds, steps, limit, jobs):
    """(questions, differences) of all seeds; prints each difference as it comes."""
    asked, found = 0, []
    with contextlib.closing(multiprocessing.Pool(jobs)) as pool:
        for seed, n, differences in pool.imap_unordered(
                one, [(s, steps, limit) for s in seeds]):
            asked += n
            found += differences
            for line in differences:
                print(line, flush=True)
    pool.join()
    return asked, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.environ.get("SHMDNS_BUILD", os.getcwd()))
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3, help="changes after the first set")
    parser.add_argument("--limit", type=int, default=0, help="questions per step; 0: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    o = parser.parse_args()
    os.environ["SHMDNS_BUILD"] = os.path.abspath(o.build)
    began = time.monotonic()
    asked, found = run_seeds(range(o.first, o.first + o.seeds), o.steps, o.limit, o.jobs)
    print(f"{o.seeds} seeds, {asked} questions, {len(found)} differences, "
          f"{time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
