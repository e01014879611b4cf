"""A scripted fake of the Kubernetes API server, a thread in the process of the test.

It lists and watches as kube-apiserver 1.36 does (rows WP-14 to WP-49) until a test tells it
otherwise, and remembers every request:

    fake = FakeAPI(directory)
    fake.apply(obj)                               an event for all watchers
    fake.script(fault, "services", "watch")       the next such request meets the fault
    fake.watches("services")                      open streams: push, end, cut, reset, silence
    fake.await_request(...)                       until the client asks
    fake.listeners[0].close(), .gate.clear()      a server that ended, that was stopped

The verbs: list (the first page too), page (has `continue`), probe (a list of one item), watch,
watchlist, get (anything else).
"""

import base64
import contextlib
import json
import os
import select
import socket
import ssl
import threading
import time
import traceback

import certs
import harness
import http1
from apistore import RESOURCES, Expired, Selection, Store, TooLarge
from http1 import Gone

INITIAL_END = "k8s.io/initial-events-end"
PARTIAL = "PartialObjectMetadata"


class Refused(Exception):
    """A request that ends in a Status."""

    def __init__(self, code, reason, message, headers=(), **more):
        super().__init__(message)
        self.code, self.headers = code, dict(headers)
        self.status = {
            "kind": "Status", "apiVersion": "v1", "metadata": more.pop("metadata", {}),
            "status": "Failure", "message": message, "reason": reason, **more, "code": code,
        }


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def expired(rv="1", newest="2"):
    return Refused(410, "Expired", f"too old resource version: {rv} ({newest})")


def too_large(rv, current):
    return Refused(
        504, "Timeout", f"Too large resource version: {rv}, current: {current}",
        {"Retry-After": "1"},
        details={"causes": [{"reason": "ResourceVersionTooLarge",
                             "message": "Too large resource version"}],
                 "retryAfterSeconds": 1})


class Script:
    """A fault that waits for its requests."""

    def __init__(self, fault, resource, verbs, times, where):
        self.fault, self.resource, self.verbs = fault, resource, verbs
        self.left, self.where = times, where
        self.hits = 0

    def takes(self, request):
        return ((self.left is None or self.left > 0)
                and self.resource in (None, request.resource)
                and (not self.verbs or request.verb in self.verbs)
                and (self.where is None or self.where(request)))

    def stop(self):
        self.left = 0


