"""Lists that fail or are odd, at the start and later (WP-20 to WP-28, WP-51 to WP-5D, WP-85).

At the start nothing is complete before every list is: names are SERVFAIL until then (RU-03,
RU-08). Later a list that fails sweeps nothing: what was deleted meanwhile stays answered
until a whole list says so.
"""

import http.client
import json
import threading
import unittest

import faults
from fakeapi import dump
from faults import status
from lab import GONE, NEW, ZONE, ApiTest, add, appliance_only, harness, standing
from scrape import Scrape

RETRY = {"Retry-After": "30"}
SERVICES = "services"

FAILURES = [
    faults.no_reply, faults.reset_reply, faults.silent_reply, faults.html, faults.html_as_json,
    faults.status_as_list, faults.empty_body, faults.other_kind, faults.wrong_type,
    faults.unknown_encoding, faults.not_gzip, faults.cut_gzip, faults.two_members,
    faults.gzip_bomb, faults.half_json, faults.after_json, faults.bad_utf8, faults.nul_octets,
    faults.cut_body, faults.cut_in_utf8, faults.cut_in_chunk, faults.bad_chunk,
    faults.reset_in_body, faults.silent_in_body, faults.endless_head, faults.endless_error,
    faults.endless_spaces, faults.no_version, faults.gone,
]

STATUSES = [
    ("WP-58", "429_json", status(429, "TooManyRequests", {"Retry-After": "1"})),
    ("WP-58", "429_plain", status(429, "", {"Retry-After": "1"}, plain="Too many requests, "
                                  "please try again later.\n")),
    ("WP-58", "429_bare", status(429, "TooManyRequests")),
    ("WP-59", "500", status(500, "InternalError")),
    ("WP-59", "502", status(502, "", plain="<html>Bad Gateway</html>")),
    ("WP-59", "503_retry", status(503, "ServiceUnavailable", {"Retry-After": "1"})),
    ("WP-59", "503_bare", status(503, "", plain="")),
    ("WP-58", "429_for_a_day", status(429, "TooManyRequests", {"Retry-After": "86400"})),
    ("WP-59", "503_for_ever", status(503, "ServiceUnavailable", {
        "Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"})),
    ("WP-59", "504_retry", status(504, "Timeout", {"Retry-After": "1"})),
    ("WP-59", "504_plain", status(504, "", plain="gateway time-out")),
    ("WP-5A", "504_ahead", lambda fake, x: ahead(fake, x)),
    ("WP-54", "403", status(403, "Forbidden")),
    ("WP-04, WP-53", "401", status(401, "Unauthorized")),
    ("WP-51", "301", status(301, "", {"Location": "https://127.0.0.1:1/"}, plain="")),
    ("WP-51", "204", status(204, "", plain="")),
    ("WP-51", "418", status(418, "", plain="short and stout")),
]

ODD = [
    faults.keys_twice, faults.items_before_metadata, faults.nulls, faults.number_versions,
    faults.pretty, faults.deep_managed, faults.wide_managed, faults.null_item,
    faults.long_item,
]


def ahead(fake, x):
    """WP-5A: the server says that it is behind"""
    from fakeapi import too_large
    raise too_large(int(x.request.query.get("resourceVersion") or 0), fake.store.rv)


def times_of(fault):
    """Some take long."""
    return 1 if fault in (faults.gzip_bomb, faults.endless_spaces, faults.endless_head) else 2


def fails(fault):
    def test(self):
        times = times_of(fault)
        with self.lab(wait=False, before=lambda lab: lab.fake.script(
                fault, SERVICES, "list page", times=times)) as lab:
            lab.await_ready()
            lab.fake.await_watches(SERVICES)
            self.assertEqual(lab.fake.scripts[0].hits, times)
            later = lab.fake.script(fault, SERVICES, "list page", times=None)
            lab.fake.expire(SERVICES, deleted=[GONE])
            lab.await_("lists that fail", lambda: later.hits >= times)
            lab.gone_stands()
            lab.gone_may_go()
            later.stop()
            lab.await_answer("gone." + ZONE, "A", "NXDOMAIN")
            lab.change_and_settle()

    return test


