"""A cluster of 10,000 Services and 150,000 endpoints is read again (SC-20, SC-23, SC-26)."""

import contextlib
import multiprocessing
import time

import fixture
import harness
from control_plane import DNS_USER
from fixture import Beside, ClusterTest, Dns
from harness import await_
from kube_api import Api

SERVICES, EACH = (10000, 15) if harness.FULL else (2000, 15)
NAMESPACES = 20
WORKERS, THREADS = 2, 6
MOST = 1.15
SPEED_S = 0.002


def make(arguments):
    """One process's share of the Services, each with a slice of EACH endpoints."""
    address, ca, token, prefix, numbers = arguments
    from kube_api import parallel
    api = Api(*address, ca, token, timeout_s=120)

    def one(i):
        namespace, name = f"{prefix}-{i % NAMESPACES}", f"svc-{i}"
        spec = {"ports": [{"name": "http", "port": 80}]}
        if i % 2:
            spec["clusterIP"] = "None"
        api.create({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": name, "namespace": namespace}, "spec": spec})
        api.create(harness.slice_(name, name, addresses(i), namespace))

    parallel(one, numbers, THREADS)


def addresses(i):
    return [f"11.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
            for n in range(EACH * i, EACH * i + EACH)]


def anonymous_kb(pid):
    """Memory that is the process's own: records in shared memory are not."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Anonymous:"))


class Peak(Beside):
    """The most memory that a process has while the block runs."""

    every_s = SPEED_S

    def __init__(self, pid):
        super().__init__()
        self.pid, self.most = pid, 0

    def once(self):
        with contextlib.suppress(OSError):
            self.most = max(self.most, anonymous_kb(self.pid))


@harness.alone
class Scale(ClusterTest):
    needs_api = True
    compared = False

    def setUp(self):
        super().setUp()
        self.prefix = f"{self.namespace}-scale"
        self.addCleanup(self.plane.empty_etcd)  # faster than to delete so much
        for i in range(NAMESPACES):
            self.make_namespace(f"{self.prefix}-{i}")
        began = time.monotonic()
        shares = [(self.api.address, self.plane.pki.ca, self.api.token, self.prefix,
                   range(k, SERVICES, WORKERS)) for k in range(WORKERS)]
        with contextlib.closing(multiprocessing.Pool(WORKERS)) as pool:
            pool.map(make, shares)
        pool.join()
        print(f"     {SERVICES} Services, {SERVICES * EACH} endpoints in "
              f"{time.monotonic() - began:.0f} s", flush=True)

    def await_all(self, server):
        """Until every object is taken, and every process has come to rest."""
        await_("all objects are there", lambda: (
            server.resource("services")["objects"] >= SERVICES
            and server.resource("endpointslices")["objects"] >= SERVICES), fixture.QUIET_S)
        server.await_outcome(f"svc-{SERVICES - 1}.{self.prefix}-{(SERVICES - 1) % NAMESPACES}"
                             ".svc.cluster.local.", "A", "NOERROR", addresses(SERVICES - 1))

    def test_relist(self):
        """SC-23, SC-26: everything is listed anew: no answer changes, little more memory"""
        self.dns.stop()
        for keys in ("watch_list = true;", "watch_list = false;"):
            with self.subTest(keys), Dns(self.plane, self.plane.kubeconfig(DNS_USER),
                                         keys) as server:
                self.await_all(server)
                print(f"     {keys} first list: "
                      f"{harness.used_s([server.controller_pid]):.1f} s of CPU time", flush=True)
                self.relist(server, keys)

    def relist(self, server, keys):
        before, records = self.lists(server), server.dump()
        pid = server.controller_pid
        steady = await_("memory does not grow", lambda: self.at_rest(pid))
        with Peak(pid) as peak:
            self.plane.unbind(DNS_USER)  # our watch does not see that history goes on
            self.plane.restart_api()
            self.plane.compact()
            self.plane.bind(DNS_USER)
            await_("it was listed anew", lambda: self.lists(server) >= before + 2,
                   fixture.QUIET_S)
            self.await_all(server)
        print(f"     {keys} {steady} kB of its own, {peak.most} kB while listing", flush=True)
        self.assertEqual(server.controller_pid, pid)
        self.assertTrue(server.dump() == records, "answers have changed")
        self.assertLessEqual(peak.most, MOST * steady)

    @staticmethod
    def lists(server):
        return sum(server.resource(n)["lists"] for n in ("services", "endpointslices"))

    @staticmethod
    def at_rest(pid):
        one = anonymous_kb(pid)
        time.sleep(1)
        return one if anonymous_kb(pid) == one else None