class FakeAPI:
    """`speed` divides the times of the server, as test_speedup does those of the client."""

    def __init__(self, directory, speed=1, listeners=1, tls=True, token="token-1",
                 host="127.0.0.1"):
        self.speed = speed
        self.prefix = ""  # of every path, as behind a gateway
        self.store = Store()
        self.authority = certs.Authority(os.path.join(directory, "ca"))
        self.certificate = self.authority.issue("kube-apiserver")
        self.context = self.make_context() if tls else None
        self.tokens = {token} if token else None  # None: everybody may
        self.names = set()  # subjects of client certificates that may
        self.requests = []
        self.errors = []
        self.heard = threading.Condition()
        self.scripts = []
        self.open_watches = set()
        self.bookmark_s = 60.0 / speed
        self.too_large_s = min(3.0 / speed, 3.0)
        self.watch_list = "on"  # "off": 422, "error": an ERROR event, "400"
        self.absent = set()  # resources whose group is not there: 404
        self.denied = set()  # resources that RBAC forbids: 403
        self.gzip_above = 128 << 10
        self.typed = True  # False: sorted keys, as of a custom resource (AF-06)
        self.version = "1.36"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listeners = [
            http1.Listener(self.on_request, self.context, harness.free_port(family), host)
            for _ in range(listeners)]

    # -- TLS --

    def make_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        context.load_verify_locations(self.authority.cert)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        return context

    def use_authority(self, authority):
        """Another CA signs from now on (WP-07)."""
        self.authority = authority
        self.certificate = authority.issue("kube-apiserver")
        self.context = self.make_context()
        for listener in self.listeners:
            listener.context = self.context

    @property
    def url(self):
        return self.urls[0]

    @property
    def urls(self):
        scheme = "https" if self.context else "http"
        return [f"{scheme}://{listener.address}" for listener in self.listeners]

    # -- what tests do --

    def apply(self, *objects):
        return self.store.apply(*objects)

    def delete(self, obj):
        return self.store.delete(obj)

    def script(self, fault, resource=None, verbs=None, times=1, where=None):
        """fault(fake, exchange) answers the next `times` (None: all) such requests."""
        s = Script(fault, resource, (verbs or "").split(), times, where)
        with self.heard:
            self.scripts.append(s)
        return s

    def watches(self, resource=None):
        """Open streams, the oldest first; none that is at its end."""
        with self.heard:
            return sorted((w for w in self.open_watches if not w.at_end()
                           and resource in (None, w.request.resource)),
                          key=lambda w: w.number)

    def mark(self):
        """A point in time: requests from here on."""
        with self.heard:
            return len(self.requests)

    def seen(self, resource=None, verbs=None, since=0, where=None):
        """Requests since a mark."""
        words = (verbs or "").split()
        with self.heard:
            return [r for r in self.requests[since:]
                    if resource in (None, r.resource) and (not words or r.verb in words)
                    and (where is None or where(r))]

    def await_request(self, resource=None, verbs=None, since=0, count=1, where=None,
                      patience_s=30):
        """Until `count` such requests have come; all of them."""
        end = time.monotonic() + patience_s
        with self.heard:
            while True:
                found = self.seen(resource, verbs, since, where)
                if len(found) >= count:
                    return found
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"not within {patience_s} s: {count} x {resource} {verbs}\n"
                        + self.text(since))
                self.heard.wait(min(left, 0.05))

    def await_watches(self, *resources, patience_s=30):
        """Until there is a stream for each that has sent its initial events."""
        end = time.monotonic() + patience_s
        while not all(any(w.steady for w in self.watches(r)) for r in resources):
            if time.monotonic() > end:
                raise AssertionError(f"no watch of {resources}\n{self.text()}")
            time.sleep(0.005)

    def text(self, since=0):
        return "\n".join(map(repr, self.requests[since:][-30:]))

    def expire(self, *resources, deleted=(), applied=()):
        """Streams end with 410 and every client has to relist; no event tells of changes."""
        watches = [w for w in self.watches()
                   if not resources or w.request.resource in resources]
        with self.store.lock:
            for w in watches:
                w.do("error", expired())
            for obj in deleted:
                self.delete(obj)
            if applied:
                self.apply(*applied)
            self.store.compact(*resources)

    def close(self):
        for listener in self.listeners:
            listener.close()
        for w in self.watches():
            w.do("cut")

    # -- requests --

    def on_request(self, x):
        r = x.request
        self.understand(r)
        with self.heard:
            self.requests.append(r)
            script = next((s for s in self.scripts if s.takes(r)), None)
            if script is not None:
                script.hits += 1
                if script.left is not None:
                    script.left -= 1
                r.note = getattr(script.fault, "__name__", "") or type(script.fault).__name__
            self.heard.notify_all()
        try:
            if script is not None:
                script.fault(self, x)
            else:
                self.answer(x)
        except Refused as e:
            self.refuse(x, e)
        except (Gone, OSError):
            raise
        except Exception:
            self.errors.append(traceback.format_exc())  # a mistake of the fake itself
            raise Gone from None

    def understand(self, r):
        """Fill in resource, namespace and verb."""
        r.resource = r.namespace = None
        r.verb = "get"
        if not r.path.startswith(self.prefix):
            return
        r.path = r.path[len(self.prefix):]
        for resource in RESOURCES.values():
            if r.path == resource.path():
                r.resource, r.namespace = resource.plural, ""
            elif resource.namespaced and r.path.startswith(resource.prefix + "/namespaces/"):
                parts = r.path[len(resource.prefix + "/namespaces/"):].split("/")
                if len(parts) == 2 and parts[1] == resource.plural:
                    r.resource, r.namespace = resource.plural, parts[0]
        if r.resource is None:
            return
        if r.query.get("watch") in ("1", "true"):
            r.verb = "watchlist" if r.query.get("sendInitialEvents") == "true" else "watch"
        elif r.query.get("continue"):
            r.verb = "page"
        else:
            r.verb = "probe" if r.query.get("limit") == "1" else "list"

    def refuse(self, x, refused):
        x.reply(refused.code, dump(refused.status) + b"\n", headers=refused.headers)

    def authenticate(self, x):
        subject = dict(f[0] for f in (x.connection.peer_certificate or {}).get("subject", ()))
        if self.tokens is None or subject.get("commonName") in self.names:
            return
        scheme, _, token = x.request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            raise Refused(401, "Unauthorized", "Unauthorized")

    def answer(self, x):
        """As the real server would."""
        r = x.request
        self.authenticate(x)
        if r.method != "GET":
            raise Refused(405, "MethodNotAllowed", "the server does not allow this method")
        if r.resource is None and r.path == "/version":
            major, minor = self.version.split(".")
            return x.reply(200, dump({"major": major, "minor": minor,
                                      "gitVersion": f"v{self.version}.0"}))
        if r.resource is None and r.path in ("/readyz", "/livez", "/healthz"):
            return x.reply(200, b"ok", "text/plain; charset=utf-8")
        if r.resource is None or r.resource in self.absent:
            return x.reply(404, b"404 page not found\n", "text/plain; charset=utf-8")
        if r.resource in self.denied:
            raise Refused(403, "Forbidden", f"{r.resource} is forbidden: User \"dns\" cannot "
                          f"list resource \"{r.resource}\"", details={"kind": r.resource})
        if r.verb in ("watch", "watchlist"):
            return self.answer_watch(x)
        return self.send_list(x, self.list_body(r))

    # -- lists --

    def list_body(self, r):
        """The dictionary that a list is answered with. Raises Refused."""
        rv, match = r.query.get("resourceVersion", ""), r.query.get("resourceVersionMatch", "")
        limit, token = int(r.query.get("limit") or 0), r.query.get("continue", "")
        if match and not rv or match == "Exact" and rv == "0" or match and token:
            raise Refused(422, "Invalid", "ListOptions is invalid: resourceVersionMatch")
        if match not in ("", "Exact", "NotOlderThan"):
            raise Refused(422, "Invalid", "ListOptions is invalid: resourceVersionMatch")
        if token and rv:
            raise Refused(400, "BadRequest",
                          "specifying resource version is not allowed when using continue")
        start, at = ("", ""), None
        if token:
            at, start = self.read_token(token)
        elif rv == "0":
            limit = 0  # the cache answers, and it has no pages
        elif rv:
            if not rv.isdigit():
                raise Refused(422, "Invalid", f"invalid resource version {rv}")
            self.wait_for(int(rv))
            exact = match == "Exact" or (not match and limit)
            at = int(rv) if exact else None
        return self.page(r, at, start, limit, bool(token))

    def wait_for(self, rv):
        """WP-24: a version ahead of the server is waited for, in vain."""
        end = time.monotonic() + self.too_large_s
        with self.store.lock:
            while self.store.rv < rv:
                left = end - time.monotonic()
                if left <= 0:
                    raise too_large(rv, self.store.rv)
                self.store.changed.wait(left)

    def page(self, r, at, start, limit, is_page):
        with self.store.lock:
            try:
                objects = self.store.at(r.resource, at)
            except Expired:
                # WP-23: with a token for an inconsistent continuation, which is not for us.
                more = {"continue": self.make_token(0, start)} if is_page else {}
                raise Refused(410, "Expired", "The provided continue parameter is too old "
                              "to display a consistent list result.",
                              metadata=more) from None
            except TooLarge:
                raise too_large(at, self.store.rv) from None
            at = at or self.store.rv
        selection = self.selection(r)
        objects = [o for o in objects if selection.takes(o)
                   and (o["metadata"].get("namespace", ""), o["metadata"]["name"]) > start]
        meta = {"resourceVersion": str(at)}
        if limit and len(objects) > limit:
            last = objects[limit - 1]["metadata"]
            meta["continue"] = self.make_token(at, (last.get("namespace", ""), last["name"]))
            meta["remainingItemCount"] = len(objects) - limit
            objects = objects[:limit]
        return self.list_object(r, meta, objects)

    @staticmethod
    def selection(r):
        return Selection(r.namespace, r.query.get("labelSelector", ""),
                         r.query.get("fieldSelector", ""))

    @staticmethod
    def make_token(rv, key):
        return base64.urlsafe_b64encode(dump({"v": "meta.k8s.io/v1", "rv": rv,
                                              "start": "\0".join(key)})).decode().rstrip("=")

    @staticmethod
    def read_token(token):
        try:
            fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            return fields["rv"], tuple(fields["start"].split("\0"))
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "BadRequest", "continue key is not valid") from None

    @staticmethod
    def wants_partial(r):
        return f"as={PARTIAL}" in r.headers.get("accept", "").split(",")[0]

    def item(self, r, obj):
        """An object in a list: a typed one has neither kind nor apiVersion (WP-75)."""
        if self.wants_partial(r):
            return {"kind": PARTIAL, "apiVersion": "meta.k8s.io/v1",
                    "metadata": obj["metadata"]}
        if self.typed:
            return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
        return {k: obj[k] for k in sorted(obj)}

    def list_object(self, r, meta, objects):
        resource = RESOURCES[r.resource]
        items = [self.item(r, o) for o in objects]
        kind, version = resource.kind + "List", resource.group_version
        if self.wants_partial(r):
            kind, version = PARTIAL + "List", "meta.k8s.io/v1"
        if self.typed:
            return {"kind": kind, "apiVersion": version, "metadata": meta, "items": items}
        return {"apiVersion": version, "items": items, "kind": kind, "metadata": meta}

    def send_list(self, x, body):
        octets = dump(body) + b"\n"
        headers = {}
        if "gzip" in x.request.headers.get("accept-encoding", "") and (
                len(octets) > self.gzip_above):
            octets = http1.gzip(octets)
            headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        x.reply(200, octets, headers=headers, chunked=len(octets) > 2048)

    # -- watches --

    def answer_watch(self, x):
        r = x.request
        match = r.query.get("resourceVersionMatch", "")
        if r.verb == "watchlist":
            if self.watch_list == "off" or match != "NotOlderThan":
                # An old server says it like this because of resourceVersionMatch (WP-47).
                raise Refused(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: "
                              "sendInitialEvents: Forbidden: sendInitialEvents is forbidden "
                              "for watch unless the WatchList feature gate is enabled")
            if self.watch_list == "400":
                raise Refused(400, "BadRequest", "sendInitialEvents is not understood")
        elif match:
            raise Refused(422, "Invalid", "ListOptions is invalid: resourceVersionMatch")
        Watch(self, x).run()

    def event(self, r, type_, obj):
        """Octets of an event."""
        if self.wants_partial(r) and type_ != "ERROR":
            obj = {"kind": PARTIAL, "apiVersion": "meta.k8s.io/v1",
                   "metadata": obj["metadata"]}
        return dump({"type": type_, "object": obj}) + b"\n"

    def bookmark(self, r, rv, initial_end=False):
        resource = RESOURCES[r.resource]
        meta = {"resourceVersion": str(rv), "creationTimestamp": None}
        if initial_end:
            meta["annotations"] = {INITIAL_END: "true"}
        return self.event(r, "BOOKMARK", {
            "kind": resource.kind, "apiVersion": resource.group_version, "metadata": meta,
            **resource.empty})


