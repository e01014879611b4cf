"""A fake API server, a client of it, and somebody who asks all the time.

The client is an appliance with `source = "api"`, or the reference client of this folder when
the faults themselves are on trial. A test makes something go wrong between the two:

    with Lab(watch_list=False) as lab:
        lab.fake.script(faults.html, "services", "list", times=3)
        lab.fake.expire("services")
        ...
        lab.settle()

Meanwhile standing names must keep their answers, and at the end each name has to be what the
oracle makes of the objects in the fake's store. How the client asked is checked at the end.
"""

import contextlib
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), d) for d in ("system", "oracle")]

import dns.message  # noqa: E402
import dns.name  # noqa: E402

import ask  # noqa: E402
import faults  # noqa: E402
import harness  # noqa: E402
import records  # noqa: E402
import reference  # noqa: E402
import run as oracle_run  # noqa: E402
from apistore import RESOURCES  # noqa: E402
from fakeapi import FakeAPI  # noqa: E402
from harness import namespace, service, slice_  # noqa: E402

SPEED = 30  # of the times of both sides
PATIENCE_S = 60  # a client that has not recovered by then never will
LISTED = ("namespaces", "services", "endpointslices")
ZONE = "shop.svc.cluster.local."


def annotated(obj, **more):
    """With text that is no ASCII, so that a cut may fall into a letter."""
    obj["metadata"].setdefault("annotations", {})["note"] = "größer"
    obj["metadata"].update(more)
    return obj


GONE = service("gone", ip="10.96.0.99")
NEW = service("new", ip="10.96.0.77")


def standing():
    """What is there from the start and stays, and GONE, which tests take away."""
    return [
        namespace("default"), annotated(namespace("shop")),
        annotated(service("web", ip="10.96.0.1")), service("api", ip="10.96.0.2"),
        annotated(service("db", ip="None")), GONE,
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": "ext", "namespace": "shop"},
         "spec": {"type": "ExternalName", "externalName": "example.org"}},
        annotated(slice_("db-1", "db", ["10.244.1.7", "10.244.1.8"],
                         hostnames=["db-0", "db-1"])),
        slice_("db-2", "db", ["10.244.1.9"]), slice_("web-1", "web", ["10.244.1.20"]),
    ]


STANDING = [
    ("web." + ZONE, "A", "NOERROR", ["10.96.0.1"]),
    ("_http._tcp.web." + ZONE, "SRV", "NOERROR", ["0 100 80 web." + ZONE]),
    ("1.0.96.10.in-addr.arpa.", "PTR", "NOERROR", ["web." + ZONE]),
    ("db." + ZONE, "A", "NOERROR", ["10.244.1.7", "10.244.1.8", "10.244.1.9"]),
    ("db-0.db." + ZONE, "A", "NOERROR", ["10.244.1.7"]),
    ("7.1.244.10.in-addr.arpa.", "PTR", "NOERROR", ["db-0.db." + ZONE]),
    ("ext." + ZONE, "CNAME", "NOERROR", ["example.org."]),
    ("nope." + ZONE, "A", "NXDOMAIN", []),
    (ZONE, "A", "NOERROR", []),
]
GONE_STANDS = ("gone." + ZONE, "A", "NOERROR", ["10.96.0.99"])


class Files:
    """Credentials: a CA, a token behind the links of a projected volume, a kubeconfig."""

    def __init__(self, directory, fake, token="token-1"):
        self.directory = directory
        self.volume = os.path.join(directory, "volume")
        os.makedirs(self.volume)
        self.turn = 0
        self.project(token, fake.authority.text())
        for name in ("token", "ca.crt"):
            os.symlink("..data/" + name, self.path(name))

    def path(self, name):
        return os.path.join(self.volume, name)

    def project(self, token, ca):
        """As kubelet: a directory with new content, and a link that is moved to it."""
        self.turn += 1
        self.token, self.ca = token, ca
        name = f"..{self.turn:04d}"
        os.mkdir(self.path(name))
        for leaf, text in (("token", token), ("ca.crt", ca)):
            with open(self.path(os.path.join(name, leaf)), "w") as f:
                f.write(text)
        os.symlink(name, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))

    def kubeconfig(self, server, user=None, cluster=None):
        """Path of a kubeconfig with one context."""
        cluster = cluster or f"certificate-authority: {self.path('ca.crt')}"
        user = user or f"tokenFile: {self.path('token')}"
        path = os.path.join(self.directory, "kubeconfig")
        harness.write_whole(path, f"""\
apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {{cluster: fake, user: dns}}
clusters:
- name: fake
  cluster:
    server: {server}
    {cluster}
users:
- name: dns
  user:
    {user}
""")
        return path


