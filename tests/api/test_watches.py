"""Watches that do not begin (WP-35, WP-38, WP-51 to WP-5D): what is known stays, no list."""

import unittest

import faults
from faults import status
from lab import GONE, NEW, SPEED, ApiTest, add, appliance_only

SERVICES = "services"
RETRY_S = 30

# (rows, name, fault): nothing is listed again for these (RF-06).
WAITS = [
    ("WP-58, WP-38", "429_json", status(429, "TooManyRequests", {"Retry-After": str(RETRY_S)})),
    ("WP-58", "429_plain", status(429, "", {"Retry-After": str(RETRY_S)},
                                  plain="Too many requests, please try again later.\n")),
    ("WP-58", "429_bare", status(429, "TooManyRequests")),
    ("WP-59", "500", status(500, "InternalError")),
    ("WP-59", "502", status(502, "", plain="<html>Bad Gateway</html>")),
    ("WP-59", "503_retry", status(503, "ServiceUnavailable", {"Retry-After": str(RETRY_S)})),
    ("WP-59", "503_bare", status(503, "", plain="")),
    ("WP-59", "504_retry", status(504, "Timeout", {"Retry-After": str(RETRY_S)})),
    ("WP-59", "504_plain", status(504, "", plain="gateway time-out")),
    ("WP-04, WP-53", "401", status(401, "Unauthorized")),
    ("WP-54", "403", status(403, "Forbidden")),
    ("WP-55", "404_twice", status(404, "NotFound", plain="404 page not found\n")),
    ("WP-52", "ends_at_once", faults.ends_at_once),
    ("WP-51", "no_reply", faults.no_reply),
    ("WP-51", "reset_reply", faults.reset_reply),
    ("WP-60", "silent_reply", faults.silent_reply),
    ("WP-5D", "html", faults.html),
    ("WP-72", "endless_error", faults.endless_error),
    ("WP-72", "endless_head", faults.endless_head),
    ("WP-51", "301", status(301, "", {"Location": "https://127.0.0.1:1/"}, plain="")),
]


# Why a watch began again, as the controller counts it (MA-04).
REASONS = {"401": "auth", "403": "auth", "429": "throttled", "503": "transport"}


def waits(fault):
    def test(self):
        with self.lab() as lab:
            rv = lab.learn()
            mark = lab.fake.mark()
            lab.fake.script(fault, SERVICES, "watch", times=2)
            lab.fake.watches(SERVICES)[0].do("end")
            lab.await_resumed(SERVICES, mark, rv)
            failed = lab.fake.seen(SERVICES, "watch", mark, lambda r: r.note)
            self.assertEqual(len(failed), 2)
            code = str(failed[0].status)
            if code in ("401", "403", "404", "429", "500", "502", "503", "504"):
                lab.await_count(SERVICES, "requests", "watch", code, least=2)
            if code in REASONS:
                lab.await_count(SERVICES, "restarts", REASONS[code], least=2)
            if "retry" in self.id() or "429_json" in self.id() or "429_plain" in self.id():
                first, second = failed
                # At least as long as the server said; how much longer is not our business.
                self.assertGreater(second.at - first.at, RETRY_S / SPEED * 0.95)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()

    return test


class Waits(ApiTest):
    """The watch of Services is refused twice; it begins where it ended."""


for rows, name_, fault_ in WAITS:
    add(Waits, name_, f"{rows}: {name_}", waits(fault_))