def odd(fault):
    def test(self):
        with self.lab(wait=False, before=lambda lab: lab.fake.script(
                fault, None, "list", times=None)) as lab:
            lab.await_ready()
            lab.fake.await_watches("namespaces", "services", "endpointslices")
            lab.settle()
            lab.gone_may_go()
            lab.fake.expire(deleted=[GONE])
            lab.settle()
            lab.change_and_settle()
            # Each was right as it was: one list at the start, one later.
            for resource in ("namespaces", "services", "endpointslices"):
                self.assertEqual(len(lab.fake.seen(resource, "list")), 2, lab.fake.text())

    return test


class Fails(ApiTest):
    """A list of Services fails twice at the start, and again until it may succeed."""


class Odd(ApiTest):
    """A list that is odd and right is taken as it is."""

    @appliance_only
    def test_nameless_item(self):
        """WP-79, WP-85: an object without a name: who knows which it is, so none is swept"""
        with self.lab() as lab:
            script = lab.fake.script(faults.nameless_item, SERVICES, "list", times=None)
            lab.fake.expire(SERVICES, deleted=[GONE], applied=[NEW])
            lab.await_new()
            lab.gone_stands()
            lab.gone_may_go()
            script.stop()
            lab.fake.await_watches(SERVICES)
            lab.fake.expire(SERVICES)
            lab.settle()
            lab.change_and_settle()


class Drops(ApiTest):
    """Replies that come by drops and never end are given up all the same."""

    def endless(self, fault, verb, watch_list=False):
        with self.lab(speed=300, watch_list=watch_list) as lab:
            script = lab.fake.script(fault, SERVICES, verb, times=2)
            lab.fake.expire(SERVICES, deleted=[GONE])
            lab.await_("replies without end", lambda: script.hits >= 1)
            lab.gone_stands()
            lab.gone_may_go()
            lab.settle()
            lab.change_and_settle()

    @appliance_only
    def test_list(self):
        """WP-25: a list"""
        self.endless(faults.dropping_list, "list")

    @appliance_only
    def test_error(self):
        """WP-72: an error"""
        self.endless(faults.dropping_error, "list")

    @appliance_only
    def test_state(self):
        """WP-49: a WatchList"""
        self.endless(faults.dropping_state, "watchlist", watch_list=True)


for fault_ in FAILURES:
    add(Fails, fault_.__name__, fault_.__doc__, fails(fault_))
for rows, name, fault_ in STATUSES:
    add(Fails, "status_" + name, f"{rows}: {name}", fails(fault_))
for fault_ in ODD:
    add(Odd, fault_.__name__, fault_.__doc__, odd(fault_))


