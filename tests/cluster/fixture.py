"""What cluster tests share: one control plane, a DNS server under test, quiet points.

There is one control plane for all tests of a run, and a CoreDNS in it; a test has a namespace
of its own, and a server of ours that is fed by the API server. At a quiet point (the objects
do not change any more) the names that they yield are asked, and the replies must be those of
the oracle for a fresh list, and those of CoreDNS but for the rows in differences.py.
"""

import contextlib
import http.client
import os
import sys
import threading
import time
import unittest

import compare
import harness
import processes
from control_plane import COMPARED_USER, DNS_USER, ControlPlane
from coredns import CoreDns
from harness import await_
from isolation import OWN

SOURCE = os.environ.get("SHMDNS_CLUSTER_SOURCE", "api")
QUIET_S = 60
REST_S = 0.2
TRIES = 5
LIMIT = 3000  # questions at a quiet point


class Beside:
    """once() is called again and again on a thread of its own while the block runs."""

    every_s = 0.001

    def __init__(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go)

    def go(self):
        while not self.over.wait(self.every_s):
            self.once()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.over.set()
        self.thread.join()


class Shared:
    """The one control plane, and a CoreDNS in it; started when somebody asks for them."""

    plane = None
    coredns = None
    servers = []  # that tests have started and not stopped

    @classmethod
    def get(cls, watch_list):
        if cls.plane is None:
            plane = ControlPlane(watch_list)
            plane.__enter__()
            cls.plane = plane
        cls.plane.set_watch_list(watch_list)
        return cls.plane

    @classmethod
    def get_coredns(cls, fresh):
        """`fresh`: one that has just read everything."""
        if cls.coredns is None:
            cls.coredns = CoreDns(cls.plane, cls.plane.kubeconfig(COMPARED_USER))
            cls.coredns.start()
        elif fresh:
            cls.coredns.restart()
        return cls.coredns

    @classmethod
    def stop(cls):
        with contextlib.ExitStack() as all_:  # one that fails leaves no other
            if cls.plane is not None:
                all_.callback(cls.plane.stop)
            if cls.coredns is not None:
                all_.callback(cls.coredns.stop)
            for server in cls.servers:  # of a test that was interrupted
                all_.callback(server.__exit__, KeyboardInterrupt, None, None)
        cls.servers.clear()
        cls.coredns = cls.plane = None


def with_and_without_watch_list(cls):
    """The tests of a class, and the same with the server's WatchList gate off.

    What records there are does not depend on that: CoreDNS is asked once only.
    """
    name = cls.__name__ + "WithoutWatchList"
    other = type(name, (cls,), {"watch_list": False, "compared": False,
                                "__module__": cls.__module__})
    setattr(sys.modules[cls.__module__], name, other)
    return cls


class Dns(harness.Appliance):
    """Our server, fed by the API server; with SHMDNS_CLUSTER_SOURCE=files by files of lists."""

    preexec = staticmethod(processes.end_with_parent)

    def __init__(self, plane, kubeconfig=None, keys="", **more):
        self.plane = plane
        self.kubeconfig = kubeconfig or plane.kubeconfig(DNS_USER)
        self.keys = keys
        extra = f"edns: {{ max_udp = {compare.LIMIT}; }};\n"
        own = ", ".join(f'"{a}"' for a in OWN)
        super().__init__(kubernetes=f"server_addresses = [ {own} ];",
                         extra=extra + more.pop("extra", ""), **more)

    def source(self):
        if SOURCE == "files":
            return super().source()
        return f'source = "api"; kubeconfig = "{self.kubeconfig}"; {self.keys}'

    def write_config(self):
        super().write_config()
        if SOURCE == "files":
            self.feed(compare.objects_of(self.plane.api))

    def feed(self, objects):
        self.put("cluster.json", harness.object_list(*objects))

    def dump(self):
        """Records of the current generation, without serials and comments."""
        code, out, err = self.ctl("dump", "-c", self.config, timeout_s=60)
        assert code == 0, f"dump: {code} {err}"
        return [line for line in out.splitlines()
                if line and not line.startswith(";") and "\tSOA\t" not in line]

    def resource(self, name):
        """What status says of namespaces, services or endpointslices."""
        return next(r for r in self.status()["resources"] if r["resource"] == name)

    def total(self, *path):
        """A counter of all resources, such as relists.expired."""
        def get(value):
            for key in path:
                value = value[key]
            return value
        return sum(get(r) for r in self.status()["resources"])


