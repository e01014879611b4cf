"""What can go wrong between an API server and its client, each thing once.

Three sorts: of a connection (function of a Connection; True: it is spent), of a reply
(function of the fake and an Exchange), of a stream that is open (function of a Watch, which
makes the thread of the stream do it). The rows say what a client has to make of it.
"""

import json
import time

import http1
from fakeapi import Refused, dump, expired
from http1 import Gone

BODY_MAX = 64 << 20  # who reads so much of one reply has no limit
ENDLESS_HEAD_MAX = 8 << 20


# ---- connections (WP-51, WP-63) ----


def reset_at_accept(connection):
    """WP-51: RST in place of a handshake"""
    connection.reset()
    return True


def close_at_accept(connection):
    """WP-51: FIN in place of a handshake, as a balancer without servers does"""
    connection.close()
    return True


def plain_text(connection):
    """WP-51: plain HTTP where TLS is spoken"""
    connection.sock.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    connection.close()
    return True


def hung_handshake(connection):
    """WP-63: TCP connects, TLS never does"""
    connection.sock.settimeout(None)
    while connection.sock.recv(4096):
        pass
    return True


def half_handshake(connection):
    """WP-51: a TLS record that is cut"""
    connection.sock.sendall(b"\x16\x03\x03\x20\x00\x02\x00")
    connection.close()
    return True


# ---- replies ----


def named(name, fault, text):
    fault.__name__, fault.__doc__ = name, text
    return fault


def status(code, reason, headers=(), plain=None, **more):
    """A reply with a Status, or with plain text."""

    def fault(fake, x):
        if plain is not None:
            x.reply(code, plain.encode(), "text/plain; charset=utf-8", headers)
            return
        raise Refused(code, reason, f"scripted: {reason}", headers, **more)

    return named(f"status_{code}", fault, f"HTTP {code} {reason}")


def gone(fake, x):
    """WP-57: HTTP 410"""
    raise expired()


def no_reply(fake, x):
    """WP-51: FIN in place of a reply"""
    x.cut()


def reset_reply(fake, x):
    """WP-51: RST in place of a reply"""
    x.reset()


def silent_reply(fake, x):
    """WP-25, WP-60: the request is taken and nothing ever comes"""
    wait_for_client(x)


def wait_for_client(x):
    import os

    fd = os.eventfd(0)
    try:
        x.connection.wait(fd, None)
    finally:
        os.close(fd)
    raise Gone


def body_of(fake, x):
    """Octets of the list that belongs here."""
    fake.authenticate(x)
    return dump(fake.list_body(x.request))


def mangled(name, text, change, headers=(), content_type="application/json"):
    """A list whose octets are changed; HTTP itself is in order."""

    def fault(fake, x):
        x.reply(200, change(body_of(fake, x)), content_type, headers)

    return named(name, fault, text)


def html(fake, x):
    """WP-5D: 200 with a page of a proxy"""
    x.reply(200, b"<!DOCTYPE html><html><body>Sign in</body></html>", "text/html")


def html_as_json(fake, x):
    """WP-5D: the same, said to be JSON"""
    x.reply(200, b"<!DOCTYPE html><html><body>Sign in</body></html>")


def status_as_list(fake, x):
    """WP-5D: 200 with a Status"""
    x.reply(200, dump(Refused(500, "InternalError", "scripted").status))


def empty_body(fake, x):
    """WP-5D: 200 with nothing"""
    x.reply(200, b"")


def other_kind(fake, x):
    """WP-5D: 200 with a list of something else"""
    x.reply(200, dump({"kind": "PodList", "apiVersion": "v1", "items": [],
                       "metadata": {"resourceVersion": str(fake.store.rv)}}))


wrong_type = mangled("wrong_type", "WP-5D: JSON that is called text", bytes,
                     content_type="text/plain; charset=utf-8")
unknown_encoding = mangled("unknown_encoding", "WP-5D: an encoding that nobody asked for",
                           lambda b: b"\x1b" + b[::-1], {"Content-Encoding": "br"})
not_gzip = mangled("not_gzip", "WP-5D: plain JSON that is called gzip", bytes,
                   {"Content-Encoding": "gzip"})
