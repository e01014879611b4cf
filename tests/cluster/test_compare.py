"""Random objects that a real API server has taken: our answers are those of the rules, and
those of CoreDNS but for the rows in differences.py (CD rows, RB to RX).
"""

import random

import compare
import fixture
import harness
import legal
import objects
from fixture import ClusterTest, Shared

SEEDS = range(1, 9) if harness.FULL else range(1, 3)
LIMIT = 5000
ROWS_SEEN = {"CD-02", "CD-07", "CD-09", "CD-11", "CD-27", "CD-29", "CD-37"}  # by any seed


class Random(ClusterTest):
    def tearDown(self):
        compare.clear(self.api, objects.NAMESPACES)

    def test_seeds(self):
        """Every name with every type, and names near them"""
        seen = set()
        for seed in SEEDS:
            with self.subTest(seed=seed):
                compare.clear(self.api, objects.NAMESPACES)
                r = random.Random(seed)
                taken, refused = legal.put(self.api, r, objects.objects(r, legal.settings()))
                self.assertGreater(taken, 3 * len(refused), refused[:5])
                self.compare_all(seed, seen)
        self.assertEqual(ROWS_SEEN - seen, set(), "rows that no question showed")

    def compare_all(self, seed, seen):
        now = compare.await_rest(self.api)
        c = compare.Comparison(self.dns.port, Shared.get_coredns(False).port, self.settings())
        if fixture.SOURCE == "files":
            self.dns.feed(now)
        found = c.check(now, seed, LIMIT)
        self.assertGreater(c.asked, LIMIT // 2)
        self.assertEqual(len(found), 0, f"{c.asked} questions\n{compare.shown(found)}")
        seen.update(c.permitted)

    def test_a_difference_is_seen(self):
        """What no row permits is found: a record less, another TTL, no AA, another rcode"""
        self.service("web")
        self.headless("db")
        self.slice("db-1", "db", ["192.0.2.1", "192.0.2.2"])
        self.quiet("before")
        now = compare.objects_of(self.api)
        c = compare.Comparison(self.dns.port, Shared.get_coredns(False).port, self.settings())
        judge = compare.differences.Judge(now, c.settings)
        asked = c.questions(now, judge.oracle, focus=self.namespace)
        checked = 0
        for (name, type_), theirs in zip(asked, compare.replies_of(c.theirs, asked)):
            want = judge.oracle.answer(name, type_)
            if want.rcode != "NOERROR" or not want.answer or (
                    judge.row(name, type_, want, theirs)[0]):
                continue
            checked += 1
            for what, change in CHANGES.items():
                self.assertEqual(judge.row(name, type_, want, changed(theirs, change))[1], None,
                                 f"{what} in {name} {type_} is permitted")
        self.assertGreater(checked, 20)


def changed(reply, change):
    out = compare.ask.Got.__new__(compare.ask.Got)
    out.__dict__.update(reply.__dict__)
    change(out)
    return out


def set_ttl(reply):
    owner, ttl, type_, text = reply.answer[0]
    reply.answer = [(owner, ttl + 1, type_, text), *reply.answer[1:]]


def drop_record(reply):
    reply.answer = reply.answer[1:]


def set_rcode(reply):
    reply.rcode = "SERVFAIL"


def clear_aa(reply):
    reply.aa = False


CHANGES = {"another TTL": set_ttl, "a record less": drop_record, "SERVFAIL": set_rcode,
           "no AA": clear_aa}
