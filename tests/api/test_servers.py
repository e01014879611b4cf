"""Servers that are out of reach, stop, or lose their memory (WP-13, WP-24, WP-40, AF-01)."""

import contextlib
import unittest

import faults
from lab import GONE, LISTED, NEW, ZONE, ApiTest, add, service, slice_

SERVICES = "services"

CONNECTIONS = [faults.reset_at_accept, faults.close_at_accept, faults.plain_text,
               faults.half_handshake, faults.hung_handshake]


def connection_fails(fault):
    def test(self):
        def before(lab):
            lab.fake.listeners[0].faults = [fault] * 4

        with self.lab(before=before) as lab:
            rv = lab.learn()
            mark, listener = lab.fake.mark(), lab.fake.listeners[0]
            accepted = listener.accepted
            listener.always = fault
            listener.kill_connections()
            lab.await_("connections that fail", lambda: listener.accepted >= accepted + 6)
            lab.fake.delete(GONE)
            lab.polled()
            lab.gone_may_go()
            listener.always = None
            lab.settle()
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    return test


class Connections(ApiTest):
    """Connections fail at the start and later; then the watch goes on from its version."""


for fault_ in CONNECTIONS:
    add(Connections, fault_.__name__, fault_.__doc__, connection_fails(fault_))


class Outage(ApiTest):
    def test_refused(self):
        """WP-51, RU-05, Z-07: no server for a while: answers stay, the watch goes on after"""
        with self.lab() as lab:
            rv = lab.learn()
            mark, listener = lab.fake.mark(), lab.fake.listeners[0]
            listener.close()
            lab.gone_may_go()
            lab.fake.delete(GONE)
            for _ in range(10):
                lab.polled()
            listener.open()
            lab.settle()
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    def test_at_start(self):
        """RU-01, RU-03, DM-08: no server at the start: SERVFAIL, and ready when it comes"""
        def before(lab):
            lab.fake.listeners[0].close()

        with self.lab(before=before, wait=False) as lab:
            lab.await_("SERVFAIL", lambda: lab.is_reference or (
                lab.subject.outcome("web." + ZONE, "A") or (0,))[0] == "SERVFAIL")
            lab.fake.listeners[0].open()
            lab.await_ready()
            lab.change_and_settle()

    def test_one_list_missing(self):
        """RU-08, RU-03, WP-54: no list of slices at the start: no name of all is answered"""
        def before(lab):
            lab.fake.denied.add("endpointslices")

        with self.lab(before=before, wait=False) as lab:
            lab.fake.await_request("endpointslices", "list", count=3)
            lab.fake.await_watches("namespaces", SERVICES)
            lab.await_("SERVFAIL", lambda: lab.is_reference or (
                lab.subject.outcome("web." + ZONE, "A") or (0,))[0] == "SERVFAIL")
            lab.polled()
            lab.fake.denied.clear()
            lab.await_ready()
            lab.settle()

    def test_gap(self):
        """PR-05, WP-57: away for so long that every version is too old"""
        with self.lab() as lab:
            listener = lab.fake.listeners[0]
            listener.close()
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.fake.apply(NEW)
            lab.fake.store.bump(1000)
            lab.fake.store.compact()
            lab.polled()
            listener.open()
            lab.settle()
            lab.change_and_settle()

    def test_stopped_in_watch(self):
        """AF-08, WP-60: the server stops (SIGSTOP) while streams are open, and goes on"""
        with self.lab(speed=60) as lab:
            lab.learn()
            listener = lab.fake.listeners[0]
            for w in lab.fake.watches():
                w.do("bookmark")
            lab.fake.apply(service("after-bookmark", ip="10.96.0.51"))
            lab.await_answer("after-bookmark." + ZONE, "A", "NOERROR", ["10.96.0.51"])
            streams = lab.fake.watches()
            listener.gate.clear()
            # Their own timers end them; the connections that follow come to nothing.
            lab.await_("streams given up", lambda: all(
                w not in lab.fake.watches() or w.left() for w in streams))
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.polled()
            listener.gate.set()
            lab.settle()
            lab.change_and_settle()

    def test_stopped_in_list(self):
        """WP-25, WP-85: the server stops in the middle of a list"""
        with self.lab() as lab:
            def stop(fake, x):
                octets = faults.body_of(fake, x)
                x.head(200, {"Content-Type": "application/json"}, len(octets))
                x.body(octets[:len(octets) // 2])
                fake.listeners[0].gate.clear()
                x.body(octets[len(octets) // 2:])
                x.end()

            stopped = lab.fake.script(stop, SERVICES, "list")
            lab.fake.expire(SERVICES, deleted=[GONE])
            lab.await_("a list that hangs", lambda: stopped.hits)
            lab.gone_stands()
            lab.gone_may_go()
            lab.fake.listeners[0].gate.set()
            lab.settle()
            lab.change_and_settle()

    def test_restarted(self):
        """WP-36, WP-38, WP-40: the server restarts: 429 at first, then old versions are gone"""
        with self.lab() as lab:
            listener = lab.fake.listeners[0]
            listener.close()
            warm = lab.fake.script(faults.status(429, "TooManyRequests", {"Retry-After": "1"}),
                                   None, "watch watchlist list probe", times=None)
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.fake.store.bump()
            lab.fake.store.compact()
            listener.open()
            lab.await_("requests", lambda: warm.hits >= 4)
            lab.polled()
            warm.stop()
            lab.settle()
            lab.change_and_settle()

    def test_resets(self):
        """R-18: every connection is reset, again and again, while objects change"""
        with self.lab() as lab:
            for i in range(8):
                lab.fake.await_watches(SERVICES)
                lab.fake.listeners[0].kill_connections()
                lab.fake.apply(service(f"r{i}", ip=f"10.96.5.{i}"))
                lab.await_answer(f"r{i}." + ZONE, "A", "NOERROR", [f"10.96.5.{i}"])
            lab.change_and_settle()


class Several(ApiTest):
    def test_one_dead(self):
        """WP-13: one of two servers is dead from the start"""
        def before(lab):
            lab.fake.listeners[0].close()

        with self.lab(listeners=2, before=before) as lab:
            lab.change_and_settle()

    def test_fails_over(self):
        """WP-13, WP-51: the server in use dies: the other one, from the same version"""
        with self.lab(listeners=2) as lab:
            for dead in (0, 1):
                rv = lab.learn() if dead == 0 else 1000
                mark = lab.fake.mark()
                lab.fake.listeners[dead].close()
                lab.polled()
                for resource in LISTED:
                    lab.fake.await_watches(resource)
                lab.no_list(SERVICES, mark)
                watches = lab.fake.seen(SERVICES, "watch", mark)
                self.assertTrue(all(int(w.query["resourceVersion"]) >= rv for w in watches))
                lab.fake.apply(service(f"over-{dead}", ip=f"10.96.6.{dead}"))
                lab.await_answer(f"over-{dead}." + ZONE, "A", "NOERROR", [f"10.96.6.{dead}"])
                lab.fake.listeners[dead].open()
            lab.change_and_settle()

    def test_sticky(self):
        """WP-13: without a failure all go to one server"""
        with self.lab(listeners=2) as lab:
            for _ in range(6):
                mark = lab.fake.mark()
                for w in lab.fake.watches():
                    w.do("bookmark")
                    w.do("end")
                for resource in LISTED:
                    lab.fake.await_request(resource, "watch", mark)
                lab.fake.await_watches(*LISTED)
            self.assertEqual(len({r.listener for r in lab.fake.seen()}), 1)

    def test_one_hangs(self):
        """WP-13, WP-63: one of two servers takes connections and never answers"""
        def before(lab):
            lab.fake.listeners[0].always = faults.hung_handshake

        with self.lab(listeners=2, before=before) as lab:
            lab.change_and_settle()


class History(ApiTest):
    """A server that was restored from a backup has lost what it told us (AF-01, WP-61)."""

    @contextlib.contextmanager
    def restored(self, regressed=True, **options):
        with self.lab(**options) as lab:
            saved = lab.fake.store.save()
            lab.learn()
            lab.fake.apply(NEW, slice_("db-3", "db", ["10.244.1.11"]))
            lab.poller.names = [q for q in lab.poller.names if q[0] != "db." + ZONE]
            lab.await_new()
            lab.settle()
            lab.fake.store.bump(1000)
            for w in lab.fake.watches():
                w.do("bookmark")
            lab.fake.apply(service("mark", ip="10.96.0.52"))
            lab.await_answer("mark." + ZONE, "A", "NOERROR", ["10.96.0.52"])
            mark = lab.fake.mark()
            yield lab, saved
            lab.settle()
            for resource in LISTED:
                lab.fake.await_request(resource, "list watchlist", mark)
            if regressed:
                lab.await_count(SERVICES, "regressions")
            lab.change_and_settle()

    def test_with_reset(self):
        """WP-61, WP-24: restored, connections end: the version has gone back, list anew"""
        with self.restored() as (lab, saved):
            lab.fake.store.restore(saved)
            lab.fake.listeners[0].kill_connections()

    def test_with_reset_watch_list(self):
        """WP-61, WP-45: the same with WatchList"""
        with self.restored(watch_list=True) as (lab, saved):
            lab.fake.store.restore(saved)
            lab.fake.listeners[0].kill_connections()

    def test_clean_end(self):
        """AF-01, WP-61: streams end cleanly: a watch ahead of the server is silent"""
        with self.restored(speed=60) as (lab, saved):
            with lab.fake.store.lock:
                lab.fake.store.restore(saved)
                for w in lab.fake.watches():
                    w.do("end")

    def test_silent(self):
        """WP-60, WP-61: streams stay and fall silent"""
        with self.restored(speed=60) as (lab, saved):
            lab.fake.store.restore(saved)

    def test_written(self):
        """WP-61: restored, and others write at once: the version is still behind ours"""
        with self.restored(speed=60) as (lab, saved):
            with lab.fake.store.lock:
                lab.fake.store.restore(saved)
                lab.fake.apply(service("other-history", ip="10.96.0.53"))
                for w in lab.fake.watches():
                    w.do("reset")

    def test_same_versions(self):
        """WP-62: restored, and past our version before we look: the audit finds it"""
        with self.restored(regressed=False, audit_s=300) as (lab, saved):
            with lab.fake.store.lock:
                ours = lab.fake.store.rv
                lab.fake.store.restore(saved)
                lab.fake.store.bump(ours + 5 - lab.fake.store.rv)
                for w in lab.fake.watches():
                    w.do("reset")

    def test_between_list_and_watch(self):
        """AF-01, WP-61: the list is of one server, the watch goes to one that is behind"""
        with self.lab(speed=60) as lab:
            saved = []

            def ahead(fake, x):
                with fake.store.lock:
                    saved.append(fake.store.save())
                    fake.store.bump(500)
                    fake.apply(service("not-for-long", ip="10.96.0.54"))
                    body = fake.list_body(x.request)
                    fake.store.restore(saved[0])
                x.reply(200, faults.dump(body))

            lab.fake.script(ahead, SERVICES, "list")
            lab.fake.expire(SERVICES)
            lab.await_("the list", lambda: saved)
            lab.settle()
            lab.absent("not-for-long")
            lab.change_and_settle()

    def test_too_large(self):
        """WP-24, WP-5A: 504 for the list at our version: the next one has none"""
        with self.lab() as lab:
            lab.learn()
            saved = lab.fake.store.save()
            lab.fake.store.bump(100)
            for w in lab.fake.watches():
                w.do("bookmark")
            lab.fake.apply(service("mark", ip="10.96.0.52"))
            lab.await_answer("mark." + ZONE, "A", "NOERROR", ["10.96.0.52"])
            mark = lab.fake.mark()
            with lab.fake.store.lock:
                lab.fake.store.restore(saved)
                for w in lab.fake.watches():
                    w.do("push", b"}garbage")
            lab.settle()
            lists = lab.fake.seen(SERVICES, "list", mark)
            self.assertNotIn("resourceVersion", lists[-1].query)
            lab.absent("mark")
            lab.change_and_settle()


if __name__ == "__main__":
    unittest.main()