class Pages(ApiTest):
    """WP-22, WP-23: lists in pages."""

    many = [s for i in range(1200) for s in (
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": f"s{i:04d}", "namespace": "shop"},
         "spec": {"clusterIPs": [f"10.97.{i // 250}.{i % 250}"],
                  "clusterIP": f"10.97.{i // 250}.{i % 250}"}},)]

    def await_last(self, lab):
        lab.await_answer("s1199." + ZONE, "A", "NOERROR", ["10.97.4.199"])

    def pages(self, lab):
        """The first list of Services went in pages of one version."""
        lists = lab.fake.seen(SERVICES, "list page")
        self.assertEqual([r.verb for r in lists][-3:], ["list", "page", "page"],
                         lab.fake.text())
        self.assertTrue(all(int(r.query["limit"]) == 500 for r in lists[-3:]))

    def test_fresh(self):
        """WP-28: the first list asks for the newest, in pages; large pages come as gzip"""
        with self.lab(objects=standing() + self.many, first_list="fresh") as lab:
            self.pages(lab)
            self.await_last(lab)
            lists = lab.fake.seen(SERVICES, "list page")
            self.assertNotIn("resourceVersion", lists[0].query)
            self.assertTrue(all("gzip" in r.headers.get("accept-encoding", "") for r in lists))

    def test_cached(self):
        """WP-28, WP-22: the first list takes what the cache has, without pages"""
        with self.lab(objects=standing() + self.many) as lab:
            self.await_last(lab)
            for resource in ("namespaces", "services", "endpointslices"):
                first, = lab.fake.seen(resource, "list page")
                self.assertEqual(first.query.get("resourceVersion"), "0")
                self.assertNotIn("limit", first.query)

    def page_fails(self, fault, count=1):
        """A page fails `count` times: what came before it is not taken for a list."""
        def before(lab):
            lab.fake.script(fault, SERVICES, "page", times=count)

        with self.lab(objects=standing() + self.many, first_list="fresh", wait=False,
                      before=before) as lab:
            lab.await_ready()
            self.await_last(lab)
            return lab.fake.seen(SERVICES, "list page")

    def test_continue_expired(self):
        """WP-23: a token that is too old, and no inconsistent continuation"""
        self.last_is_whole(self.page_fails(faults.gone))

    def test_continue_refused(self):
        """WP-56: 400 on a page: list again"""
        self.last_is_whole(self.page_fails(status(400, "BadRequest")))

    def test_continue_cut(self):
        """WP-85: a page that is cut"""
        self.last_is_whole(self.page_fails(faults.cut_body))

    def test_first_page_cut(self):
        """WP-85, WP-22: a first page that is cut: the next list begins at its first page"""
        def before(lab):
            lab.fake.script(faults.cut_body, SERVICES, "list", times=2)

        with self.lab(objects=standing() + self.many, first_list="fresh", wait=False,
                      before=before) as lab:
            lab.await_ready()
            self.await_last(lab)
            lab.await_answer("s0000." + ZONE, "A", "NOERROR", ["10.97.0.0"])
            lists = lab.fake.seen(SERVICES, "list page")
            self.assertEqual([r.verb for r in lists[:3]], ["list", "list", "list"])
            self.pages(lab)

    def test_continue_503(self):
        """WP-59: a page that is refused for a while"""
        self.last_is_whole(self.page_fails(status(503, "ServiceUnavailable",
                                                  {"Retry-After": "1"}), 2))

    def last_is_whole(self, lists):
        """What follows the failure is a list of its own, or the same page again."""
        failed = next(i for i, r in enumerate(lists) if r.note)
        after = lists[failed + 1:]
        self.assertTrue(after)
        if after[0].verb == "page":
            self.assertEqual(after[0].query["continue"], lists[failed].query["continue"])

    def test_compacted_between_pages(self):
        """WP-23, WP-85: the token of the second page expires in earnest"""
        done = []

        def compact(fake, x):
            if not done:
                done.append(1)
                fake.store.bump()
                fake.store.compact()
            fake.answer(x)

        def before(lab):
            lab.fake.script(compact, SERVICES, "page", times=1)

        with self.lab(objects=standing() + self.many, first_list="fresh", wait=False,
                      before=before) as lab:
            lab.await_ready()
            self.await_last(lab)
            self.assertEqual(lab.fake.seen(SERVICES, "page")[0].status, 410)

    def test_empty_page(self):
        """WP-22: only the absence of `continue` ends a list"""
        def before(lab):
            lab.fake.script(faults.empty_page, SERVICES, "list", times=1)

        with self.lab(first_list="fresh", wait=False, before=before) as lab:
            lab.await_ready()
            self.assertEqual([r.verb for r in lab.fake.seen(SERVICES, "list page")],
                             ["list", "page"])
            lab.settle()

    def test_endless_pages(self):
        """WP-22, RF-17: pages without end: nothing is swept, others go on, no flood"""
        with self.lab(first_list="fresh") as lab:
            endless = lab.fake.script(faults.endless_pages, SERVICES, "list page", times=None)
            lab.fake.expire(SERVICES, deleted=[GONE])
            lab.await_("pages", lambda: endless.hits >= 5)
            lab.gone_stands()
            lab.fake.apply({**standing()[9], "endpoints": [
                {"addresses": ["10.244.1.21"], "conditions": {"ready": True}}]})
            lab.await_answer("10-244-1-21.web." + ZONE, "A", "NOERROR", ["10.244.1.21"])
            lab.gone_may_go()
            endless.stop()
            lab.settle()