class ApiAppliance(harness.Appliance):
    """An appliance whose objects come from the API."""

    def source(self):
        return 'source = "api";'


class ApplianceSubject:
    def __init__(self, lab):
        self.lab = lab
        harness.program("shmdnsd")
        lines = [f"test_speedup = {lab.speed};",
                 f"watch_list = {str(lab.watch_list).lower()};",
                 f'first_list = "{lab.first_list}";', f'audit = "{lab.audit_s}s";']
        if len(lab.fake.urls) > 1:
            lines.append("endpoints = [" + ", ".join(f'"{u}"' for u in lab.fake.urls) + "];")
            lines.append(f'token_file = "{lab.files.path("token")}";')
            lines.append(f'tls: {{ ca = "{lab.files.path("ca.crt")}"; }};')
        else:
            lines.append(f'kubeconfig = "{lab.kubeconfig}";')
        lines.append('server_addresses = [ "10.250.0.53" ];')
        self.a = ApiAppliance(kubernetes="\n    ".join(lines) + "\n    " + lab.more,
                              directory=lab.directory, workers=2, wrap=lab.wrap, http=lab.http)
        self.differed = []
        self.asked = {}  # question: (octets, {octets of replies: outcome})

    def start(self):
        self.a.spawn()

    def stop(self, check):
        if not check:
            print(self.a.tail(), flush=True)
        self.a.stop(check=check)
        if check:
            # A controller that fell would be replaced, and nobody would notice.
            bad = self.a.log_lines(r"Sanitizer|runtime error| died (?!.*exit=0 )")
            assert self.lab.controller_dies or not bad, f"{bad}\n{self.a.tail()}"

    def ready(self):
        assert self.a.alive(), f"shmdnsd ended\n{self.a.tail()}"
        return all(self.outcome(n, t, 0.3) == (rcode, sorted(rdata)) for _ in range(4)
                   for n, t, rcode, rdata in (STANDING[0], STANDING[3]))

    def outcome(self, name, type_, timeout_s=1.0):
        """What is answered; None: nothing in time. Octets that were seen are not decoded."""
        question = (name, type_)
        if question not in self.asked:
            self.asked[question] = (dns.message.make_query(name, type_).to_wire()[2:], {})
        query, replies = self.asked[question]
        id_ = os.urandom(2)
        with contextlib.suppress(OSError), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout_s)
            s.connect(("127.0.0.1", self.a.port))
            s.send(id_ + query)
            reply = s.recv(65535)
            assert reply[:2] == id_, "the reply of another"
            if reply[2:] not in replies:
                replies[reply[2:]] = harness.outcome(dns.message.from_wire(reply))
            return replies[reply[2:]]
        return None

    def everywhere(self, name, type_, want):
        return all(self.outcome(name, type_) == want for _ in range(12))

    def differences(self, objects, ever):
        """Names that are not answered as the oracle says; `ever`: they may have left names.

        What differed at the last call is asked first, and everything when that is right.
        """
        oracle = records.Oracle(objects, self.lab.settings)
        found = self.compare(oracle, self.differed)
        if not found:
            exist = set(oracle.names())
            might = oracle_run.candidates(ever, oracle) - exist
            found = self.compare(oracle, [(n, t) for n in sorted(exist) for t in types_of(n)]
                                 + [(n, "A") for n in sorted(might)])
        self.differed = list(found)[:50]
        return list(found.values())

    def compare(self, oracle, asked):
        """{question: how its reply differs}"""
        asked = [(n, t) for n, t in asked if records.fits(n) and not records.is_special(n)]
        names = [(dns.name.Name([l.encode("latin-1") for l in n + ("",)]), t)
                 for n, t in asked]
        out = {}
        for question, (q, t), wire in zip(asked, names, ask.ask(self.a.port, names)):
            want, got = oracle.answer(q, t), ask.Got(wire)
            why = ask.differs(got, want, oracle.set["max_udp"])
            if why:
                out[question] = f"{q} {t}: {why}\n    got  {got}\n    want {want}"
        return out