class Watch:
    """An open stream. Tests call do(); the thread of the connection does it."""

    count = 0

    def __init__(self, fake, x):
        self.fake, self.x, self.request = fake, x, x.request
        Watch.count += 1
        self.number = Watch.count
        self.wake = os.eventfd(0, os.EFD_NONBLOCK)
        self.queued = []
        self.ending = False  # it was told to
        self.silent = False  # nothing more is sent, not even the end
        self.bookmarks = x.request.query.get("allowWatchBookmarks") == "true"
        self.change = None  # function: [octets of events] -> [octets]
        self.steady = False
        self.selection = fake.selection(x.request)
        self.epoch = fake.store.epoch
        self.position = 0
        self.began = time.monotonic()
        asked_s = int(x.request.query.get("timeoutSeconds") or 1800)
        self.ends = self.began + asked_s
        self.next_bookmark = self.began + fake.bookmark_s
        self.said_last = False
        self.sent_events = 0

    # -- from tests --

    def do(self, what, argument=None):
        """push (octets), error (Refused), end, cut, reset, silence, bookmark (count)."""
        self.ending |= what in ("error", "end", "cut", "reset")
        self.queued.append((what, argument))
        self.notify()

    def at_end(self):
        return self.ending or self.x.done or self.x.connection.closed

    def notify(self):
        with self.fake.store.lock:  # the descriptor is not another's
            if self.wake >= 0:
                os.eventfd_write(self.wake, 1)

    def left(self):
        """The client has closed, even if the server is stopped and cannot see it."""
        try:
            return bool(select.select([self.x.connection.sock], [], [], 0)[0])
        except (OSError, ValueError):
            return True

    # -- the thread --

    def run(self):
        fake, x = self.fake, self.x
        x.head(200, {"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
        with fake.heard:
            fake.open_watches.add(self)
        follower = threading.Thread(target=self.follow, daemon=True)
        follower.start()
        try:
            self.begin()
            while not x.done:
                self.turn()
        finally:
            with fake.heard:
                fake.open_watches.discard(self)
            with fake.store.lock:
                wake, self.wake = self.wake, -1
                fake.store.changed.notify_all()
            os.close(wake)

    def follow(self):
        """Every change of the store wakes the stream."""
        store = self.fake.store
        with store.lock:
            while self.wake >= 0:
                self.notify()
                store.changed.wait(1.0)

    def send(self, events):
        if self.change is not None:
            events = self.change(events)
        for octets in events:
            self.x.body(octets)

    def begin(self):
        """Where the stream starts, and what is sent before it does."""
        r, store = self.request, self.fake.store
        rv = r.query.get("resourceVersion", "")
        initial = r.verb == "watchlist" or rv in ("", "0")
        if self.fake.watch_list == "error" and r.verb == "watchlist":
            return self.error(Refused(500, "InternalError", "etcd is too old for WatchList"))
        with store.lock:
            if r.verb == "watchlist" and rv not in ("", "0"):
                try:
                    self.fake.wait_for(int(rv))
                except Refused as e:
                    return self.error(e)
            self.position = store.rv if initial else int(rv)
            first = store.at(r.resource) if initial else []
        if not initial and self.position < store.compacted[r.resource]:
            return self.error(expired(rv, store.compacted[r.resource]))
        events = [self.fake.event(r, "ADDED", o) for o in first if self.selection.takes(o)]
        if r.verb == "watchlist":
            events.append(self.fake.bookmark(r, self.position, initial_end=True))
        elif initial:
            events.reverse()  # in no order that one could rely on (WP-33)
        self.send(events)
        self.steady = True
        return None

    def error(self, refused):
        """WP-36: one ERROR event with 200, then the end."""
        self.x.body(self.fake.event(self.request, "ERROR", refused.status))
        self.x.end()

    def turn(self):
        while self.queued and not self.x.done:
            self.act(*self.queued.pop(0))
        if self.x.done:
            return
        if not self.silent:
            self.send_changes()
            self.keep_time()
        if not self.x.done:
            left = None if self.silent else max(0, self.next_due() - time.monotonic())
            self.x.connection.wait(self.wake, left)
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self.wake)

    def act(self, what, argument):
        if what == "push":
            self.x.body(argument)
        elif what == "error":
            self.error(argument)
        elif what == "end":
            self.x.end()
        elif what == "cut":
            self.x.cut()
        elif what == "reset":
            self.x.reset()
        elif what == "silence":
            self.silent = True
        elif what == "bookmark":
            self.send_changes()
            for _ in range(argument or 1):
                self.x.body(self.fake.bookmark(self.request, self.position))
        else:
            raise AssertionError(what)

    def send_changes(self):
        """AF-01: a stream that began ahead of the server has nothing to send."""
        store, events = self.fake.store, []
        with store.lock:
            if self.queued or self.epoch != store.epoch or self.position > store.rv:
                return
            for v in store.log[self.request.resource]:
                event = self.selection.event(v) if v.rv > self.position else None
                if event is not None:
                    events.append(self.fake.event(self.request, *event))
            self.position = store.rv
        if events:
            self.sent_events += len(events)
            self.send(events)

    def next_due(self):
        last = self.ends if self.said_last else self.ends - 1.6 / self.fake.speed
        return min(last, self.next_bookmark)

    def keep_time(self):
        """WP-34: a bookmark each minute, one before the end, and the end."""
        now = time.monotonic()
        if now >= self.ends:
            self.x.end()
        elif now >= self.next_due():
            self.said_last |= now >= self.ends - 1.6 / self.fake.speed
            self.next_bookmark = max(self.next_bookmark, now + self.fake.bookmark_s)
            with self.fake.store.lock:
                alive = self.epoch == self.fake.store.epoch and (
                    self.position == self.fake.store.rv)
            if self.bookmarks and alive:
                self.x.body(self.fake.bookmark(self.request, self.position))


__all__ = ["FakeAPI", "Gone", "Refused", "Script", "Watch", "dump", "expired", "too_large"]
