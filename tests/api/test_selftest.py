"""The fake and its faults are right: support for the other tests of this folder.

curl and the reference client of this folder see what a client has to see. Every test of a
table runs with the reference client too: the fault does happen, and can be survived.
"""

import importlib
import json
import subprocess
import tempfile
import shutil
import unittest

import fakeapi
import faults
from lab import LISTED, harness, namespace, service

TABLES = ("test_lists", "test_streams", "test_watches", "test_watchlist", "test_servers",
          "test_credentials", "test_requests", "test_random",
          "test_life")


def reference_class(case):
    """The tests of a class, with the reference client."""
    found = type("Reference" + case.__name__, (case,), {"reference": True})
    for name in dir(case):
        if name.startswith("test_") and getattr(getattr(case, name), "appliance_only", False):
            setattr(found, name, None)
    return found


def take_tables():
    for table in TABLES:
        module = importlib.import_module(table)
        for case in list(vars(module).values()):
            if isinstance(case, type) and issubclass(case, unittest.TestCase) and (
                    case.__module__ == table):
                made = reference_class(case)
                made.__module__ = __name__
                globals()[made.__name__] = made


take_tables()


class Curl(unittest.TestCase):
    """What curl gets from the fake."""

    def setUp(self):
        harness.need("curl")
        self.directory = tempfile.mkdtemp(prefix="shmdns-api-")
        self.fake = fakeapi.FakeAPI(self.directory, speed=60)
        self.first = self.fake.apply(namespace("shop"), service("web"), service("api"))

    def tearDown(self):
        self.fake.close()
        shutil.rmtree(self.directory)
        self.assertEqual(self.fake.errors, [])

    def command(self, path, *more, token="token-1"):
        return ["curl", "-sS", "-N", "--cacert", self.fake.authority.cert, "-w",
                "\n%{http_code} %header{content-encoding}", "-H",
                f"Authorization: Bearer {token}", self.fake.url + path, *more]

    def curl(self, path, *more, token="token-1"):
        """(curl's exit status, HTTP status, body)"""
        done = subprocess.run(self.command(path, *more, token=token), capture_output=True,
                              text=True, timeout=30)
        body, _, last = done.stdout.rpartition("\n")
        return done.returncode, int(last.split()[0]), body

    def get(self, path, want=200, **options):
        code, status, body = self.curl(path, **options)
        self.assertEqual((code, status), (0, want), body)
        return json.loads(body)

    def events(self, path, *more, code=0):
        found, status, body = self.curl(path, *more)
        self.assertEqual((found, status), (code, 200), body)
        return [json.loads(line) for line in body.splitlines()]

    def test_list(self):
        """WP-20, WP-22, WP-75: lists, pages of one version, and what is refused"""
        whole = self.get("/api/v1/services")
        self.assertEqual([i["metadata"]["name"] for i in whole["items"]], ["api", "web"])
        self.assertNotIn("kind", whole["items"][0])
        first = self.get("/api/v1/services?limit=1")
        token = first["metadata"]["continue"]
        self.fake.apply(service("zoo"), service("web", ip="10.96.0.9"))
        second = self.get(f"/api/v1/services?limit=1&continue={token}")
        self.assertEqual(second["metadata"], {"resourceVersion": str(self.first)})
        self.assertEqual(second["items"][0]["spec"]["clusterIP"], "10.96.0.1")
        self.get(f"/api/v1/services?limit=1&continue={token}&resourceVersion=5", 400)
        self.get("/api/v1/services?continue=garbage", 400)
        self.get("/api/v1/services?resourceVersionMatch=Exact", 422)
        self.assertEqual(len(self.get("/api/v1/services?resourceVersion=0&limit=1")["items"]), 3)
        then = f"/api/v1/services?resourceVersion={self.first}"
        self.assertEqual(len(self.get(then + "&resourceVersionMatch=Exact")["items"]), 2)
        self.assertEqual(len(self.get(then + "&resourceVersionMatch=NotOlderThan")["items"]), 3)
        self.assertEqual(len(self.get(then + "&limit=5")["items"]), 2)
        self.fake.store.compact()
        gone = self.get(f"/api/v1/services?limit=1&continue={token}", 410)
        self.assertIn("continue", gone["metadata"])
        self.get(then + "&resourceVersionMatch=Exact", 410)
        self.assertEqual(len(self.get(then)["items"]), 3)

    def test_ahead(self):
        """WP-24: a version ahead of the server"""
        status = self.get("/api/v1/services?resourceVersion=999999", 504)
        self.assertEqual(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge")

    def test_selectors(self):
        """WP-17: by namespace, labels, fields"""
        self.fake.apply({**service("x"), "metadata": {
            "name": "x", "namespace": "other", "labels": {"app": "a"}}})

        def names(query):
            return [i["metadata"]["name"] for i in self.get(query)["items"]]

        self.assertEqual(names("/api/v1/namespaces/other/services"), ["x"])
        self.assertEqual(names("/api/v1/services?labelSelector=app%3Da"), ["x"])
        self.assertEqual(names("/api/v1/services?labelSelector=app!%3Da"), ["api", "web"])
        self.assertEqual(names("/api/v1/services?fieldSelector=metadata.name%3Dweb"), ["web"])

    def test_who(self):
        """401, 403, 404"""
        self.get("/api/v1/services", 401, token="other")
        self.fake.denied.add("services")
        self.get("/api/v1/services", 403)
        self.assertEqual(self.curl("/apis/none/v1/things")[1], 404)

    def test_gzip(self):
        """WP-26: a large list in one member, when it is asked for"""
        self.fake.gzip_above = 10
        code, status, body = self.curl("/api/v1/services", "--compressed")
        self.assertEqual((code, status, len(json.loads(body)["items"])), (0, 200, 2))
        self.fake.script(faults.two_members, "services", "list")
        code, _, body = self.curl("/api/v1/services", "--compressed")
        self.assertTrue(code != 0 or len(json.loads(body)["items"]) == 2)  # AF-03

    def test_metadata_only(self):
        """WP-15"""
        accept = "Accept: application/json;as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1"
        _, _, body = self.curl("/api/v1/namespaces", "-H", accept % "List")
        body = json.loads(body)
        self.assertEqual(body["kind"], "PartialObjectMetadataList")
        self.assertNotIn("status", body["items"][0])
        event, *_ = self.events("/api/v1/namespaces?watch=1&timeoutSeconds=1", "-H", accept % "")
        self.assertEqual(event["object"]["kind"], "PartialObjectMetadata")

    def watch(self, query=""):
        return f"/api/v1/services?watch=1&resourceVersion={self.first}&{query}"

    def test_watch(self):
        """WP-30 to WP-34: events after a version, bookmarks, the end"""
        self.fake.apply(service("new"))
        self.fake.delete(service("api"))
        events = self.events(self.watch("timeoutSeconds=2&allowWatchBookmarks=true"))
        self.assertEqual([e["type"] for e in events[:3]], ["ADDED", "DELETED", "BOOKMARK"])
        self.assertEqual(events[1]["object"]["metadata"]["resourceVersion"],
                         str(self.fake.store.rv))
        self.assertEqual(events[-1]["type"], "BOOKMARK")
        self.assertEqual([e["type"] for e in self.events(self.watch("timeoutSeconds=2"))],
                         ["ADDED", "DELETED"])

    def test_watch_expired(self):
        """WP-36: one ERROR event, then the end"""
        self.fake.apply(service("new"))
        self.fake.store.compact()
        event, = self.events(self.watch())
        self.assertEqual((event["type"], event["object"]["code"]), ("ERROR", 410))

    def test_watch_ahead(self):
        """AF-01: nothing at all, until the server has come so far"""
        path = f"/api/v1/services?watch=1&resourceVersion={self.first + 100}&timeoutSeconds=3"
        self.assertEqual(self.events(path + "&allowWatchBookmarks=true"), [])

    def test_restored(self):
        """AF-01: from a backup; who watches on hears nothing, a list tells"""
        saved = self.fake.store.save()
        later = self.fake.apply(service("new"))
        self.fake.store.restore(saved)
        self.assertEqual(self.events(f"/api/v1/services?watch=1&resourceVersion={later}&"
                                     "timeoutSeconds=2&allowWatchBookmarks=true"), [])
        self.assertEqual(len(self.get("/api/v1/services?limit=1")["items"]), 1)
        self.assertEqual(self.get("/api/v1/services")["metadata"]["resourceVersion"],
                         str(self.first))

    def test_watch_list(self):
        """WP-45 to WP-48: the state, the bookmark that ends it, and refusals"""
        path = ("/api/v1/services?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
                "&timeoutSeconds=2")
        events = self.events(path + "&resourceVersionMatch=NotOlderThan")
        self.assertEqual([e["type"] for e in events[:3]], ["ADDED", "ADDED", "BOOKMARK"])
        self.assertEqual(events[2]["object"]["metadata"]["annotations"],
                         {fakeapi.INITIAL_END: "true"})
        self.get(path, 422)
        self.fake.watch_list = "off"
        self.get(path + "&resourceVersionMatch=NotOlderThan", 422)
        self.fake.watch_list = "error"
        event, = self.events(path + "&resourceVersionMatch=NotOlderThan")
        self.assertEqual(event["type"], "ERROR")

    def test_ends(self):
        """How streams end: cleanly, cut (18), reset (56)"""
        for what, code in (("end", 0), ("cut", 56), ("reset", 56)):
            with self.subTest(what):
                process = subprocess.Popen(self.command(self.watch()), text=True,
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.fake.await_watches("services")
                self.fake.watches("services")[0].do(what)
                _, err = process.communicate(timeout=30)
                if what == "end":
                    self.assertEqual(process.returncode, 0, err)
                else:
                    self.assertIn(process.returncode, (18, 56), err)

    def test_connections(self):
        """Connections that come to nothing: refused, reset, cut, no TLS"""
        listener = self.fake.listeners[0]
        for fault in (faults.reset_at_accept, faults.close_at_accept, faults.plain_text,
                      faults.half_handshake):
            with self.subTest(fault.__name__):
                listener.faults.append(fault)
                self.assertNotEqual(self.curl("/readyz")[0], 0)
        listener.close()
        self.assertEqual(self.curl("/readyz")[0], 7)
        listener.open()
        self.assertEqual(self.curl("/readyz"), (0, 200, "ok"))
        listener.gate.clear()
        self.assertEqual(self.curl("/readyz", "-m", "1")[0], 28)
        listener.gate.set()
        self.assertEqual(self.curl("/readyz"), (0, 200, "ok"))

    def test_requests_are_kept(self):
        """What a client sent can be asserted"""
        mark = self.fake.mark()
        self.get("/api/v1/services?limit=7")
        request, = self.fake.seen(since=mark)
        self.assertEqual((request.resource, request.verb, request.query["limit"]),
                         ("services", "list", "7"))
        self.assertTrue(request.headers["user-agent"].startswith("curl"))
        self.assertEqual(len(LISTED), 3)


if __name__ == "__main__":
    unittest.main()