def types_of(labels):
    """A CNAME is the answer to every type."""
    return ("PTR",) if labels[-1] == "arpa" else (
        ("SRV",) if labels[0][:1] == "_" else ("A", "AAAA"))


def without_nulls(value):
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


class ReferenceSubject:
    """The reference client: its objects are its answers."""

    def __init__(self, lab):
        self.lab = lab
        paths = {r: RESOURCES[r].path() for r in LISTED}
        self.client = reference.Client(lab.fake.urls, lab.files.path("ca.crt"),
                                       lab.files.path("token"), lab.speed, lab.watch_list,
                                       lab.first_list, LISTED, paths, lab.audit_s)

    def start(self):
        self.client.start()

    def stop(self, check):
        self.client.stop()

    def ready(self):
        return self.client.ready()

    def outcome(self, name, type_, timeout_s=0):
        """Answers of A questions for Services of this test, made from the objects."""
        if not self.client.ready():
            return "SERVFAIL", []
        if type_ != "A" or not name.endswith("." + ZONE) or name.startswith("d"):
            return None
        label = name.split(".")[0]
        with self.client.lock:
            if label.count("-") == 3:  # an endpoint
                ip = label.replace("-", ".")
                found = any(e["addresses"] == [ip]
                            for s in self.client.store["endpointslices"].values()
                            for e in s["endpoints"] or [])
                return ("NOERROR", [ip]) if found else ("NXDOMAIN", [])
            obj = self.client.store["services"].get(("shop", label))
        return ("NOERROR", obj["spec"]["clusterIPs"]) if obj else ("NXDOMAIN", [])

    def everywhere(self, name, type_, want):
        return self.outcome(name, type_) == want

    def differences(self, objects, ever):
        want = {(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]):
                o.get("spec", o.get("endpoints")) for o in objects}
        got = {}
        with self.client.lock:
            for resource, items in self.client.store.items():
                for (ns, name), o in items.items():
                    got[(RESOURCES[resource].kind, ns, name)] = without_nulls(
                        o.get("spec", o.get("endpoints")))
        want = {k: v for k, v in want.items() if k[0] != "Pod"}
        return [f"{k}: {got.get(k)} instead of {want.get(k)}" for k in set(got) | set(want)
                if k not in got or k not in want or got[k] != want[k]]


