"""Around the watches: probes, reloads, a controller that dies, lists that lack too much.

WP-61 (probes), EV-06 and RU-05 (reload, restart), WP-90 (the guard), OB-N2 (no Namespaces).
"""

import os
import signal
import unittest

import faults
from faults import status
from lab import (GONE, LISTED, NEW, ZONE, ApiTest, add, appliance_only, harness, namespace,
                 service, standing)

SERVICES = "services"

PROBES = [faults.html, faults.half_json, faults.cut_body, faults.no_reply, faults.reset_reply,
          faults.other_kind, faults.no_version, faults.gone, status(500, "InternalError"),
          status(429, "TooManyRequests"), status(401, "Unauthorized"),
          status(403, "Forbidden"), status(404, "", plain="404 page not found\n")]


def probe_fails(fault):
    def test(self):
        with self.lab(speed=300) as lab:
            mark = lab.fake.mark()
            script = lab.fake.script(fault, None, "probe", times=4)
            lab.await_("probes", lambda: script.hits >= 4)
            lab.fake.await_request(SERVICES, "probe", mark, where=lambda r: not r.note)
            for resource in LISTED:
                lab.no_list(resource, mark)
            lab.change_and_settle()

    return test


class Probes(ApiTest):
    """WP-61: a probe that fails says nothing about the stream."""

    def test_hangs(self):
        """WP-61: a probe that is never answered is given up; the next one finds the truth"""
        with self.lab(speed=60) as lab:
            saved = lab.fake.store.save()
            lab.learn()
            hung = lab.fake.script(faults.silent_reply, None, "probe", times=3)
            lab.await_("probes that hang", lambda: hung.hits >= 3)
            lab.fake.store.restore(saved)
            lab.settle()
            lab.change_and_settle()


for fault_ in PROBES:
    add(Probes, fault_.__name__, fault_.__doc__, probe_fails(fault_))


@appliance_only
class Reload(ApiTest):
    """A reload that changes where objects come from, or which: no answer is lost."""

    def reload(self, lab, **change):
        a = lab.subject.a
        for key, value in change.items():
            setattr(a, key, value)
        a.write_config()
        done = len(a.log_lines("reload done"))
        os.kill(a.pid, signal.SIGHUP)
        lab.await_("a reload", lambda: len(a.log_lines("reload done")) > done)

    @appliance_only
    def test_options(self):
        """EV-06, RU-05: other options of the watch"""
        with self.lab() as lab:
            a = lab.subject.a
            for old, new in (("watch_list = false", "watch_list = true"),
                             ('audit = "36000s"', 'audit = "1800s"'),
                             ("test_speedup = 30", "test_speedup = 20")):
                mark = lab.fake.mark()
                self.reload(lab, kubernetes=a.kubernetes.replace(old, new))
                lab.fake.await_request(SERVICES, "list watchlist", mark)
            lab.speed = 20
            lab.allow.add("WP-30")  # two speeds in one test
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()

    @appliance_only
    def test_selection(self):
        """RO-06, RO-08: namespaces are taken away and given back"""
        objects = standing() + [namespace("other"), service("far", "other", "10.96.7.3")]
        with self.lab(objects=objects) as lab:
            lab.settle()
            inside = lab.subject.a.kubernetes
            self.reload(lab, kubernetes=inside + ' namespaces = [ "shop" ];')
            lab.settings["namespaces"] = ["shop"]
            lab.settle()
            self.reload(lab, kubernetes=inside + ' namespaces = [ "shop", "other" ];')
            lab.settings["namespaces"] = ["shop", "other"]
            lab.settle()
            self.reload(lab, kubernetes=inside)
            del lab.settings["namespaces"]
            lab.settle()
            lab.change_and_settle()

    @appliance_only
    def test_other_token_file(self):
        """WP-08, WP-09: another user in the kubeconfig"""
        with self.lab() as lab:
            lab.tokens.add("token-7")
            lab.fake.tokens.add("token-7")
            lab.files.kubeconfig(lab.fake.url, user="token: token-7")
            self.reload(lab)
            lab.fake.tokens.discard("token-1")
            lab.fake.listeners[0].kill_connections()
            lab.change_and_settle()

    @appliance_only
    def test_broken_kubeconfig(self):
        """WP-08, WP-11: a kubeconfig that cannot be read any more changes nothing"""
        with self.lab() as lab:
            harness.write_whole(lab.kubeconfig, "apiVersion: v1\nclusters: [}\n")
            os.kill(lab.subject.a.pid, signal.SIGHUP)
            lab.polled()
            lab.fake.listeners[0].kill_connections()
            lab.polled()
            lab.files.kubeconfig(lab.fake.url)
            os.kill(lab.subject.a.pid, signal.SIGHUP)
            lab.change_and_settle()


@appliance_only
class Killed(ApiTest):
    """RU-05: workers go on with what they have."""

    def kill(self, lab):
        a, lab.controller_dies = lab.subject.a, True
        ready = len(a.log_lines("controller ready"))
        os.kill(a.controller_pid, signal.SIGKILL)
        lab.await_("another controller",
                   lambda: len(a.log_lines("controller ready")) > ready)

    @appliance_only
    def test_with_server(self):
        """RU-05, G3: the controller dies; its successor lists, nothing is missing meanwhile"""
        with self.lab() as lab:
            for _ in range(3):
                self.kill(lab)
                lab.polled()
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.change_and_settle()

    @appliance_only
    def test_without_server(self):
        """RU-05, RU-08: it dies while there is no server: the last generation stands"""
        with self.lab() as lab:
            lab.fake.listeners[0].close()
            self.kill(lab)
            lab.fake.delete(GONE)
            lab.fake.apply(NEW)
            for _ in range(5):
                lab.polled()
            lab.gone_stands()
            lab.gone_may_go()
            lab.fake.listeners[0].open()
            lab.settle()
            lab.change_and_settle()

    @appliance_only
    def test_lists_fail_after(self):
        """RU-05, RU-08, WP-85: it dies, and one list after another fails for its successor"""
        with self.lab() as lab:
            denied = lab.fake.script(faults.cut_body, "endpointslices", "list", times=None)
            self.kill(lab)
            lab.await_("lists that fail", lambda: denied.hits >= 3)
            lab.fake.delete(GONE)
            lab.gone_stands()
            lab.gone_may_go()
            denied.stop()
            lab.settle()


