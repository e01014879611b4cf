"""Watches that break or carry odd events (WP-31 to WP-36, WP-51, WP-5B, WP-5C, WP-60, WP-79)."""

import unittest

import faults
from faults import stream_error
from lab import GONE, NEW, ZONE, ApiTest, add, namespace, service, slice_

SERVICES = "services"

# After these the watch goes on from the last version, without a list.
RESUMES = [
    faults.stream_cut, faults.stream_cut_in_utf8, faults.stream_reset, faults.stream_fin,
    faults.stream_end, faults.stream_silent, stream_error(500, "InternalError"),
]

# These may only be mended by a list.
LISTS = [
    faults.stream_half_end, faults.stream_garbage, faults.stream_bad_utf8,
    stream_error(410, "Expired", "too old resource version: 1 (2)"),
]

# These do not end the stream.
GOES_ON = [
    faults.stream_nameless, faults.stream_long_string,
    faults.stream_large, faults.stream_bookmarks, faults.stream_odd_bookmarks,
    faults.stream_spaces, faults.stream_unknown_deleted,
]

# These may end it; nothing of them is believed.
ANYHOW = [
    faults.stream_unknown_type, faults.stream_no_type, faults.stream_null_object,
    faults.stream_deep, faults.stream_huge,
]

CHANGES = [
    faults.duplicated, faults.reordered, faults.unseparated, faults.type_last,
    faults.indented_events, faults.all_added, faults.all_modified, faults.deleted_broken,
    faults.dripping, faults.trickling(5000),
]


# Why a watch began again, as the controller counts it (MA-04).
REASONS = {
    "stream_cut": "transport", "stream_cut_in_utf8": "transport", "stream_reset": "transport",
    "stream_fin": "transport", "stream_end": "clean", "stream_silent": "stall",
    "stream_error_500": "error", "stream_half_end": "parse", "stream_garbage": "parse",
    "stream_bad_utf8": "parse", "stream_error_410": "expired",
}


def resumes(fault):
    def test(self):
        with self.lab() as lab:
            rv = lab.learn()
            for _ in range(2):
                mark = lab.fake.mark()
                lab.fake.await_watches(SERVICES)
                stream = lab.fake.watches(SERVICES)[0]
                fault(stream)
                watch = lab.await_resumed(SERVICES, mark, rv)
                if fault not in (faults.stream_end, faults.stream_silent):
                    # WP-61: abnormal ends are followed by a look at the server's version.
                    lab.fake.await_request(SERVICES, "probe", mark)
                # WP-60: not for its own time-out, which comes twice as late as the stall.
                self.assertLess(watch.at, stream.ends)
                rv = max(rv, int(watch.query["resourceVersion"]))
            lab.await_count(SERVICES, "restarts", REASONS[fault.__name__], least=2)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()
            lab.absent("torn")

    return test


def lists(fault):
    def test(self):
        with self.lab() as lab:
            lab.learn()
            mark = lab.fake.mark()
            fault(lab.fake.watches(SERVICES)[0])
            lab.fake.await_request(SERVICES, "list watchlist", mark)
            lab.fake.await_watches(SERVICES)
            reason = REASONS[fault.__name__]
            lab.await_count(SERVICES, "restarts", reason)
            lab.await_count(SERVICES, "relists", reason)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()
            lab.absent("torn")

    return test


def goes_on(fault):
    def test(self):
        with self.lab() as lab:
            lab.learn()
            mark = lab.fake.mark()
            stream = lab.fake.watches(SERVICES)[0]
            fault(stream)
            lab.fake.apply(NEW)
            lab.await_new()
            self.assertIn(stream, lab.fake.watches(SERVICES), "the stream was given up")
            if fault in (faults.stream_nameless, faults.stream_long_string):
                lab.await_count(SERVICES, "dropped")
            lab.no_list(SERVICES, mark)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()
            lab.absent("torn", "never-there")

    return test


def anyhow(fault):
    def test(self):
        with self.lab() as lab:
            lab.learn()
            fault(lab.fake.watches(SERVICES)[0])
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()
            lab.absent("torn")

    return test


def changes(fault):
    def test(self):
        def before(lab):
            lab.fake.script(fault, None, "watch", times=None)

        with self.lab(before=before) as lab:
            mark = lab.fake.mark()
            lab.gone_may_go()
            # Several in one go, also of one object.
            with lab.fake.store.lock:
                lab.fake.apply(namespace("late"), *(
                    service(n, ip=f"10.96.0.2{i}") for i, n in enumerate("abc")))
                lab.fake.delete(GONE)
                lab.fake.apply(service("a", ip="10.96.0.31"))
                lab.fake.delete(service("b"))
                lab.fake.apply(service("b", ip="10.96.0.32"), service("d", "late", "10.96.0.33"),
                               slice_("a-1", "a", ["10.244.3.1"]))
                lab.fake.delete(service("c"))
            lab.settle()
            lab.change_and_settle()
            if fault is not faults.reordered:  # that one is noticed, and listed again
                lab.no_list(SERVICES, mark)

    return test