class Poller(threading.Thread):
    """Asks the standing names in turn; remembers what it should not have heard."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.subject = lab, lab.subject
        self.names = list(STANDING) + [GONE_STANDS]
        self.stopped = threading.Event()
        self.strict = False  # from the first complete generation on
        self.wrong = []
        self.asked = self.rounds = 0
        self.silent_since = None

    def run(self):
        while not self.stopped.wait(0.01):
            for question in list(self.names):
                strict = self.strict
                name, type_, rcode, rdata = question
                got = self.subject.outcome(name, type_, 1.0 if strict else 0.3)
                self.take(question, strict, got, (rcode, sorted(rdata)))
                self.asked += 1
            self.rounds += 1

    def take(self, question, strict, got, want):
        if got == want or question not in self.names:
            self.silent_since = None
            return
        now = time.monotonic()
        if got is None and self.lab.is_reference:
            return
        if got is None:
            # A machine that is busy may be slow; one that answers never is not.
            self.silent_since = self.silent_since or now
            if strict and now > self.silent_since + 10:
                self.wrong.append(f"{question[:2]}: no answer for 10 s")
            return
        self.silent_since = None
        if strict or got[0] != "SERVFAIL":
            self.wrong.append(f"{question[:2]}: {got} instead of {want}"
                              + ("" if strict else " before all was listed (RU-03, RU-08)"))

    def end(self):
        self.stopped.set()
        self.join(30)


class Lab:
    """A context manager: server, client and poller run inside of it.

    before      function of the Lab, called when the server is up and the client is not
    wait        not to enter before everything was listed and is watched
    more        further keys of `kubernetes`; settings: what the oracle has to know of them
    user, cluster, server   lines of the kubeconfig
    audit_s     so long by default that no audit mends what something else should have
    wrap        a command that runs the appliance
    http        ports of shmdns-admin: {"ready": 8181}
    allow       rules of wrong_with() that a test breaks on purpose
    """

    def __init__(self, objects=None, reference=False, speed=SPEED, watch_list=False,
                 first_list="cached", listeners=1, host="127.0.0.1", more="", settings=None,
                 user=None, cluster=None, server=None, before=None, wait=True,
                 audit_s=36000, allow=(), wrap=(), http=None):
        self.directory = tempfile.mkdtemp(prefix="shmdns-api-")
        self.speed, self.watch_list, self.first_list = speed, watch_list, first_list
        self.more, self.wait, self.audit_s, self.wrap = more, wait, audit_s, wrap
        self.http = http
        self.settings = {"server_addresses": ["10.250.0.53"], **(settings or {})}
        self.allow = set(allow)  # rules of requests that this test breaks on purpose
        self.is_reference = reference
        self.controller_dies = False  # on purpose
        self.fake = FakeAPI(self.directory, speed=speed, listeners=listeners, host=host)
        self.fake.apply(*(standing() if objects is None else objects))
        self.files = Files(self.directory, self.fake)
        self.tokens = {"token-1"}
        self.server, self.cluster = server or self.fake.url, cluster
        if before is not None:
            before(self)
        self.kubeconfig = self.files.kubeconfig(self.server, user, self.cluster)
        self.subject = (ReferenceSubject if self.is_reference else ApplianceSubject)(self)
        self.poller = Poller(self)

    def __enter__(self):
        try:
            self.subject.start()
            self.poller.start()
            if self.wait:
                self.await_ready()
                self.fake.await_watches(*LISTED, patience_s=PATIENCE_S)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None and not issubclass(kind, unittest.SkipTest)
        try:
            self.poller.end()
            if failed:
                print(self.fake.text(), flush=True)
            self.subject.stop(check=not failed)
        finally:
            self.fake.close()
            shutil.rmtree(self.directory, ignore_errors=True)
        if kind is None:
            self.check()

    # -- what tests do --

    def await_(self, what, condition, patience_s=PATIENCE_S):
        try:
            return harness.await_(what, condition, patience_s)
        except harness.Timeout as e:
            raise AssertionError(str(e)) from None

    def await_ready(self):
        self.await_("all lists were taken", self.subject.ready)
        self.poller.strict = True

    def polled(self):
        """Every standing name was asked again since this call."""
        rounds = self.poller.rounds
        self.await_("a round of questions", lambda: self.poller.rounds > rounds + 1)

    def gone_stands(self):
        """What was deleted and not yet listed as gone is still answered (WP-85)."""
        self.polled()
        assert self.subject.everywhere(*GONE_STANDS[:2], ("NOERROR", ["10.96.0.99"])), (
            "swept by a list that was not complete (WP-85)")

    def gone_may_go(self):
        if GONE_STANDS in self.poller.names:
            self.poller.names.remove(GONE_STANDS)

    def await_answer(self, name, type_, rcode, rdata=()):
        self.await_(f"{name} {type_} {rcode} {rdata}",
                    lambda: self.subject.everywhere(name, type_, (rcode, sorted(rdata))))

    def learn(self):
        """Something is added, and seen: the version that the client knows now."""
        rv = self.fake.apply(service("learnt", ip="10.96.0.50"))
        self.await_answer("learnt." + ZONE, "A", "NOERROR", ["10.96.0.50"])
        return rv

    def await_count(self, resource, *keys, least=1):
        """Until a counter of the controller has come so far (MA-01, MA-04, MA-05)."""
        def value():
            found = next(r for r in self.subject.a.status()["resources"]
                         if r["resource"] == resource)
            for key in keys:
                found = found[key]
            return found >= least

        if not self.is_reference:
            self.await_(f"{resource} {keys} >= {least}", value)

    def await_resumed(self, resource, since, rv):
        """The next watch begins where the last one ended (WP-35, WP-51); no list (RF-06)."""
        watch = self.fake.await_request(resource, "watch", since,
                                        where=lambda r: not r.note and r.status == 200)[0]
        found = int(watch.query["resourceVersion"])
        assert rv <= found <= self.fake.store.rv, (
            f"the watch began at {found}, known was {rv}")
        self.no_list(resource, since)
        return watch

    def no_list(self, resource, since):
        lists = self.fake.seen(resource, "list page watchlist", since)
        assert not lists, f"lists that no rule asks for: {lists}"

    def await_new(self, ip="10.96.0.77"):
        self.await_answer("new." + ZONE, "A", "NOERROR", [ip])

    def absent(self, *labels):
        """What was told in part, or not as it should be, is not believed."""
        for label in labels:
            self.await_answer(f"{label}.{ZONE}", "A", "NXDOMAIN")

    def settle(self, objects=None, patience_s=PATIENCE_S):
        """Until every name is what the oracle makes of the fake's store."""
        ever = list(self.fake.store.ever.values())
        found = []

        def equal():
            now = self.fake.store.objects() if objects is None else objects
            found[:] = self.subject.differences(now, ever)
            return not found

        try:
            harness.await_("equal to the store", equal, patience_s, every_s=0.05)
        except harness.Timeout as e:
            raise AssertionError("\n".join([f"{e}: {len(found)} differences", *found[:8]])
                                 ) from None

    def change_and_settle(self):
        """Something of each kind changes: the client has to see it."""
        self.fake.apply(NEW, slice_("db-2", "db", ["10.244.1.10"]), namespace("late"),
                        service("web2", namespace="late", ip="10.96.0.3"))
        self.poller.names = [q for q in self.poller.names if q[0] != "db." + ZONE]
        self.settle()

    # -- what is true of every test --

    def check(self):
        assert not self.fake.errors, "\n".join(self.fake.errors)
        assert not self.poller.wrong, "\n".join(self.poller.wrong[:10])
        assert self.poller.asked > 0 or not self.wait
        for r in self.fake.requests:
            for rule, why in wrong_with(r, self.speed, self.tokens):
                assert rule in self.allow, f"{rule}: {why}: {r} {r.headers}"