class Expired(ApiTest):
    def relists(self, fault):
        """Both the watch and, at first, the list: nothing is swept by what fails."""
        with self.lab() as lab:
            lab.learn()
            mark = lab.fake.mark()
            lab.fake.script(faults.gone, SERVICES, "watch")
            lists = lab.fake.script(fault, SERVICES, "list", times=2)
            with lab.fake.store.lock:
                lab.fake.watches(SERVICES)[0].do("end")
                lab.fake.delete(GONE)
                lab.fake.store.compact(SERVICES)
            lab.await_("lists that fail", lambda: lists.hits >= 1)
            lab.gone_may_go()
            lab.settle()
            found = lab.fake.seen(SERVICES, "list", mark)
            first, last = found[0], found[-1]
            self.assertEqual(first.query.get("resourceVersionMatch"), "NotOlderThan")
            self.assertEqual(last.status, 200)
            lab.change_and_settle()
            return found

    def test_http_410(self):
        """WP-57, WP-36: HTTP 410, then 410 for the list at our version: unset"""
        found = self.relists(faults.gone)
        self.assertNotIn("resourceVersion", found[-1].query)

    def test_list_is_cut(self):
        """WP-57, WP-85: HTTP 410, then lists that are cut"""
        self.relists(faults.cut_body)

    def test_again_in_relist(self):
        """WP-57: compacted once more while the list is under way"""
        with self.lab() as lab:
            lab.learn()

            def compact(fake, x):
                fake.answer(x)
                fake.store.bump()
                fake.store.compact()

            lab.fake.script(compact, SERVICES, "list", times=2)
            mark = lab.fake.mark()
            lab.gone_may_go()
            lab.fake.expire(deleted=[GONE])
            lab.fake.await_request(SERVICES, "list", mark, count=2)
            lab.settle()
            lab.change_and_settle()

    def test_everything(self):
        """WP-57, SC-26: all resources at once: no answer changes"""
        with self.lab() as lab:
            for _ in range(3):
                mark = lab.fake.mark()
                lab.fake.await_watches("namespaces", SERVICES, "endpointslices")
                lab.fake.store.bump()
                lab.fake.expire()
                for resource in ("namespaces", SERVICES, "endpointslices"):
                    lab.fake.await_request(resource, "watch", mark)
                lab.polled()
            lab.change_and_settle()


class Storm(ApiTest):
    """A server that is in trouble is not stormed."""

    def test_ends_at_once(self):
        """WP-52, RF-01: every watch ends at once: back off"""
        with self.lab(speed=20, more="api_qps = 1000; api_burst = 1000;") as lab:
            rv = lab.learn()
            mark = lab.fake.mark()
            ends = lab.fake.script(faults.ends_at_once, SERVICES, "watch", times=None)
            lab.fake.watches(SERVICES)[0].do("end")
            lab.await_("watches", lambda: ends.hits >= 8)
            ends.stop()
            times = [r.at for r in lab.fake.seen(SERVICES, "watch", mark)]
            # Without a wait they would be a few milliseconds apart.
            self.assertGreater(times[7] - times[0], 0.1)
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    @appliance_only
    def test_gone_for_ever(self):
        """RF-17, WP-57: every list is old when the watch begins: no more than api_qps"""
        with self.lab(more="api_qps = 10; api_burst = 5;") as lab:
            gone = lab.fake.script(faults.gone, None, "watch", times=None)
            mark = lab.fake.mark()
            lab.fake.expire()
            lab.await_("requests", lambda: gone.hits >= 15)
            times = [r.at for r in lab.fake.seen(None, "list watch", mark)]
            self.assertGreater(times[-1] - times[0], (len(times) - 1 - 5) / 10 * 0.9)
            gone.stop()
            lab.change_and_settle()

    def test_403_others_go_on(self):
        """WP-54: one resource is denied for a while; the others are followed"""
        with self.lab() as lab:
            mark = lab.fake.mark()
            lab.fake.denied.add("endpointslices")
            lab.fake.watches("endpointslices")[0].do("end")
            lab.fake.await_request("endpointslices", "watch list", mark, count=3)
            lab.fake.apply(NEW)
            lab.await_new()
            lab.polled()
            lab.fake.denied.clear()
            lab.await_resumed("endpointslices", mark, 1000)
            lab.change_and_settle()




class Absent(ApiTest):
    def test_group_goes(self):
        """WP-55: 404 for long: what we ask for is in every cluster, so its objects stay"""
        with self.lab() as lab:
            mark = lab.fake.mark()
            lab.fake.absent.add("endpointslices")
            lab.fake.watches("endpointslices")[0].do("end")
            lab.fake.await_request("endpointslices", None, mark, count=5)
            lab.settle()
            lab.fake.absent.clear()
            lab.change_and_settle()


if __name__ == "__main__":
    unittest.main()
