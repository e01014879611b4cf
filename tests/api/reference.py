"""A small client of the API in Python: it proves the fake and the scripted faults.

It lists and watches by the rows WP-20 to WP-62, each in the fewest lines, and keeps objects
as dictionaries. What it does about a fault is what the controller has to do; the tests
run both through the same tables.
"""

import codecs
import contextlib
import json
import random
import re
import socket
import ssl
import threading
import time
import urllib.parse
import zlib

EVENT_MAX = 16 << 20
KEPT_MAX = 64 << 10
DEPTH_MAX = 64
INITIAL_END = "k8s.io/initial-events-end"


class Failed(Exception):
    """Transport, or a reply that is none (WP-51, WP-5D, WP-5B)."""


class ServerError(Failed):
    """An ERROR event (WP-5B)."""


class Broken(Exception):
    """What came is not JSON, or not events (WP-5C)."""


class Expired(Exception):
    """410 (WP-57)."""


class Ahead(Exception):
    """Our resourceVersion is ahead of the server's (WP-5A)."""


class Status(Exception):
    def __init__(self, code, retry_s):
        super().__init__(code)
        self.code, self.retry_s = code, retry_s


def too_deep(value, left=DEPTH_MAX):
    parts = value.values() if isinstance(value, dict) else (
        value if isinstance(value, list) else ())
    return left == 0 or any(too_deep(v, left - 1) for v in parts)


class Reply:
    """Head and body of a reply, read from a socket of its own."""

    def __init__(self, sock, limit_s):
        self.sock, self.held, self.left = sock, b"", None
        head = self.until(b"\r\n\r\n", time.monotonic() + limit_s).decode("latin-1")
        lines = head.split("\r\n")
        self.code = int(lines[0].split(" ")[1])
        self.headers = {k.strip().lower(): v.strip()
                        for k, _, v in (line.partition(":") for line in lines[1:])}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.left = 0 if self.chunked else int(self.headers.get("content-length", 0))
        self.over = not self.chunked and self.left == 0
        self.first = True

    def more(self, until):
        self.sock.settimeout(max(0.001, until - time.monotonic()))
        octets = self.sock.recv(65536)
        if not octets:
            raise Failed("cut")
        self.held += octets

    def until(self, mark, until, most=100 << 10):
        while mark not in self.held:
            if len(self.held) > most:
                raise Failed("endless head")
            self.more(until)
        found, _, self.held = self.held.partition(mark)
        return found

    def read(self, until):
        """Octets of the body, b"" at its end; TimeoutError if none came until then."""
        if self.over:
            return b""
        if self.chunked and self.left == 0:
            # The line feed behind the chunk before, then the size of the next.
            mark = b"\r\n" if self.first else None
            while mark is None and len(self.held) < 2:
                self.more(until)
            if mark is None:
                self.held, self.first = self.held[2:], True
            size = self.until(b"\r\n", until, 100)
            if not re.fullmatch(b"[0-9a-fA-F]+", size):
                raise Failed("chunk")
            self.left, self.first = int(size, 16), False
            if self.left == 0:
                self.over = True
                return b""
        if not self.held:
            self.more(until)
        out, self.held = self.held[:self.left], self.held[self.left:]
        self.left -= len(out)
        self.over = not self.chunked and self.left == 0
        return out

    def whole(self, limit_s, most=EVENT_MAX):
        until, out = time.monotonic() + limit_s, bytearray()
        while True:
            octets = self.read(until)
            if not octets:
                return bytes(out)
            out += octets
            if len(out) > most:
                raise Failed("too long")


class Events:
    """JSON values one after the other, cut anywhere."""

    def __init__(self):
        self.held = b""
        self.decoder = json.JSONDecoder()

    def feed(self, octets):
        self.held = (self.held + octets).lstrip(b" \t\r\n")
        if self.held and self.held[:1] != b"{" or len(self.held) > EVENT_MAX:
            raise Broken("no object")
        if octets[-1:] not in b"}\n ":
            return
        text, at = codecs.getincrementaldecoder("utf-8")(), 0
        try:
            text = text.decode(self.held)
        except UnicodeDecodeError as e:
            raise Broken("UTF-8") from e
        while at < len(text):
            try:
                value, at = self.decoder.raw_decode(text, at)
            except RecursionError as e:
                raise Broken("depth") from e
            except ValueError as e:
                if not str(e).startswith("Unterminated") and e.pos < len(text) - 6:
                    raise Broken(str(e)) from e
                break
            at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
            yield value
        self.held = text[at:].encode()