def wrong_with(r, speed, tokens):
    """What is not as the rows want it in a request: [(row, why)]."""
    q, h = r.query, r.headers
    if r.method != "GET":
        yield "WP-14", "not a GET"
    if h.get("authorization", "").partition(" ")[::2] not in [("Bearer", t) for t in tokens]:
        yield "WP-73", "not the token"
    if not h.get("user-agent") or re.match("curl|Wget|Mozilla/5.0", h["user-agent"]):
        yield "AF-04", "User-Agent"
    if "cookie" in h or "referer" in h:
        yield "WP-73", "cookie"
    if r.verb in ("watch", "watchlist"):
        if "accept-encoding" in h:
            yield "AF-03", "Accept-Encoding on a watch"
        if q.get("allowWatchBookmarks") != "true":
            yield "WP-30", "no bookmarks"
        timeout_s = int(q.get("timeoutSeconds") or 0)
        if not max(1, 300 // speed) <= timeout_s <= max(1, -(-600 // speed)):
            yield "WP-30", "timeoutSeconds"
        if "limit" in q or "continue" in q:
            yield "WP-30", "limit on a watch"
    if r.verb == "watch" and not q.get("resourceVersion", "").strip("0"):
        yield "WP-33", "a watch without a version"
    if r.verb == "watch" and "resourceVersionMatch" in q:
        yield "WP-30", "resourceVersionMatch on a watch"
    if r.verb == "watchlist" and q.get("resourceVersionMatch") != "NotOlderThan":
        yield "WP-48", "no resourceVersionMatch"
    if r.verb == "page" and ("resourceVersion" in q or "resourceVersionMatch" in q):
        yield "WP-22", "a version together with continue"
    if r.verb == "list" and q.get("resourceVersion", "").strip("0") and (
            "resourceVersionMatch" not in q):
        yield "WP-20", "a version without resourceVersionMatch"
    if r.verb == "probe" and q.get("resourceVersion"):
        yield "WP-61", "a probe that is not consistent"
    if r.resource == "namespaces" and r.verb != "probe" and (
            "as=PartialObjectMetadata" not in h.get("accept", "")):
        yield "WP-15", "more than metadata"


class ApiTest(unittest.TestCase):
    """A test of a client: the appliance, and in test_selftest.py the reference client."""

    reference = False

    def lab(self, **options):
        return Lab(reference=self.reference, **options)


def appliance_only(test):
    """The reference client does not go so far."""
    test.appliance_only = True
    return test


def add(case, name, text, test):
    """A row of a table becomes a test."""
    test.__name__, test.__doc__ = "test_" + name, text
    assert not hasattr(case, test.__name__), test.__name__
    setattr(case, test.__name__, test)


__all__ = ["ApiTest", "GONE", "Lab", "NEW", "SPEED", "STANDING", "ZONE", "add",
           "appliance_only", "faults", "harness", "standing"]