class ClusterTest(unittest.TestCase):
    """A namespace and our server for each test; `watch_list` is the server's gate."""

    watch_list = True
    needs_api = False  # the test makes no sense with objects from files
    compared = True  # with CoreDNS, at quiet points
    keys = ""  # further keys of the group kubernetes
    extra = ""  # ... and of others
    number = 0

    def setUp(self):
        if SOURCE == "files" and self.needs_api:
            raise unittest.SkipTest('needs kubernetes.source = "api"')
        self.plane = Shared.get(self.watch_list)
        self.api = self.plane.api
        ClusterTest.number += 1
        self.namespace = f"t{ClusterTest.number}"
        self.make_namespace(self.namespace)
        self.addCleanup(self.end)
        self.dns = self.enter(Dns(self.plane, keys=self.keys, extra=self.extra))

    def make_namespace(self, name, **labels):
        return self.api.create({"apiVersion": "v1", "kind": "Namespace",
                                "metadata": {"name": name, "labels": labels}})

    def enter(self, server):
        """As enterContext(); a failed test shows what the server has logged."""
        Shared.servers.append(server)
        self.addCleanup(self.leave, server)
        server.__enter__()
        return server

    def leave(self, server):
        Shared.servers.remove(server)
        failed = self.failure()
        server.__exit__(*(failed or (None, None, None)))

    def failure(self):
        outcome = getattr(self, "_outcome", None)
        result = getattr(outcome, "result", None)
        for test, _ in getattr(result, "errors", []) + getattr(result, "failures", []):
            if test is self:
                return AssertionError, AssertionError("the test failed"), None
        return None

    def end(self):
        """What the test has made goes; its namespace stays, for that takes seconds."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            if self.api.find("Namespace", self.namespace):
                for kind in ("Deployment", "StatefulSet", "Service", "Endpoints",
                             "EndpointSlice"):
                    self.api.delete_all(kind, self.namespace)

    # ---- names ----

    def name(self, service, namespace=None):
        return f"{service}.{namespace or self.namespace}.svc.cluster.local."

    # ---- objects ----

    def create(self, obj):
        obj["metadata"].setdefault("namespace", self.namespace)
        return self.api.create(obj)

    def service(self, name, ports=(("http", 80),), **spec):
        """Create a Service; the address is the API server's choice unless it is given."""
        return self.create({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"name": n, "port": p} for n, p in ports], **spec}})

    def headless(self, name, ports=(("http", 80),), **spec):
        return self.service(name, ports, clusterIP="None", **spec)

    def slice(self, name, service, addresses, create=True, **more):
        """Create a slice that no controller looks after."""
        obj = harness.slice_(name, service, addresses, self.namespace)
        if addresses and ":" in addresses[0]:
            obj["addressType"] = "IPv6"
        obj.update(more)
        return self.api.create(obj) if create else obj

    def workload(self, kind, name, replicas, service=None, **labels):
        """A Deployment or StatefulSet of pods that kwok runs; labels app=NAME and more."""
        labels = {"app": name, **labels}
        pod = {"terminationGracePeriodSeconds": 0,  # else namespaces go slowly
               "containers": [{"name": "c", "image": "none",
                               "ports": [{"name": "http", "containerPort": 8080}]}]}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": labels}, "spec": pod}}
        if kind == "StatefulSet":
            spec["serviceName"] = service
        return self.create({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
                            "spec": spec})

    def scale(self, kind, name, replicas):
        self.api.patch(kind, name, self.namespace, {"spec": {"replicas": replicas}})

    def pods(self, app):
        return [p for p in self.api.list("Pod", self.namespace, f"app={app}")
                if "deletionTimestamp" not in p["metadata"]]

    def await_endpoints(self, service, number, ready=True):
        """Until the real controllers have so many (ready) endpoints for a Service."""
        await_(f"{number} endpoints of {service}",
               lambda: len(self.endpoints(service, ready)) == number, QUIET_S, 0.05)
        return self.endpoints(service, ready)

    def endpoints(self, service, ready=True):
        """[(address, hostname)] of a Service's slices."""
        out = []
        for s in self.api.list("EndpointSlice", self.namespace,
                               f"kubernetes.io/service-name={service}"):
            for e in s.get("endpoints") or []:
                if not ready or e.get("conditions", {}).get("ready") is not False:
                    out.append((e["addresses"][0], e.get("hostname")))
        return sorted(out, key=str)

    # ---- quiet points ----

    def quiet(self, what, fresh=False):
        """The cluster has come to rest, and so has every answer. `fresh`: CoreDNS reads all
        anew; after faults it may be long behind (CD-35)."""
        await_("rest " + what, self.rests, QUIET_S, 0.1)
        theirs = Shared.get_coredns(fresh).port if self.compared else None
        c = compare.Comparison(self.dns.port, theirs, self.settings())
        for _ in range(TRIES):
            objects = compare.objects_of(self.api)
            if SOURCE == "files":
                self.dns.feed(objects)
            found = c.check(objects, focus=self.namespace, limit=LIMIT)
            again = compare.objects_of(self.api)
            if not found or compare.version_of(again) == compare.version_of(objects):
                break  # else the cluster moved while it was asked
        self.assertEqual(len(found), 0, f"{what}: {c.asked} questions, {len(found)} "
                         f"differences\n{compare.shown(found)}")
        return c

    def settings(self):
        return {"server_addresses": OWN}

    def rests(self):
        """True if no object changes any more; nothing of former tests goes on either."""
        before = compare.objects_of(self.api)
        time.sleep(REST_S)
        after = compare.objects_of(self.api)
        return compare.version_of(before) == compare.version_of(after)