class Client:
    """All resources; `store` is {resource: {(namespace, name): object}}."""

    def __init__(self, urls, ca, token_file, speed=1, watch_list=True, first_list="cached",
                 resources=("namespaces", "services", "endpointslices"), paths=None,
                 audit_s=2700):
        self.urls, self.ca, self.token_file = list(urls), ca, token_file
        self.speed, self.watch_list, self.first_list = speed, watch_list, first_list
        self.audit_s = audit_s / speed
        self.store = {r: {} for r in resources}
        self.synced = set()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.token = ""
        self.reflectors = [Reflector(self, r, paths[r]) for r in resources]

    def start(self):
        for r in self.reflectors:
            r.start()

    def stop(self):
        self.stopped.set()
        for r in self.reflectors:
            r.join(30)
            assert not r.is_alive()
            assert r.mistake is None, r.mistake

    def ready(self):
        return self.synced == set(self.store)

    def reread_token(self):
        """WP-03: an empty file keeps the token."""
        try:
            with open(self.token_file) as f:
                self.token = f.read().strip() or self.token
        except OSError:
            pass

    def connect(self):
        """WP-13: the first server that takes the connection; it becomes the first."""
        context = ssl.create_default_context()
        context.check_hostname = True
        try:
            with open(self.ca) as f:
                context.load_verify_locations(cadata=f.read())
        except (OSError, ssl.SSLError) as e:
            raise Failed(e) from e
        error = None
        for url in list(self.urls):
            host, port = urllib.parse.urlsplit(url).hostname, urllib.parse.urlsplit(url).port
            try:
                sock = socket.create_connection((host, port), 1)
                try:
                    return context.wrap_socket(sock, server_hostname=host)
                except OSError:
                    sock.close()
                    raise
            except OSError as e:
                error = e
                if len(self.urls) > 1:
                    self.urls = self.urls[1:] + self.urls[:1]
        raise Failed(error)


