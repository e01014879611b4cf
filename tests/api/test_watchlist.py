"""WatchList: the state as a stream, refusals, streams that break in it (WP-45 to WP-49)."""

import unittest

import faults
from faults import status
from lab import GONE, LISTED, ZONE, ApiTest, add

SERVICES = "services"

FAILURES = [
    faults.initial_cut, faults.initial_reset, faults.no_initial_end,
    faults.initial_error(410, "Expired"), faults.initial_error(500, "InternalError"),
    faults.initial_error(504, "Timeout"), faults.html, faults.no_reply, faults.reset_reply,
    faults.silent_reply, faults.gone, faults.ends_at_once, faults.endless_head,
    status(500, "InternalError"), status(503, "ServiceUnavailable", {"Retry-After": "1"}),
    status(429, "TooManyRequests", {"Retry-After": "1"}), status(401, "Unauthorized"),
    status(403, "Forbidden"),
]


def fails(fault):
    def test(self):
        with self.lab(watch_list=True, wait=False, before=lambda lab: lab.fake.script(
                fault, SERVICES, "watchlist", times=1)) as lab:
            lab.await_ready()
            lab.fake.await_watches(*LISTED)
            self.assertEqual(lab.fake.scripts[0].hits, 1)
            # Later, with lists that fail as well: nothing is swept.
            stream = lab.fake.script(fault, SERVICES, "watchlist", times=None)
            lists = lab.fake.script(faults.cut_body, SERVICES, "list page", times=None)
            lab.fake.expire(SERVICES, deleted=[GONE])
            lab.await_("failures", lambda: stream.hits + lists.hits >= 2)
            lab.gone_stands()
            lab.gone_may_go()
            stream.stop()
            lists.stop()
            lab.await_answer("gone." + ZONE, "A", "NXDOMAIN")
            lab.change_and_settle()

    return test


class Fails(ApiTest):
    """The WatchList of Services fails at the start and later."""


for fault_ in FAILURES:
    add(Fails, fault_.__name__, fault_.__doc__, fails(fault_))


class WatchList(ApiTest):
    def test_alone(self):
        """WP-45, WP-28: the state comes as a stream, which goes on as a watch: no list"""
        with self.lab(watch_list=True) as lab:
            for resource in LISTED:
                self.assertEqual([r.verb for r in lab.fake.seen(
                    resource, "list page watchlist watch")], ["watchlist"])
            lab.change_and_settle()
            for resource in LISTED:
                self.assertEqual(lab.fake.seen(resource, "list page"), [])

    def test_relist(self):
        """WP-57, WP-85: after 410 the state comes as a stream again, and sweeps"""
        with self.lab(watch_list=True) as lab:
            mark = lab.fake.mark()
            lab.gone_may_go()
            lab.fake.expire(deleted=[GONE])
            lab.settle()
            again, = lab.fake.await_request(SERVICES, "watchlist", mark)[:1]
            self.assertGreater(int(again.query.get("resourceVersion") or 1), 0)
            lab.change_and_settle()

    def refused(self, how):
        """(requests before a relist, requests of the relist)"""
        def before(lab):
            lab.fake.watch_list = how

        with self.lab(watch_list=True, before=before) as lab:
            mark = lab.fake.mark()
            lab.gone_may_go()
            lab.fake.expire(deleted=[GONE])
            lab.settle()
            lab.fake.await_watches(*LISTED)
            lab.change_and_settle()
            return [[r.verb for r in lab.fake.seen(SERVICES, "list watchlist", since)]
                    for since in (0, mark)]

    def test_off(self):
        """WP-47, WP-56: 422: lists, and it is not asked for again"""
        all_, later = self.refused("off")
        self.assertEqual(all_[0], "watchlist")
        self.assertEqual(later, ["list"])

    def test_bad_request(self):
        """WP-47, WP-56: 400: the same"""
        all_, later = self.refused("400")
        self.assertEqual(all_[0], "watchlist")
        self.assertEqual(later, ["list"])

    def test_old_etcd(self):
        """WP-47: ERROR in the stream: lists"""
        all_, later = self.refused("error")
        self.assertEqual(all_[0], "watchlist")
        self.assertIn("list", later)

    def test_no_end(self):
        """WP-49: the state, and no word that it is all: a list long before the time-out"""
        def before(lab):
            lab.fake.script(faults.no_initial_end, SERVICES, "watchlist", times=None)

        with self.lab(watch_list=True, before=before, wait=False) as lab:
            lab.await_ready()
            stream = lab.fake.seen(SERVICES, "watchlist")[0]
            after = lab.fake.seen(SERVICES, "list")[0]
            self.assertLess(after.at, stream.at + int(stream.query["timeoutSeconds"]))
            lab.fake.await_watches(*LISTED)
            lab.change_and_settle()

    def test_dripping(self):
        """R-18: the state, octet by octet"""
        def before(lab):
            lab.fake.script(faults.dripping, None, "watchlist", times=None)

        with self.lab(watch_list=True, before=before) as lab:
            lab.change_and_settle()


if __name__ == "__main__":
    unittest.main()