class Resumes(ApiTest):
    """The stream ends; the next begins where it ended."""


class Lists(ApiTest):
    """The stream says what cannot be true: everything is listed again."""


class GoesOn(ApiTest):
    """An event that is left out, or odd and right; the stream goes on."""


class Anyhow(ApiTest):
    """An event that is not believed."""


class Changes(ApiTest):
    """Events that are duplicated, reordered, written in another way, or slow."""


for case_, make, faults_ in ((Resumes, resumes, RESUMES), (Lists, lists, LISTS),
                             (GoesOn, goes_on, GOES_ON), (Anyhow, anyhow, ANYHOW),
                             (Changes, changes, CHANGES)):
    for fault_ in faults_:
        add(case_, fault_.__name__, fault_.__doc__, make(fault_))
del case_


class Silent(ApiTest):
    def test_without_bookmarks(self):
        """WP-60: a stream that never had a bookmark ends some time after its own time-out"""
        with self.lab(speed=120) as lab:
            rv = lab.learn()
            mark = lab.fake.mark()
            lab.fake.bookmark_s = 1e9
            lab.fake.watches(SERVICES)[0].do("end")
            lab.fake.await_request(SERVICES, "watch", mark)
            mark = lab.fake.mark()
            lab.fake.await_watches(SERVICES)
            lab.fake.watches(SERVICES)[0].do("silence")
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    def test_many_errors(self):
        """WP-5B, RF-08: three errors of the server in a row: a list"""
        def error(fake, x):
            x.head(200, {"Content-Type": "application/json"})
            x.body(fake.event(x.request, "ERROR", {
                "kind": "Status", "status": "Failure", "code": 500,
                "reason": "InternalError", "message": "scripted"}))
            x.end()

        with self.lab() as lab:
            lab.learn()
            mark = lab.fake.mark()
            lab.fake.script(error, SERVICES, "watch", times=None,
                            where=lambda r: not lab.fake.seen(SERVICES, "list", mark))
            lab.fake.watches(SERVICES)[0].do("end")
            lab.fake.await_request(SERVICES, "list", mark)
            self.assertGreaterEqual(len(lab.fake.seen(SERVICES, "watch", mark)), 2)
            lab.change_and_settle()


class Lost(ApiTest):
    def test_audit(self):
        """WP-62: an event that never came is found by the audit"""
        with self.lab(audit_s=300) as lab:
            mark = lab.fake.mark()
            lab.fake.watches(SERVICES)[0].change = faults.lost
            lab.fake.apply(NEW)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.settle()
            self.assertTrue(lab.fake.seen(SERVICES, "list", mark))
            lab.await_count(SERVICES, "relists", "audit")
            lab.await_count(SERVICES, "audit_differences", least=2)


class Ends(ApiTest):
    def test_by_time(self):
        """WP-35, WP-34: time-outs: again at once, from the last bookmark, without a list"""
        with self.lab(speed=300) as lab:
            marks = lab.fake.mark()
            rv = lab.fake.store.bump(50)  # bookmarks carry what no event of ours does
            watches = lab.fake.await_request(SERVICES, "watch", marks, count=4)
            self.assertGreaterEqual(int(watches[-1].query["resourceVersion"]), rv)
            lab.no_list(SERVICES, marks)
            lab.no_list("endpointslices", marks)
            lab.change_and_settle()

    def test_all_at_once(self):
        """WP-40: the server ends, all streams with it, and comes again"""
        with self.lab() as lab:
            for how in (True, False):
                mark = lab.fake.mark()
                lab.fake.listeners[0].kill_connections(reset=how)
                for resource in ("namespaces", SERVICES, "endpointslices"):
                    lab.await_resumed(resource, mark, 1000)
            lab.change_and_settle()


class Names(ApiTest):
    def test_learnt(self):
        """WP-32, WP-89: an address changes, a type changes, an object comes again"""
        with self.lab() as lab:
            name = "shift." + ZONE
            for spec in ({"ip": "10.96.0.41"}, {"ip": "10.96.0.42"}, {"ip": "None"}):
                lab.fake.apply(service("shift", **spec))
                lab.settle()
            lab.fake.delete(service("shift"))
            lab.await_answer(name, "A", "NXDOMAIN")
            lab.fake.apply(service("shift", ip="10.96.0.43"))
            lab.await_answer(name, "A", "NOERROR", ["10.96.0.43"])
            lab.settle()


if __name__ == "__main__":
    unittest.main()