class Reflector(threading.Thread):
    """One resource."""

    def __init__(self, client, resource, path):
        super().__init__(daemon=True)
        self.client, self.resource, self.path = client, resource, path
        self.rv = None
        self.unset = False  # WP-28: the next list asks for the newest
        self.need_list = True
        self.unsupported = False
        self.failures = 0
        self.errors = 0
        self.mistake = None
        self.listed_at = self.probed_at = time.monotonic()

    # -- requests --

    def get(self, query, gzip=True, limit_s=None):
        """(socket, Reply) of a request that was answered with 200."""
        if self.client.stopped.wait(0.01):  # RF-17
            raise Failed("stopped")
        for again in (True, False):
            self.client.reread_token()
            sock = self.client.connect()
            try:
                return sock, self.ask(sock, query, gzip, limit_s or 60 / self.client.speed + 1)
            except Status as e:
                sock.close()
                if e.code != 401 or not again:
                    raise
            except BaseException:
                sock.close()
                raise
        raise AssertionError

    def ask(self, sock, query, gzip, limit_s):
        text = f"GET {self.path}?{urllib.parse.urlencode(query)} HTTP/1.1\r\n"
        text += "Host: localhost\r\nUser-Agent: reference\r\n"
        kind = "as=PartialObjectMetadata" + ("" if "watch" in query else "List")
        accept = f"application/json;{kind};g=meta.k8s.io;v=v1," * (
            self.resource == "namespaces")  # WP-15
        text += f"Accept: {accept}application/json\r\n"
        text += f"Authorization: Bearer {self.client.token}\r\n"
        sock.sendall((text + ("Accept-Encoding: gzip\r\n" if gzip else "") + "\r\n").encode())
        reply = Reply(sock, limit_s)
        if reply.code != 200:
            body = reply.whole(limit_s, KEPT_MAX)
            self.raise_for(reply, body)
        if reply.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Failed("content type")
        return reply

    def raise_for(self, reply, body):
        if reply.code == 410:
            raise Expired
        if reply.code == 504 and b"ResourceVersionTooLarge" in body:
            raise Ahead
        said = reply.headers.get("retry-after", "0")
        retry_s = min(int(said) if said.isdigit() else 60, 60)
        raise Status(reply.code, retry_s / self.client.speed)

    def get_list(self, query):
        sock, reply = self.get(query)
        with sock:
            octets = reply.whole(60 / self.client.speed + 5)
        encoding = reply.headers.get("content-encoding")
        try:
            if encoding == "gzip":
                unpacker = zlib.decompressobj(31)
                octets = unpacker.decompress(octets, EVENT_MAX)
                if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
                    raise Broken("gzip")
            elif encoding:
                raise Failed(encoding)
            body = json.loads(octets)
        except (ValueError, zlib.error) as e:
            raise Broken(str(e)) from e
        kind = body.get("kind", "")
        if not kind.endswith("List") or kind == "PodList" or not isinstance(
                body.get("metadata"), dict) or not body["metadata"].get("resourceVersion"):
            raise Failed("no list")
        return body

    # -- lists --

    def take_list(self):
        """The state, as a stream or as a list; what follows it if it is a stream."""
        if self.client.watch_list and not self.unsupported:
            try:
                return self.take_watch_list()
            except (Failed, Broken, Status, Expired, OSError) as e:
                if isinstance(e, Status) and e.code in (400, 422):
                    self.unsupported = True
                elif isinstance(e, Status) and e.code in (401, 403, 404, 429):
                    raise
        query = {"resourceVersion": self.rv, "resourceVersionMatch": "NotOlderThan"}
        if self.unset:
            query = {"limit": 500}
        elif not self.rv:
            query = {"limit": 500} if self.client.first_list == "fresh" else {
                "resourceVersion": "0"}
        try:
            found, token = {}, None
            while True:
                body = self.get_list(query if token is None else {
                    "limit": 500, "continue": token})
                for item in body["items"] or []:
                    self.keep(found, item)
                token = body["metadata"].get("continue")
                if not token:
                    break
        except (Expired, Ahead):
            self.unset = True
            raise
        self.replace(found, str(body["metadata"]["resourceVersion"]))
        return None

    @staticmethod
    def keep(found, item):
        """WP-79: what has no name, or too long a string, is left out."""
        m = (item or {}).get("metadata") or {}
        long = [v for v in [*(m.get("labels") or {}).values(),
                            item.get("spec", {}).get("externalName", "")]
                if len(v) > KEPT_MAX] if m.get("name") else [""]
        long = long or [""] * too_deep(item)
        if not long:
            found[(m.get("namespace") or "", m["name"])] = item

    def replace(self, found, rv):
        with self.client.lock:
            self.client.store[self.resource] = found
            self.client.synced.add(self.resource)
        self.rv, self.need_list, self.unset = rv, False, False
        self.listed_at = time.monotonic()

    def take_watch_list(self):
        limit_s = 60 / self.client.speed + 0.5
        sock, reply = self.get({
            "watch": 1, "sendInitialEvents": "true", "allowWatchBookmarks": "true",
            "resourceVersionMatch": "NotOlderThan", "timeoutSeconds": self.timeout_s(),
            **({"resourceVersion": self.rv} if self.rv and not self.unset else {})},
            gzip=False)
        try:
            found, events = {}, Events()
            while True:
                octets = reply.read(time.monotonic() + limit_s)
                if not octets:
                    raise Failed("no end")
                it = events.feed(octets)
                for event in it:
                    meta = self.check(event)
                    if event["type"] == "ADDED":
                        self.keep(found, event["object"])
                    elif event["type"] == "BOOKMARK" and INITIAL_END in (
                            meta.get("annotations") or {}):
                        self.replace(found, str(meta["resourceVersion"]))
                        return sock, reply, events, list(it)
        except BaseException:
            sock.close()
            raise

    # -- watches --

    def timeout_s(self):
        return max(1, int(random.uniform(300, 600) / self.client.speed))

    def watch(self):
        sock, reply = self.get({
            "watch": 1, "resourceVersion": self.rv, "allowWatchBookmarks": "true",
            "timeoutSeconds": self.timeout_s()}, gzip=False)
        with sock:
            self.follow(reply, Events())

    def go_on(self, sock, reply, events, rest):
        """A WatchList after its state is a watch."""
        with sock:
            for event in rest:
                self.take(event)
            self.follow(reply, events)

    def follow(self, reply, events):
        began, self.heard, bookmarks = time.monotonic(), 0, False
        last = began
        while not self.client.stopped.is_set():
            now = time.monotonic()
            limit_s = 150 / self.client.speed + 0.3
            if bookmarks and now > last + limit_s or now > began + 630 / self.client.speed + 2:
                raise Failed("silent")
            if now > self.listed_at + self.client.audit_s:
                self.need_list = True  # the audit (WP-62)
                return
            if now > self.probed_at + 300 / self.client.speed:
                self.probe()
            try:
                octets = reply.read(now + 0.1)
            except TimeoutError:
                continue
            if not octets:
                if events.held:
                    raise Broken("cut")
                if not self.heard and now < began + 1 / self.client.speed:
                    raise Failed("ended at once")
                self.failures = 0
                return
            last = now
            for event in events.feed(octets):
                self.take(event)
                bookmarks |= event["type"] == "BOOKMARK"
                self.heard += 1

    def check(self, event):
        """metadata of an event's object; raises for what is none."""
        type_, obj = event.get("type"), event.get("object") or {}
        if type_ == "ERROR":
            if obj.get("code") == 410:
                raise Expired
            raise ServerError(obj.get("code"))
        if type_ not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
            raise Broken(f"type {type_}")
        return obj.get("metadata") or {}

    def take(self, event):
        meta = self.check(event)
        key = (meta.get("namespace") or "", meta.get("name"))
        with self.client.lock:
            if event["type"] == "DELETED":
                self.client.store[self.resource].pop(key, None)
            elif event["type"] != "BOOKMARK":
                self.keep(self.client.store[self.resource], event["object"])
        # WP-33; an older version than ours says nothing.
        self.rv = str(max(int(self.rv), int(meta.get("resourceVersion") or 0)))
        self.errors = 0

    def probe(self):
        """WP-61: is the server behind what we know? A failure says nothing."""
        self.probed_at = time.monotonic()
        try:
            body = self.get_list({"limit": 1})
        except (Failed, Broken, Expired, Ahead, Status, OSError):
            return
        if self.rv and int(body["metadata"]["resourceVersion"]) < int(self.rv):
            self.need_list, self.unset, self.rv = True, True, None
            raise Expired

    # -- what to do per outcome --

    def run(self):
        try:
            while not self.client.stopped.is_set():
                self.turn()
        except Exception as e:
            import traceback
            self.mistake = f"{e}\n{traceback.format_exc()}"

    def turn(self):
        try:
            if self.need_list:
                stream = self.take_list()
                if stream is not None:
                    self.go_on(*stream)
            else:
                self.watch()
        except (Expired, Broken, Ahead) as e:
            self.need_list = True
            self.unset |= isinstance(e, Ahead)
            self.back_off(0 if isinstance(e, Expired) and self.failures == 0 else None)
        except Status as e:
            self.back_off(e.retry_s or None)
        except (Failed, OSError) as e:
            self.errors += isinstance(e, ServerError)
            self.need_list |= self.errors >= 3  # WP-5B
            self.back_off(None)
            self.probe_after()

    def probe_after(self):
        """WP-61, after every abnormal end."""
        if self.rv and not self.need_list:
            with contextlib.suppress(Expired):
                self.probe()

    def back_off(self, delay_s):
        """RF-01: 0.8 s doubled up to 30 s, full jitter."""
        if delay_s is None:
            delay_s = random.uniform(0, min(30, 0.8 * 2 ** self.failures)) / self.client.speed
        self.failures = min(self.failures + 1, 6)
        self.client.stopped.wait(delay_s)