class Progress(ApiTest):
    """A first list that takes its time: operators see how far it is."""

    many = [harness.service(f"many-{i}", ip=f"10.97.{i // 250}.{i % 250 + 1}")
            for i in range(1994)]

    def setUp(self):
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)
        self.port = harness.free_port()

    def late(self, fake, x):
        """a page that comes late"""
        self.go_on.wait(60)
        fake.answer(x)

    def half(self, fake, x):
        """a list whose second half comes late"""
        octets = dump(fake.list_body(x.request))
        x.head(200, {"Content-Type": "application/json"})
        x.body(octets[:len(octets) // 2])
        self.go_on.wait(60)
        x.body(octets[len(octets) // 2:])
        x.end()

    def listing(self, fault, verb, **options):
        objects = standing() + self.many
        self.assertEqual(len([o for o in objects if o["kind"] == "Service"]), 1999)
        return self.lab(objects=objects, speed=1, wait=False,
                        http={"ready": self.port},
                        before=lambda lab: lab.fake.script(fault, SERVICES, verb, times=1),
                        **options)

    def missing(self):
        """The body of /ready, which is no 200."""
        try:
            to = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            to.request("GET", "/ready")
            reply = to.getresponse()
            return reply.read().decode() if reply.status == 503 else ""
        except OSError:
            return ""

    def check(self, lab, line, word, expected):
        """Until /ready says so; then status does, and both say no more when all is there."""
        a = lab.subject.a
        lab.await_(line, lambda: line in self.missing().splitlines())
        self.assertIn(f"\nlisting      services {word}\n", a.ctl("status", "-i", a.instance)[1])
        resource = json.loads(a.ctl("status", "-i", a.instance, "-o", "json")[1])["resources"][1]
        self.assertEqual(resource["expected"], expected)
        self.assertGreater(resource["listed"], 0)
        self.go_on.set()
        lab.await_ready()
        harness.await_("readiness", lambda: self.missing() == "")
        self.assertNotIn("\nlisting ", a.ctl("status", "-i", a.instance)[1])

    @appliance_only
    def test_pages(self):
        """HR-02, WP-22: in pages the server says how many follow"""
        with self.listing(self.late, "page", first_list="fresh") as lab:
            self.check(lab, "services: initial list, 25 %", "25 %", 1999)

    @appliance_only
    def test_no_pages(self):
        """HR-02, WP-28: else it is known how many came"""
        with self.listing(self.half, "list") as lab:
            lab.await_("some of it", lambda: "so far" in self.missing())
            line, = (x for x in self.missing().splitlines() if "so far" in x)
            self.check(lab, line, line.partition(", ")[2], 0)


class Client(ApiTest):
    """Requests as client-go would count them (CM-27, CM-28)."""

    def scrape(self, lab):
        a = lab.subject.a
        return Scrape(a.ctl("metrics", "-i", a.instance, "coredns_kubernetes_rest")[1])

    @appliance_only
    def test_rest_client(self):
        """CM-27, CM-28: by code and host; lists are timed; waits for a token are"""
        def before(lab):
            lab.fake.script(faults.no_reply, SERVICES, "list", times=2)
            lab.fake.script(status(500, "InternalError"), "namespaces", "list", times=1)

        with self.lab(wait=False, before=before, more="api_qps = 1; api_burst = 1;") as lab:
            lab.await_ready()
            lab.fake.await_watches("namespaces", SERVICES, "endpointslices")
            host = lab.fake.url.partition("://")[2]
            name = "coredns_kubernetes_rest_client_"
            label = {"verb": "GET", "host": host}

            def counted():
                scrape = self.scrape(lab)
                by_code = {c: scrape.value(name + "requests_total", code=c, method="GET",
                                           host=host) for c in ("<error>", "500", "200")}
                # libcurl itself asks again, once, where a connection was used before.
                errors = by_code["<error>"] or 0
                lists = len(lab.fake.seen(None, "list page")) - (2 - errors)
                return (errors in (1, 2) and by_code["500"] == 1 and by_code["200"] >= 6
                        and scrape.value(name + "request_duration_seconds_count", **label)
                        == lists >= 5 and scrape)

            scrape = harness.await_("requests", counted)
            limited = name + "rate_limiter_duration_seconds"
            self.assertGreaterEqual(scrape.value(limited + "_count", **label), 8)
            self.assertGreater(scrape.value(limited + "_sum", **label), 1)
            self.assertGreater(scrape.value(name + "request_duration_seconds_sum", **label), 0)
            bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5",
                      "10", "+Inf"]
            for what in ("request", "rate_limiter"):
                self.assertEqual([dict(ls)["le"] for n, ls in scrape.families[
                    f"{name}{what}_duration_seconds"].samples if n.endswith("_bucket")], bounds)


if __name__ == "__main__":
    unittest.main()