@appliance_only
class Guard(ApiTest):
    """WP-90: a complete list that lacks most of what was there is not believed at once."""

    many = [service(f"m{i:03d}", ip=f"10.97.{i // 250}.{i % 250}") for i in range(300)]

    def held(self, lab):
        """Most Services are missing from a list; one is new in it."""
        lab.await_answer("m299." + ZONE, "A", "NOERROR", ["10.97.1.49"])
        lab.fake.expire(SERVICES, deleted=self.many, applied=[NEW])
        lab.await_new()

    @appliance_only
    def test_held(self):
        """WP-90: for publish.hold; what is new is there at once"""
        with self.lab(objects=standing() + self.many,
                      more='}; publish: { hold = "5s";') as lab:
            self.held(lab)
            for name in ("m000", "m299"):
                self.assertEqual(lab.subject.outcome(f"{name}.{ZONE}", "A")[0], "NOERROR")
            lab.settle()

    @appliance_only
    def test_brought_back(self):
        """WP-90: another list brings them back before"""
        with self.lab(objects=standing() + self.many,
                      more='}; publish: { hold = "3600s";') as lab:
            self.held(lab)
            lab.fake.expire(SERVICES, applied=self.many)
            lab.fake.await_watches(SERVICES)
            lab.settle()
            lab.fake.delete(self.many[0])
            lab.settle()

    @appliance_only
    def test_successor(self):
        """WP-90, RU-05: the first generation of a controller that succeeds another is held"""
        with self.lab(objects=standing() + self.many,
                      more='}; publish: { hold = "5s";') as lab:
            a, lab.controller_dies = lab.subject.a, True
            lab.await_answer("m299." + ZONE, "A", "NOERROR", ["10.97.1.49"])
            lab.fake.listeners[0].close()
            ready = len(a.log_lines("controller ready"))
            os.kill(a.controller_pid, signal.SIGKILL)
            lab.await_("another controller",
                       lambda: len(a.log_lines("controller ready")) > ready)
            for obj in self.many:
                lab.fake.delete(obj)
            lab.fake.listeners[0].open()
            a.await_log("first generation is held")
            lab.polled()
            self.assertEqual(lab.subject.outcome("m000." + ZONE, "A")[0], "NOERROR")
            lab.settle()

    @appliance_only
    def test_events(self):
        """WP-90: single DELETED events are believed"""
        with self.lab(objects=standing() + self.many) as lab:
            with lab.fake.store.lock:
                for obj in self.many:
                    lab.fake.delete(obj)
            lab.settle()


@appliance_only
class NoNamespaces(ApiTest):
    """OB-N2: the right to list Namespaces is missing."""

    @appliance_only
    def test_never_allowed(self):
        """OB-N2, RU-07: they follow from Services, and complete it is all the same"""
        def before(lab):
            lab.fake.denied.add("namespaces")

        with self.lab(before=before, wait=False) as lab:
            lab.poller.names = [q for q in lab.poller.names if q[0] != ZONE]
            lab.await_ready()
            lab.polled()
            lab.fake.apply(NEW)
            lab.await_new()
            lab.fake.denied.clear()
            lab.fake.await_watches("namespaces")
            lab.change_and_settle()

    @appliance_only
    def test_taken_away(self):
        """WP-54: the right is taken away later: what is known of Namespaces stays"""
        with self.lab() as lab:
            lab.fake.denied.add("namespaces")
            mark = lab.fake.mark()
            lab.fake.watches("namespaces")[0].do("end")
            lab.fake.await_request("namespaces", None, mark, count=5)
            lab.polled()
            lab.settle()
            lab.fake.denied.clear()
            lab.change_and_settle()


class Replies(ApiTest):
    """Ways of HTTP that are right: they are taken (WP-72)."""

    def odd_head(self, head):
        def reply(fake, x):
            octets = faults.body_of(fake, x)
            x.request.status = 200
            x.write(head.replace("LENGTH", str(len(octets))).encode() + octets)
            x.done = True
            if "close" in head.lower() or "LENGTH" not in head:
                x.cut()

        with self.lab(wait=False, before=lambda lab: lab.fake.script(
                reply, None, "list", times=None)) as lab:
            lab.await_ready()
            lab.fake.await_watches(*LISTED)
            self.assertEqual([len(lab.fake.seen(r, "list")) for r in LISTED], [1, 1, 1])
            lab.gone_may_go()
            lab.fake.expire(deleted=[GONE])
            lab.settle()

    def test_other_case(self):
        """Names of headers in other letters, parameters of the type"""
        self.odd_head("HTTP/1.1 200 \r\ncontent-TYPE:application/json;charset=utf-8\r\n"
                      "CONTENT-length: LENGTH\r\n\r\n")

    @appliance_only
    def test_early(self):
        """1xx before the reply"""
        self.odd_head("HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Content-Length: LENGTH\r\n\r\n")

    def test_close(self):
        """Connection: close"""
        self.odd_head("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Connection: close\r\nContent-Length: LENGTH\r\n\r\n")


if __name__ == "__main__":
    unittest.main()
