#!/usr/bin/python3
"""A model of the cache's rules against the cache: random stores, look-ups, notes, flushes,
adoptions and deaths in the middle of a store (C-01, C-04, C-08, C-13, C-14, C-15, CA-07, CA-09,
CA-11, CA-13, CA-17, CA-19, G5, SH-11).

The model knows what was stored and which outcome counts, and nothing of how it is kept. An entry
may be gone where there is no room for it (see Model.may_be_gone), and never be another's, never
be fresh when it has expired, never come back. What is used stays.

    tests/cache/test_model.py [SEED [OPERATIONS]]

SHMDNS_LONG=1 takes more seeds, and 10 million names for the flood.
"""

import os
import random
import subprocess
import sys

DRIVER = os.path.join(os.environ.get("SHMDNS_BUILD", "."), "tests/cache/cachedriver")
LONG = os.environ.get("SHMDNS_LONG") == "1"
ANSWER, NXDOMAIN, FAILURE, PASSES = range(4)
SECOND = 10**9
STALE = 100 * SECOND  # as the driver has it
PASSING = 4 << 20
TYPES = (1, 28, 16)


class Driver:
    def __init__(self, success, denial, limit=0):
        self.process = subprocess.Popen([DRIVER, str(success), str(denial), str(limit)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, lines):
        """Each line's reply, in order."""
        self.process.stdin.write("".join(line + "\n" for line in lines) + "end\n")
        self.process.stdin.flush()
        return [self.process.stdout.readline().split() for _ in lines]

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


class Stored:
    """One outcome. `certain`: it is there unless there was no room."""

    def __init__(self, kind, now, ttl_ms, count, rdlen, fill, rcode):
        self.kind, self.stored, self.expires = kind, now, now + ttl_ms * 10**6
        self.rcode = rcode
        self.looks = (kind, now, self.expires, count, rdlen if count else 0,
                      fill if count else 0)
        self.octets = 88 + 12 * (count > 0) + 5 * (kind == FAILURE) + count * (12 + rdlen)
        self.ring = 2 if kind == PASSES else 0 if kind == ANSWER and count else 1
        self.certain = True
        self.end = self.expires + (STALE if kind in (ANSWER, NXDOMAIN) else 0)
        self.taken = 0  # by its ring when it was stored
        self.used = 0   # ... when it was used
        self.hits = 0


class Model:
    def __init__(self, sizes):
        self.sizes = sizes
        self.names = {}    # (name, group, flags) -> {(type, kind): [outcomes that may be there]}
        self.taken = [0, 0, 0]
        self.buckets = {}  # bucket -> questions that were ever in it
        self.losses = 0    # that a death explains

    def slots(self, q):
        return self.names.setdefault((q[0],) + q[2:], {})

    def may_be_gone(self, q, e, now):
        """It was let go of: by its ring, of which half has been written since it was stored or,
        if it has not ended, used; or as the least one of a bucket with more than eight."""
        half = self.taken[e.ring] - self.sizes[e.ring] // 2
        if not e.certain or e.taken < half and (e.used < half or now >= e.end):
            return True
        return len(self.buckets[self.bucket_of[q[0]]]) > 8

    def store(self, q, e, killed=False):
        name, typ = q[0], q[1]
        slots = self.slots(q)
        self.taken[e.ring] += e.octets + len(name) + 2
        e.taken = self.taken[e.ring]
        key = (0 if e.kind == NXDOMAIN else typ, e.kind)
        self.buckets.setdefault(self.bucket_of[name], set()).add((q[0], q[2], q[3], key))
        old = slots.get(key, [])
        if killed:
            for o in old:
                o.certain = False
            e.certain = False
            slots[key] = old + [e]
        else:
            e.hits = max([o.hits for o in old], default=0)
            slots[key] = [e]
        refuted = []
        if e.kind != FAILURE:
            refuted.append((typ if e.kind != NXDOMAIN else 0, FAILURE))
        if e.kind == ANSWER or e.kind == PASSES and e.rcode == 0:
            refuted.append((0, NXDOMAIN))
        for key in refuted:
            for o in slots.get(key, []):
                o.certain = False
            if not killed:
                slots.pop(key, None)
        if e.kind == NXDOMAIN:  # and NODATA of every type
            for key in [key for key in slots if key[1] == ANSWER]:
                nodata = [o for o in slots[key] if o.looks[3] == 0]
                for o in nodata:
                    o.certain = False
                if not killed:
                    slots[key] = [o for o in slots[key] if o not in nodata]

    def forget(self, gone, now):
        """Flush: entries for which gone(name, group) is true. What there may be, and must be."""
        most = least = 0
        for key, slots in list(self.names.items()):
            if gone(key[0], key[1]):
                for (typ, _), outcomes in slots.items():
                    most += len(outcomes)
                    q = (key[0], typ) + key[1:]
                    least += any(not self.may_be_gone(q, o, now) for o in outcomes)
                del self.names[key]
        return least, most

    def candidates(self, q, arrival, now):
        """(answers, failures): those that count if they are there."""
        slots = self.slots(q)
        answers = [e for key in ((q[1], ANSWER), (0, NXDOMAIN), (q[1], PASSES))
                   for e in slots.get(key, [])
                   if e.kind != PASSES or e.stored >= arrival]
        failures = [e for e in slots.get((q[1], FAILURE), [])
                    if now < e.expires or e.stored >= arrival]
        return answers, failures

    def check_find(self, q, arrival, now, reply):
        """None, or what is wrong with what was found."""
        fresh, word, rest = int(reply[0]), int(reply[1]), reply[2:]
        found = []
        for _ in range(3):
            found.append(None if rest[0] == "-" else tuple(map(int, rest[:6])))
            rest = rest[1:] if rest[0] == "-" else rest[6:]
        answers, failures = self.candidates(q, arrival, now)
        answer = next((e for e in answers if e.looks == found[0]), None)
        if found[0] is not None and answer is None:
            return "an answer that was never stored, or is of no use", 0
        stored = answer.stored if answer else -1
        if answer and fresh != (now < answer.expires or answer.stored >= arrival):
            return "fresh is wrong", 0
        for e in answers:
            if e.stored > stored and not self.may_be_gone(q, e, now):
                return "a later outcome is not found: %r" % (e.looks,), 0
        if found[1] is not None and not any(e.looks == found[1] for e in answers):
            return "an older answer that was never stored", 0
        failure = next((e for e in failures if e.looks == found[2]), None)
        if found[2] is not None and failure is None:
            return "a failure that was never stored, or is over", 0
        if failure and (answer and failure.stored < answer.stored
                        or int(rest[0]) != (failure.stored >= arrival)):
            return "a failure that does not count", 0
        for e in failures:
            if (failure is None and e.stored >= stored and not self.may_be_gone(q, e, now)
                    and not (answer and e.stored == stored)):
                return "a failure is not found: %r" % (e.looks,), 0
        return None, word


class Run:
    def __init__(self, seed, sizes, names, groups, sizes_of_rrs, kill_every):
        self.random = random.Random(seed)
        self.driver = Driver(*sizes)
        self.model = Model([max(s, 65536) for s in sizes] + [PASSING])
        self.names, self.groups, self.rr = names, groups, sizes_of_rrs
        self.kill_every, self.limited = kill_every, len(sizes) > 2
        self.now = 1000 * SECOND
        self.words, self.asked = [], []
        self.kills = self.finds = self.hits = 0
        replies = self.driver.ask(["bucket " + n for n in names])
        self.model.bucket_of = {n: int(r[0]) for n, r in zip(names, replies)}

    def question(self):
        """One of all, or one of a while ago: the same, or of another type."""
        r = self.random
        if self.asked and r.random() < 0.7:
            q = r.choice(self.asked)
            return q if r.random() < 0.7 else (q[0], r.choice(TYPES)) + q[2:]
        q = (r.choice(self.names), r.choice(TYPES), r.choice(self.groups),
             r.choice((0, 0, 0, 1, 2, 3)))
        self.asked = self.asked[-100:] + [q]
        return q

    def outcome(self, typ):
        r = self.random
        kind = r.choices((ANSWER, NXDOMAIN, FAILURE, PASSES), (6, 3, 1, 1))[0]
        count = 0 if kind == FAILURE else r.choice((0, 1, 1, 2, 5)) if kind != NXDOMAIN else 1
        ttl_ms = 0 if kind == PASSES else r.choice((0, 500, 5000, 30000, 300000))
        rcode = {ANSWER: 0, NXDOMAIN: 3, FAILURE: 2, PASSES: r.choice((0, 3, 5))}[kind]
        return Stored(kind, self.now, ttl_ms, count, r.choice(self.rr), r.randrange(250), rcode)

    def store_line(self, q, e):
        _, stored, expires, count, rdlen, fill = e.looks
        rdlen = rdlen if count else 4
        return "%s %d %d %d %d %d %d %d %d %d %d" % (
            q[0], q[1], e.kind, q[2], q[3], e.rcode, stored, (expires - stored) // 10**6, count,
            rdlen, fill)

    def step(self):
        """(line, what to do with its reply)"""
        r = self.random
        self.now += r.choice((0, 1, 1000, 10**6, 10**8, SECOND))
        what = r.random()
        if self.kill_every and r.random() < 1 / self.kill_every:
            q = self.question()
            e = self.outcome(q[1])
            return ("kill %d %s" % (r.randrange(1, 4000), self.store_line(q, e)),
                    lambda reply: self.killed(q, e, reply))
        if what < 0.45:
            q = self.question()
            e = self.outcome(q[1])
            return "store " + self.store_line(q, e), lambda reply: self.stored(q, e, reply)
        if what < 0.90:
            q = self.question()
            arrival = self.now - r.choice((0, 0, 10**6, SECOND, 4 * SECOND))
            now = self.now
            return ("find %s %d %d %d %d %d" % (q + (arrival, now)),
                    lambda reply: self.found(q, arrival, now, reply))
        if what < 0.985 and self.words:
            word, e = r.choice(self.words[-50:])
            n = r.randrange(1, 4)
            return ("note %d %d %d" % (word, n, self.now),
                    lambda reply: self.noted(e, n, int(reply[0])))
        if what < 0.988:
            name, below = r.choice(self.names), r.randrange(2)
            if below and r.random() < 0.5:
                name = name.split(".", 1)[1]
            return ("flush %s %d" % (name, below),
                    lambda reply: self.forgot(lambda n, g: n == name or below and (
                        n.endswith("." + name)), reply))
        if what < 0.989 and len(self.groups) > 1:
            stay = self.groups[1:] if r.random() < 0.5 else self.groups[:1]
            return ("keep " + " ".join(map(str, stay)),
                    lambda reply: self.forgot(lambda n, g: g not in stay, reply))
        return "adopt %d" % self.now, self.adopted

    def stored(self, q, e, reply):
        if reply == ["-28"] and self.limited:
            return None
        self.model.store(q, e)
        return None if reply == ["0"] else "store said %s" % reply

    def killed(self, q, e, reply):
        self.kills += 1
        adopted, done = map(int, reply)
        self.model.store(q, e, killed=not done)
        # What was on its way to the front may be gone, one entry of each death.
        self.model.losses += not done and any(
            t > s // 2 for t, s in zip(self.model.taken, self.model.sizes))
        return None

    def found(self, q, arrival, now, reply):
        wrong, word = self.model.check_find(q, arrival, now, reply)
        self.finds += 1
        if word:
            self.hits += 1
            e = next((e for e in self.model.candidates(q, arrival, now)[0]
                      if e.looks == tuple(map(int, reply[2:8]))), None)
            if e:
                self.words.append((word, e))
        if wrong and "not found" in wrong and self.model.losses > 0:
            self.model.losses -= 1
            self.model.names[(q[0],) + q[2:]] = {}
            return None
        return wrong

    def noted(self, e, n, hits):
        e.hits += n
        if hits == 0:
            return None
        if e.kind != PASSES:
            e.used = self.model.taken[e.ring]
        return None if n <= hits <= e.hits else "%d hits of %d" % (hits, e.hits)

    def forgot(self, gone, reply):
        least, most = self.model.forget(gone, self.now)
        n = int(reply[0])
        if n < least and least - n <= self.model.losses:
            self.model.losses -= least - n
            return None
        return None if least <= n <= most else "%d let go of, not %d to %d" % (n, least, most)

    def adopted(self, reply):
        if reply[1] != "0":
            return "%s torn entries without anybody beside" % reply[1]
        return None

    def run(self, operations):
        for begin in range(0, operations, 500):
            steps = [self.step() for _ in range(min(500, operations - begin))]
            replies = self.driver.ask([line for line, _ in steps])
            for i, ((line, check), reply) in enumerate(zip(steps, replies)):
                wrong = check(reply) if reply else "the driver has ended"
                if wrong:
                    return "operation %d: %s: %s -> %s" % (
                        begin + i, wrong, line, " ".join(reply))
        code = self.driver.close()
        return None if code == 0 else "the driver ended with %d" % code


def names_of(n):
    return ["n%d.d%d.example." % (i, i % 7) for i in range(n)]


# what, sizes of the rings, names, groups, octets of rdata, one death in so many operations
RUNS = (
    ("all of it has room", (4 << 20, 2 << 20), names_of(60), (1, 2), (4, 16, 60), 400),
    ("rings go round", (64 << 10, 64 << 10), names_of(3000), (1,), (4, 16, 300, 1500), 1000),
    ("few names, small rings", (64 << 10, 64 << 10), names_of(40), (1, 2, 3), (300, 2000), 1000),
    ("without memory", (1 << 20, 1 << 20, 300000), names_of(500), (1,), (4, 16, 600), 0),
)


def flood(n):
    """C-15: names without end beside 1,000 that are used: these stay, and memory is bounded."""
    driver = Driver(2 << 20, 1 << 20)
    tries, hits, octets = map(int, driver.ask(["flood %d 1000 %d" % (n, 1000 * SECOND)])[0])
    driver.close()
    print("flood: %d names, %d of %d look-ups of the hot ones hit, %d octets"
          % (n, hits, tries, octets))
    return None if hits > 0.99 * tries and octets <= (2 << 20) + (1 << 20) + (1 << 20) else \
        "hot names are lost, or memory grows"


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    operations = int(sys.argv[2]) if len(sys.argv) > 2 else 30000
    failed = 0
    for s in range(seed, seed + (20 if LONG else 1)):
        for what, sizes, names, groups, rr, kill_every in RUNS:
            run = Run(s, sizes, names, groups, rr, kill_every)
            if run.limited:  # how many octets a ring has then is nobody's business
                run.model.sizes = [0, 0, 0]
            wrong = run.run(operations)
            print("%s, seed %d: %d look-ups, %d found, %d deaths: %s"
                  % (what, s, run.finds, run.hits, run.kills, wrong or "right"))
            failed += wrong is not None
    wrong = flood(10**7 if LONG else 200000)
    if wrong:
        print(wrong)
    return failed > 0 or wrong is not None


if __name__ == "__main__":
    sys.exit(main())
