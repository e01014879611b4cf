"""What cluster tests share: one control plane, a DNS server under test, quiet points.

There is one control plane for all tests of a run; a test has a namespace of its own in it, and
servers of its own: ours, fed by the API server, and a CoreDNS beside it. At a quiet point (the
objects do not change any more) every name that they yield is asked, and the replies must be
those of the oracle for a fresh list, and those of CoreDNS but for the rows in differences.py.
"""

import contextlib
import os
import subprocess
import sys
import time
import unittest

import compare
import harness
from control_plane import COMPARED_USER, DNS_USER, ControlPlane
from coredns import CoreDns
from harness import await_

SOURCE = os.environ.get("SHMDNS_CLUSTER_SOURCE", "api")
ISOLATED = os.environ.get("SHMDNS_CLUSTER_ISOLATED") == "1"  # a network namespace of our own
OWN = ["10.250.0.53", "fd00:53::53"]  # addresses of the machine there
QUIET_S = 60
TRIES = 5


class Shared:
    """The one control plane; started when the first test asks for it."""

    plane = None

    @classmethod
    def get(cls, watch_list):
        if cls.plane is None:
            plane = ControlPlane(watch_list)
            plane.__enter__()
            cls.plane = plane
        cls.plane.set_watch_list(watch_list)
        return cls.plane

    @classmethod
    def stop(cls):
        if cls.plane is not None:
            cls.plane.stop()
            cls.plane = None


def with_and_without_watch_list(cls):
    """The tests of a class, and the same with the server's WatchList gate off."""
    name = cls.__name__ + "WithoutWatchList"
    other = type(name, (cls,), {"watch_list": False, "__module__": cls.__module__})
    setattr(sys.modules[cls.__module__], name, other)
    return cls


def api_source_built():
    """True if the programs know kubernetes.source = "api"."""
    done = subprocess.run([harness.program("shmdnsctl"), "version"], capture_output=True)
    assert done.returncode == 0
    with open(os.path.join(harness.SOURCE, "src/common/conf/schema.c")) as f:
        return '"kubernetes.kubeconfig"' in f.read()


class Dns(harness.Appliance):
    """Our server, fed by the API server; with SHMDNS_CLUSTER_SOURCE=files by files of lists."""

    def __init__(self, plane, kubeconfig=None, keys="", **more):
        self.plane = plane
        self.kubeconfig = kubeconfig or plane.kubeconfig(DNS_USER)
        self.keys = keys
        extra = f"edns: {{ max_udp = {compare.LIMIT}; }};\n"
        super().__init__(extra=extra + more.pop("extra", ""), **more)

    def write_config(self):
        if SOURCE == "files":
            self.kubernetes = self.common()
            super().write_config()
            self.feed(compare.objects_of(self.plane.api))
            return
        listen = ", ".join(f'{{ address = "{a}"; }}' for a in self.listen)
        harness.write_whole(self.config, f"""
instance = "{self.instance}";
run_dir = "{self.directory}/run";
state_dir = "{self.directory}/state";
workers = {self.workers};
listen = ( {listen} );
kubernetes: {{
    source = "api";
    kubeconfig = "{self.kubeconfig}";
    {self.common()}
    {self.keys}
}};
{self.extra}
""")

    @staticmethod
    def common():
        own = ", ".join(f'"{a}"' for a in OWN)
        return f"server_addresses = [ {own} ];"

    def feed(self, objects):
        self.put("cluster.json", harness.object_list(*objects))

    def dump(self):
        """Records of the current generation, without the serial."""
        code, out, err = self.ctl("dump", "-c", self.config)
        assert code == 0, f"dump: {code} {err}"
        return [line for line in out.splitlines() if " SOA " not in line and "\tSOA\t" not in line]


class ClusterTest(unittest.TestCase):
    """A namespace, our server and a CoreDNS for each test; `watch_list` is the server's gate."""

    watch_list = True
    needs_api = False  # the test makes no sense with objects from files
    compared = True  # a CoreDNS runs beside
    number = 0

    def setUp(self):
        if SOURCE == "api" and not api_source_built():
            raise unittest.SkipTest('kubernetes.source = "api" is not built')
        if SOURCE == "files" and self.needs_api:
            raise unittest.SkipTest('needs kubernetes.source = "api"')
        self.plane = Shared.get(self.watch_list)
        self.api = self.plane.api
        ClusterTest.number += 1
        self.namespace = f"t{ClusterTest.number}"
        self.make_namespace(self.namespace)
        self.addCleanup(self.end)
        self.dns, self.coredns = None, None
        self.start_servers()

    def make_namespace(self, name, **labels):
        return self.api.create({"apiVersion": "v1", "kind": "Namespace",
                                "metadata": {"name": name, "labels": labels}})

    def start_servers(self):
        self.dns = self.enter(Dns(self.plane, keys=self.keys()))
        if self.compared:
            config = self.plane.kubeconfig(COMPARED_USER)
            bind = None if ISOLATED else "127.0.0.1"
            self.coredns = self.enter(CoreDns(self.plane, config, bind))

    def keys(self):
        """Further keys of the group kubernetes."""
        return ""

    def enter(self, server):
        """As enterContext(); a failed test shows what the server has logged."""
        server.__enter__()
        self.addCleanup(self.leave, server)
        return server

    def leave(self, server):
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
        """The namespace goes; what is in it goes with it, while the next test begins."""
        with contextlib.suppress(OSError):
            if self.api.find("Namespace", self.namespace):
                self.api.delete("Namespace", self.namespace)

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
        pod = {"containers": [{"name": "c", "image": "none",
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

    def quiet(self, what):
        """The cluster has come to rest, and so has every answer."""
        harness.await_("rest " + what, self.rests, QUIET_S, 0.2)
        for _ in range(TRIES):
            objects = compare.objects_of(self.api)
            if SOURCE == "files":
                self.dns.feed(objects)
            c = compare.Comparison(self.dns.port, self.coredns and self.coredns.port,
                                   self.settings())
            found = c.check(objects)
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
        before = compare.version_of(compare.objects_of(self.api))
        if any(o[0] == "Namespace" and "deletionTimestamp" in o for o in before):
            return False
        time.sleep(0.3)
        return before == compare.version_of(compare.objects_of(self.api))
