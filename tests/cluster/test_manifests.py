"""The manifests of deploy/ are what a real API server takes, and its controllers make pods of
them that stand behind the Service (KM-01 to KM-09).
"""

import os

import harness
from fixture import QUIET_S, ClusterTest
from harness import await_

KUBE_SYSTEM = "kube-system"
CLUSTER_DNS = "10.96.0.10"


class Manifests(ClusterTest):
    def apply(self, folder):
        path = os.path.join(harness.SOURCE, "deploy", folder)
        self.addCleanup(self.plane.bootstrap)  # the role is that of the server under test
        self.addCleanup(self.plane.kubectl, "delete", "-k", path, "--ignore-not-found")
        self.plane.kubectl("apply", "--server-side", "-k", path)
        return self.plane.kubectl("get", "-k", path, "-o", "name").split()

    def rolled_out(self):
        return all(d["status"].get("readyReplicas") == d["spec"]["replicas"]
                   for d in self.api.list("Deployment", KUBE_SYSTEM))

    def names_of(self, applied, kind):
        return [name.partition("/")[2] for name in applied if name.partition("/")[0] == kind]

    def check(self, folder):
        applied = self.apply(folder)
        await_("the pods are there", self.rolled_out, QUIET_S, 0.1)
        (service,) = self.names_of(applied, "service")
        for s in await_("slices of " + service, lambda: self.slices(service)):
            self.assertTrue(s["endpoints"], "nothing stands behind the Service")
        ip = self.api.get("Service", service, KUBE_SYSTEM)["spec"]["clusterIP"]
        self.dns.await_outcome(self.name(service, KUBE_SYSTEM), "A", "NOERROR", [ip])
        self.quiet(folder)
        return ip

    def slices(self, service):
        return self.api.list("EndpointSlice", KUBE_SYSTEM, f"kubernetes.io/service-name={service}")

    def test_base(self):
        """KM-01, KM-03: applied over the Service that is there, whose address stays; rights"""
        self.api.create({"apiVersion": "v1", "kind": "Service",
                         "metadata": {"name": "kube-dns", "namespace": KUBE_SYSTEM,
                                      "labels": {"k8s-app": "kube-dns"}},
                         "spec": {"clusterIP": CLUSTER_DNS, "selector": {"k8s-app": "kube-dns"},
                                  "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}})
        self.assertEqual(self.check("base"), CLUSTER_DNS)
        for verb, resource in (("list", "services"), ("watch", "endpointslices.discovery.k8s.io"),
                               ("list", "namespaces"), ("watch", "namespaces")):
            self.assertEqual(self.may(verb, resource), "yes", f"{verb} {resource}")
        for verb, resource in (("get", "secrets"), ("delete", "services"), ("list", "nodes")):
            self.assertEqual(self.may(verb, resource), "no", f"{verb} {resource}")

    def may(self, verb, resource):
        out = self.plane.kubectl("auth", "can-i", verb, resource, "--all-namespaces",
                                 f"--as=system:serviceaccount:{KUBE_SYSTEM}:shmdns", fails=True)
        return out.strip()

    def test_canary(self):
        """KM-09: the same beside the cluster's own"""
        self.check("canary")