cut_gzip = mangled("cut_gzip", "WP-5C: gzip that is cut",
                   lambda b: http1.gzip(b)[:len(http1.gzip(b)) * 2 // 3],
                   {"Content-Encoding": "gzip"})
two_members = mangled(
    "two_members", "AF-03: gzip in two members, which libcurl does not take",
    lambda b: http1.gzip(b[:len(b) // 2]) + http1.gzip(b[len(b) // 2:]),
    {"Content-Encoding": "gzip"})
gzip_bomb = mangled("gzip_bomb", "WP-79: 48 MiB of spaces in gzip",
                    lambda b: http1.gzip(b[:-2] + b" " * (48 << 20) + b[-2:], 9),
                    {"Content-Encoding": "gzip"})
half_json = mangled("half_json", "WP-5C: JSON ends early, HTTP does not",
                    lambda b: b[:len(b) * 2 // 3])
after_json = mangled("after_json", "WP-5C: something follows the list",
                     lambda b: b + b" }")
bad_utf8 = mangled("bad_utf8", "WP-5C: octets that are no UTF-8",
                   lambda b: b.replace("ö".encode(), b"\xc3\x28", 1))
nul_octets = mangled("nul_octets", "WP-5C: a page of zeros in the middle",
                     lambda b: b[:200] + b"\0" * 4096 + b[200:])


def cut_body(fake, x):
    """WP-51: Content-Length promises more than comes (curl 18), inside of an object"""
    octets = body_of(fake, x)
    x.head(200, {"Content-Type": "application/json"}, len(octets))
    x.body(octets[:len(octets) * 2 // 3])
    x.cut()


def cut_in_utf8(fake, x):
    """WP-51: chunks end between the octets of a letter"""
    octets = body_of(fake, x)
    at = max(octets.find("ö".encode()), 10) + 1
    x.head(200, {"Content-Type": "application/json"})
    x.body(octets[:at])
    x.cut()


def cut_in_chunk(fake, x):
    """WP-51: FIN inside of a chunk"""
    octets = body_of(fake, x)
    x.head(200, {"Content-Type": "application/json"})
    x.write(b"%x\r\n" % len(octets) + octets[:len(octets) // 2])
    x.cut()


def bad_chunk(fake, x):
    """WP-51: a chunk whose size is no number"""
    octets = body_of(fake, x)
    x.head(200, {"Content-Type": "application/json"})
    x.body(octets[:100])
    x.write(b"zz\r\n" + octets[100:] + b"\r\n0\r\n\r\n")
    x.done = True


def reset_in_body(fake, x):
    """WP-51: RST in the middle"""
    octets = body_of(fake, x)
    x.head(200, {"Content-Type": "application/json"}, len(octets))
    x.body(octets[:len(octets) // 2])
    time.sleep(0.05)  # an RST may overtake what was sent
    x.reset()


def silent_in_body(fake, x):
    """WP-25, WP-60: half a list, and then nothing for ever"""
    octets = body_of(fake, x)
    x.head(200, {"Content-Type": "application/json"}, len(octets))
    x.body(octets[:len(octets) // 2])
    wait_for_client(x)


def endless_head(fake, x):
    """WP-72: header after header"""
    x.request.status = 200
    x.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    for i in range(ENDLESS_HEAD_MAX // 1024):
        x.write(b"X-Filler-%d: " % i + b"f" * 1000 + b"\r\n")
    fake.errors.append("8 MiB of headers were read")


def endless(x, octets):
    """The same for ever; whether the client had enough before BODY_MAX."""
    try:
        for _ in range(BODY_MAX // len(octets)):
            x.body(octets)
    except Gone:
        return True
    return False


def endless_error(fake, x):
    """WP-72: an error whose text has no end"""
    x.head(500, {"Content-Type": "text/plain"})
    if not endless(x, b"it failed and failed and " * 2000):
        fake.errors.append("64 MiB of an error were read")
    x.cut()


def endless_spaces(fake, x):
    """WP-79: a list in which nothing comes, for ever"""
    x.head(200, {"Content-Type": "application/json"})
    x.body(body_of(fake, x)[:-2])
    if not endless(x, b" " * 65536):
        fake.errors.append("64 MiB of spaces were read")
    x.cut()


def drops(x, octets, every_s=0.02):
    """The same octets again and again, slowly, until the client has had enough."""
    end = time.monotonic() + 50
    while time.monotonic() < end:
        x.body(octets)
        time.sleep(every_s)
    return False


def dropping_list(fake, x):
    """WP-25: a list that comes by drops, for ever"""
    x.head(200, {"Content-Type": "application/json"})
    x.body(body_of(fake, x)[:-20])
    if not drops(x, b" "):
        fake.errors.append("a list without end was read for 50 s")


def dropping_error(fake, x):
    """WP-72: an error whose text comes by drops, for ever"""
    x.head(503, {"Content-Type": "text/plain"})
    if not drops(x, b"."):
        fake.errors.append("an error without end was read for 50 s")


def dropping_state(fake, x):
    """WP-49: a WatchList without an end, but for line feeds"""
    x.head(200, {"Content-Type": "application/json"})
    for obj in fake.store.at(x.request.resource):
        x.body(fake.event(x.request, "ADDED", obj))
    if not drops(x, b"\n"):
        fake.errors.append("a state without end was read for 50 s")


# Lists that are odd and right, or nearly so.


def listed(name, text, change):
    """A list whose dictionary is changed."""

    def fault(fake, x):
        fake.authenticate(x)
        # A copy: the objects are the store's.
        x.reply(200, change(json.loads(dump(fake.list_body(x.request)))))

    return named(name, fault, text)


def twice(body):
    """AF-06: every key of the list twice; the last one is right."""
    wrong = {"kind": "Other", "apiVersion": "v0", "metadata": {"resourceVersion": "1"},
             "items": []}
    first = ",".join(f"{json.dumps(k)}:{dump(wrong[k]).decode()}" for k in body)
    return b"{" + first.encode() + b"," + dump(body)[1:]


def items_first(body):
    return dump({"items": body["items"], "metadata": body["metadata"],
                 "apiVersion": body["apiVersion"], "kind": body["kind"]})


def with_nulls(body):
    """WP-77: null wherever nothing is."""
    for item in body["items"]:
        item = item.setdefault("metadata", {})
        for key in ("annotations", "labels", "ownerReferences"):
            item.setdefault(key, None)
    for item in body["items"]:
        if "endpoints" in item:
            for e in item["endpoints"]:
                for key in ("hostname", "targetRef", "nodeName", "zone", "hints"):
                    e.setdefault(key, None)
    body["items"] = body["items"] or None
    body["metadata"]["selfLink"] = None
    body["metadata"].setdefault("continue", None)
    return dump(body)


def plus_item(item):
    def change(body):
        return dump({**body, "items": [item] + body["items"]})

    return change


DEEP = json.loads('{"f:a":' * 40 + "1" + "}" * 40)
TOO_DEEP = '{"f:a":' * 500 + "1" + "}" * 500
WIDE = {f"f:k{i}": {".": {}, "f:v": {}} for i in range(20000)}


def with_managed_fields(value):
    """WP-76, WP-79: managedFields as large as they get; no reason to lose the object"""

    def change(body):
        for item in body["items"][:1]:
            item["metadata"]["managedFields"] = [{"manager": "m", "fieldsV1": value}]
        return dump(body)

    return change


keys_twice = listed("keys_twice", "AF-06: keys come twice", twice)
items_before_metadata = listed("items_before_metadata", "AF-06, WP-75", items_first)
nulls = listed("nulls", "WP-77, AF-06: null wherever nothing is", with_nulls)
number_versions = listed(
    "number_versions", "WP-78: resourceVersion is a number",
    lambda body: dump({**body, "metadata": {
        **body["metadata"], "resourceVersion": int(body["metadata"]["resourceVersion"])}}))
pretty = listed("pretty", "AF-04: indented, with CRLF",
                lambda body: json.dumps(body, indent=4).replace("\n", "\r\n").encode())
deep_managed = listed("deep_managed", "WP-76: managedFields of 40 levels",
                      with_managed_fields(DEEP))
wide_managed = listed("wide_managed", "WP-76: managedFields of half a megabyte",
                      with_managed_fields(WIDE))
nameless_item = listed("nameless_item", "WP-79: an object without a name",
                       plus_item({"metadata": {"namespace": "shop"}, "spec": {}}))
null_item = listed("null_item", "WP-79: null in place of an object", plus_item(None))
long_item = listed("long_item", "WP-79: a string that is kept of more than 64 kB",
                   plus_item({"metadata": {"name": "long", "namespace": "shop"},
                              "spec": {"type": "ExternalName", "externalName": "x" * 70000}}))
no_version = listed("no_version", "WP-22: a list without a resourceVersion",
                    lambda body: dump({**body, "metadata": {}}))


def empty_page(fake, x):
    """WP-22: an empty page with `continue`; what it should have had comes on the next."""
    r = x.request
    fake.authenticate(x)
    start = r.query.get("continue")
    at, key = fake.read_token(start) if start else (fake.store.rv, ("", ""))
    body = fake.list_object(r, {"resourceVersion": str(at),
                                "continue": fake.make_token(at, key)}, [])
    x.reply(200, dump(body))


def endless_pages(fake, x):
    """WP-22: the token of the page leads to the same page, and so on."""
    empty_page(fake, x)


# ---- watches ----


def ends_at_once(fake, x):
    """WP-52: 200 and a clean end without an event"""
    x.head(200, {"Content-Type": "application/json"})
    x.end()


def no_initial_end(fake, x):
    """WP-49: the state of a WatchList, and no bookmark that says so"""

    def lose_bookmarks(events):
        return [e for e in events if not e.startswith(b'{"type":"BOOKMARK"')]

    run_watch(fake, x, lose_bookmarks, bookmarks=False)


def initial_cut(fake, x):
    """WP-85: a WatchList that ends cleanly in the middle of its state"""

    def half(events):
        x.body(b"".join(events[:len(events) // 2]))
        x.end()
        return []

    run_watch(fake, x, half)


def initial_reset(fake, x):
    """WP-51, WP-85: a WatchList that is reset in the middle of its state"""

    def half(events):
        x.body(b"".join(events[:len(events) // 2]))
        time.sleep(0.05)
        x.reset()

    run_watch(fake, x, half)


def initial_error(code, reason):
    """WP-47: ERROR in place of the state"""

    def fault(fake, x):
        x.head(200, {"Content-Type": "application/json"})
        x.body(fake.event(x.request, "ERROR", Refused(code, reason, "scripted").status))
        x.end()

    return named(f"initial_error_{code}", fault, f"WP-47: ERROR {code} {reason}")


def dripping(fake, x):
    """R-18: one octet in each TLS record"""
    x.drip = (1, 0)
    fake.answer(x)


def trickling(octets_per_s):
    """R-18: so many octets a second"""

    def fault(fake, x):
        x.drip = (1, 1.0 / octets_per_s)
        fake.answer(x)

    return named("trickling", fault, f"R-18: {octets_per_s} octets a second")


def run_watch(fake, x, change, bookmarks=True):
    """The watch that belongs here, its octets going through `change`."""
    from fakeapi import Watch

    fake.authenticate(x)
    watch = Watch(fake, x)
    watch.change = change
    watch.bookmarks &= bookmarks
    watch.run()


def changing(name, text, change):
    """A stream whose events are changed: function of a list of octets."""

    def fault(fake, x):
        run_watch(fake, x, change)

    return named(name, fault, text)


def duplicate(events):
    return [e for e in events for _ in range(3)]


def sort_by_object(events):
    """Other objects in another order; the order of one object's events is kept."""
    def key(octets):
        obj = json.loads(octets)["object"]["metadata"]
        return obj.get("namespace", ""), obj.get("name", "~")

    return sorted(events, key=key, reverse=True)


def one_write(events):
    return [b"".join(e.rstrip(b"\n") for e in events)]


def object_first(events):
    """WP-75: `type` follows `object`."""
    out = []
    for e in events:
        event = json.loads(e)
        out.append(dump({"object": event["object"], "type": event["type"]}) + b"\n")
    return out


def indented(events):
    return [json.dumps(json.loads(e), indent=2).replace("\n", "\r\n").encode()
            for e in events]


def added_only(events):
    """WP-32: ADDED of a known object is a change."""
    return [e.replace(b'{"type":"MODIFIED"', b'{"type":"ADDED"', 1) for e in events]


def modified_only(events):
    """WP-32: MODIFIED of an unknown object adds it."""
    return [e.replace(b'{"type":"ADDED"', b'{"type":"MODIFIED"', 1) for e in events]


def broken_deleted(events):
    """WP-32: DELETED deletes, even if the rest of the object is of no use."""
    return [e.replace(b'"spec":{', b'"spec":[7],"x":{', 1)
            if e.startswith(b'{"type":"DELETED"') else e for e in events]


def lost(events):
    """WP-62: events that never come."""
    return []


duplicated = changing("duplicated", "R-18: each event three times", duplicate)
reordered = changing("reordered", "R-18: events of objects in another order", sort_by_object)
unseparated = changing("unseparated", "WP-80: no line feed between events", one_write)
type_last = changing("type_last", "WP-75: `type` after `object`", object_first)
indented_events = changing("indented_events", "WP-31: events over many lines", indented)
all_added = changing("all_added", "WP-32: ADDED of what is known", added_only)
deleted_broken = changing("deleted_broken", "WP-32: DELETED of what cannot be read",
                          broken_deleted)
all_modified = changing("all_modified", "WP-32: MODIFIED of what is not", modified_only)


# ---- open streams: functions of a Watch ----


def sample(watch, name="torn", **metadata):
    """Octets of an ADDED event of an object of its own."""
    obj = {"kind": "Service", "apiVersion": "v1",
           "metadata": {"name": name, "namespace": "shop", "annotations": {"note": "größer"},
                        "resourceVersion": str(watch.fake.store.bump()), **metadata},
           "spec": {"clusterIP": "10.96.0.200", "clusterIPs": ["10.96.0.200"]}}
    return dump({"type": "ADDED", "object": obj}) + b"\n"


def push_then(watch, octets, end):
    watch.do("push", octets)
    watch.do(end)


def stream_cut(watch):
    """WP-51: FIN inside of an object (curl 18)"""
    octets = sample(watch)
    push_then(watch, octets[:len(octets) // 2], "cut")


def stream_cut_in_utf8(watch):
    """WP-51: FIN between the octets of a letter"""
    octets = sample(watch)
    push_then(watch, octets[:octets.index("ö".encode()) + 1], "cut")


def stream_half_end(watch):
    """WP-5C: the last chunk comes inside of an object"""
    octets = sample(watch)
    push_then(watch, octets[:len(octets) // 2], "end")


def stream_reset(watch):
    """WP-51: RST"""
    watch.do("reset")


def stream_fin(watch):
    """WP-51: FIN between objects, without the last chunk"""
    watch.do("cut")


def stream_end(watch):
    """WP-35, WP-52: a clean end"""
    watch.do("end")


def stream_garbage(watch):
    """WP-5C: what is no JSON"""
    watch.do("push", b"}]garbage\0\xff\n")


def stream_bad_utf8(watch):
    """WP-5C: octets that are no UTF-8"""
    watch.do("push", sample(watch).replace("ö".encode(), b"\xc3\x28"))


def stream_error(code, reason, message="scripted"):
    def fault(watch):
        watch.do("error", Refused(code, reason, message))

    return named(f"stream_error_{code}", fault, f"ERROR {code} {reason}")


def stream_unknown_type(watch):
    """WP-31: an event of an unknown type: the stream is broken"""
    watch.do("push", sample(watch).replace(b'"ADDED"', b'"RENAMED"'))


def stream_no_type(watch):
    """WP-31: an event without a type"""
    watch.do("push", sample(watch).replace(b'"type":"ADDED",', b""))


def stream_nameless(watch):
    """WP-79: an object without metadata.name: left out, the stream goes on"""
    watch.do("push", sample(watch).replace(b'"name":"torn",', b""))


def stream_null_object(watch):
    """WP-79: null in place of an object"""
    watch.do("push", b'{"type":"ADDED","object":null}\n')


def stream_long_string(watch):
    """WP-79: a string that is kept of more than 64 kB: left out"""
    watch.do("push", sample(watch, labels={"app": "x" * 70000}))


def stream_deep(watch):
    """WP-79: 500 levels"""
    octets = sample(watch)
    watch.do("push", octets.replace(b'"spec":{', b'"spec":{"x":' + TOO_DEEP.encode() + b",", 1))


def stream_huge(watch):
    """WP-79: an event of 17 MiB"""
    filler = b'"data":"' + b"y" * (17 << 20) + b'",'
    watch.do("push", sample(watch).replace(b'"spec":{', b'"spec":{' + filler, 1))


def stream_large(watch):
    """WP-79: an event of 2 MiB is none too many: 1.5 MB is what etcd takes"""
    filler = b'"data":"' + b"y" * (2 << 20) + b'",'
    for type_ in (b'"ADDED"', b'"DELETED"'):
        octets = sample(watch).replace(b'"spec":{', b'"spec":{' + filler, 1)
        watch.do("push", octets.replace(b'"ADDED"', type_, 1))


def stream_bookmarks(watch):
    """WP-34: a storm of bookmarks"""
    watch.do("bookmark", 5000)


def stream_odd_bookmarks(watch):
    """WP-33: bookmarks without a version, with an older one, with an annotation"""
    for meta in ({}, {"resourceVersion": ""}, {"resourceVersion": "7"}, None,
                 {"resourceVersion": str(watch.fake.store.rv), "annotations": None}):
        watch.do("push", dump({"type": "BOOKMARK", "object": {
            "kind": "Service", "apiVersion": "v1", "metadata": meta}}) + b"\n")


def stream_spaces(watch):
    """WP-80: white space between events"""
    watch.do("push", b"\r\n\t   \n" * 20000)


def stream_unknown_deleted(watch):
    """WP-32: DELETED of what is not known"""
    watch.do("push", sample(watch, name="never-there").replace(b'"ADDED"', b'"DELETED"'))


def stream_silent(watch):
    """WP-60: a bookmark, and then nothing, not even an end"""
    watch.do("bookmark")
    watch.do("silence")
