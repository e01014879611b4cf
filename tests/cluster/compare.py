#!/usr/bin/python3
"""The same questions to us, to CoreDNS and to the oracle, on one API server.

    tests/cluster/compare.py [--build DIR] [--seeds N] [--first SEED] [--limit N]

As a program: a control plane, random objects in it (those that the API server accepts), both
servers, every name that the objects yield and many that they do not. Each difference that no
row permits is printed; exit 1 if there was one.
"""

import argparse
import collections
import os
import random
import socket
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TESTS, "system"), os.path.join(TESTS, "oracle")]
sys.dont_write_bytecode = True

import ask  # noqa: E402
import differences  # noqa: E402
import isolation  # noqa: E402
import records  # noqa: E402
import run as oracle_run  # noqa: E402

KINDS = ("Namespace", "Service", "EndpointSlice")
SETTLE_S = 10.0  # an event that has come to neither by then never will
SILENCE_S = 2.0
LIMIT = ask.SIZE
FAR = 500  # questions about what is not in focus
SHOWN = 25  # differences of one comparison that are printed


def objects_of(api):
    """What a list says now, in the form that the oracle reads."""
    out = []
    for kind in KINDS:
        for obj in api.list(kind):
            if obj["metadata"].get("labels") is None:
                obj["metadata"]["labels"] = {}
            out.append(obj)
    return out


def version_of(objects):
    return sorted((o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"],
                   o["metadata"]["resourceVersion"]) for o in objects)


def over_tcp(port, packet):
    """The octets of the reply; not decoded and written anew, for that changes letters."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.sendall(struct.pack("!H", len(packet)) + packet)
        with s.makefile("rb") as f:
            return f.read(struct.unpack("!H", f.read(2))[0])


def replies_of(port, asked):
    """Decoded replies; None: silence. What was cut is asked for again over TCP."""
    out = []
    for (name, type_), wire in zip(asked, ask.ask(port, asked, silence_s=SILENCE_S)):
        got = ask.Got(wire) if wire is not None else None
        if got is not None and got.tc:
            got = ask.Got(over_tcp(port, ask.packet(name, type_, 1)))
        out.append(got)
    return out


def reverse_names(objects, namespace):
    """Labels of the reverse names of every address in a namespace."""
    texts = set()
    for obj in objects:
        if obj["metadata"].get("namespace") == namespace:
            texts.update(obj.get("spec", {}).get("clusterIPs") or [])
            for e in obj.get("endpoints") or []:
                texts.update(e["addresses"])
    return {records.reverse_name(ip) for ip in map(records.parse_address, texts) if ip}


class Comparison:
    """Questions about one state of a cluster; each is open until all agree about it."""

    def __init__(self, ours, theirs=None, settings=None):
        self.ours, self.theirs = ours, theirs
        self.settings = {"max_udp": LIMIT, **(settings or {})}
        self.asked = 0
        self.permitted = collections.Counter()  # by row

    def questions(self, objects, oracle, seed=1, limit=0, focus=None):
        """What the oracle's own tests ask; with `focus`, of other namespaces a few only."""
        r = random.Random(seed)
        asked = oracle_run.questions(r, objects, oracle, 0)
        if focus is not None:
            near, far = [], []
            addresses = reverse_names(objects, focus)
            for question in asked:
                labels = tuple(l.decode("latin-1").lower() for l in question[0].labels[:-1])
                (near if focus in labels or labels in addresses else far).append(question)
            asked = near + far[:FAR]
            r.shuffle(asked)
        return asked[:limit] if limit else asked

    def check(self, objects, seed=1, limit=0, focus=None, settle_s=SETTLE_S):
        """Texts of the differences that stay."""
        judge = differences.Judge(objects, self.settings)
        asked = self.questions(objects, judge.oracle, seed, limit, focus)
        self.asked += len(asked)
        found, asked = self.once(asked, judge)
        end = time.monotonic() + settle_s
        while found and time.monotonic() < end:
            time.sleep(0.2)
            found, asked = self.once(asked, judge)
        return found

    def once(self, asked, judge):
        """(texts, questions) of what differs."""
        mine = ask.ask(self.ours, asked)
        theirs = replies_of(self.theirs, asked) if self.theirs else None
        found, still = [], []
        rows = collections.Counter()
        for i, question in enumerate(asked):
            texts, row = self.judge(question, mine[i], theirs and theirs[i], judge)
            if row:
                rows[row] += 1
            if texts:
                found += texts
                still.append(question)
        self.permitted += rows
        return found, still

    def judge(self, question, wire, their, judge):
        """(texts of differences, the row that permits one to CoreDNS or None)."""
        name, type_ = question
        want = judge.oracle.answer(name, type_)
        got = ask.Got(wire)
        why = ask.differs(got, want, self.settings["max_udp"])
        texts = []
        if why:
            texts.append(f"{name} {type_}: {why} is not by the rules\n"
                         f"    got  {got}\n    want {want}")
        if not self.theirs:
            return texts, None
        parts, row = judge.row(name, type_, want, their)
        if not parts or not isolation.isolated() and judge.is_about_us(name, type_):
            return texts, None
        if row is None:
            texts.append(f"{name} {type_}: {', '.join(parts)}: no row for this\n"
                         f"    ours   {want}\n    theirs {their}")
        return texts, row


def shown(found):
    more = len(found) - SHOWN
    return "\n".join(found[:SHOWN] + ([f"... and {more} more"] if more > 0 else []))


def clear(api, namespaces):
    """Services and slices of these namespaces go."""
    for name in namespaces:
        if api.find("Namespace", name):
            for kind in ("Service", "EndpointSlice"):
                api.delete_all(kind, name)


def await_rest(api):
    """Until lists say the same twice; returns what they say."""
    before = objects_of(api)
    while True:
        time.sleep(0.3)
        now = objects_of(api)
        if version_of(now) == version_of(before):
            return now
        before = now


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.environ.get("SHMDNS_BUILD", os.getcwd()))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--limit", type=int, default=8000, help="questions per seed")
    options = parser.parse_args()
    os.environ["SHMDNS_BUILD"] = os.path.abspath(options.build)
    isolation.enter()

    import legal
    import objects
    from control_plane import COMPARED_USER, ControlPlane
    from coredns import CoreDns
    from fixture import Dns

    total, rows = 0, collections.Counter()
    with ControlPlane() as plane, Dns(plane) as ours, CoreDns(
            plane, plane.kubeconfig(COMPARED_USER)) as theirs:
        for seed in range(options.first, options.first + options.seeds):
            clear(plane.api, objects.NAMESPACES)
            r = random.Random(seed)
            taken, refused = legal.put(plane.api, r, objects.objects(r, legal.settings()))
            c = Comparison(ours.port, theirs.port, {"server_addresses": isolation.OWN})
            found = c.check(await_rest(plane.api), seed, options.limit)
            total += len(found)
            rows += c.permitted
            print(f"seed {seed}: {taken} objects, {len(refused)} refused, {c.asked} questions, "
                  f"{sum(c.permitted.values())} permitted, {len(found)} differences", flush=True)
            if found:
                print(shown(found), flush=True)
    print("permitted: " + ", ".join(f"{n} by {row}" for row, n in sorted(rows.items())))
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
