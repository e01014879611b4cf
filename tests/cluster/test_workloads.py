"""Real controllers and users change a cluster; at each rest the records are those of a fresh
list, and CoreDNS answers alike but for its rows (RS-01, RH-01, RDY-01, RV-01, RB-12, WP-88).
"""

import contextlib
import time
import unittest

import dns.exception

import harness
from fixture import QUIET_S, Beside, ClusterTest, with_and_without_watch_list
from harness import await_
from kube_api import ApiError, parallel


class Asking(Beside):
    """Asks a name again and again while the block runs; wrong outcomes are kept."""

    def __init__(self, server, name, type_, right, every_s=0.002):
        super().__init__()
        self.question = server, name, type_
        self.right, self.every_s = right, every_s
        self.asked, self.wrong = 0, []

    def once(self):
        server, name, type_ = self.question
        with contextlib.suppress(dns.exception.Timeout):
            outcome = server.outcome(name, type_)
            self.asked += 1
            if not self.right(outcome):
                self.wrong.append((time.monotonic(), outcome))


def has_addresses(outcome):
    return outcome[0] == "NOERROR" and outcome[1] != []


@with_and_without_watch_list
class Workloads(ClusterTest):
    def test_rollout(self):
        """RH-01, RDY-02: a Deployment is rolled out under load; its name never vanishes"""
        self.workload("Deployment", "web", 4)
        self.service("web", selector={"app": "web"})
        self.headless("pods", selector={"app": "web"})
        self.await_endpoints("pods", 4)
        self.quiet("before the rollout")
        before = {p["metadata"]["uid"] for p in self.pods("web")}
        with Asking(self.dns, self.name("pods"), "A", has_addresses) as load:
            self.api.patch("Deployment", "web", self.namespace, {"spec": {"template": {
                "metadata": {"labels": {"version": "2"}}}}})
            await_("the rollout is over", self.rolled_out, QUIET_S, 0.05)
        self.assertFalse(before & {p["metadata"]["uid"] for p in self.pods("web")})
        self.quiet("after the rollout")
        self.assertGreater(load.asked, 10)
        self.assertEqual(load.wrong, [])

    def rolled_out(self):
        d = self.api.get("Deployment", "web", self.namespace)
        s = d["status"]
        return (s.get("observedGeneration") == d["metadata"]["generation"]
                and s.get("updatedReplicas") == s.get("availableReplicas") == 4
                and s.get("replicas") == 4 and len(self.pods("web")) == 4
                and len(self.endpoints("pods")) == 4)

    def test_scale(self):
        """RH-01, RH-03: a Deployment to nothing and back"""
        self.workload("Deployment", "web", 3)
        self.service("web", (("http", 80), ("dns", 53)), selector={"app": "web"})
        self.headless("pods", selector={"app": "web"})
        for replicas in (3, 0, 5):
            self.scale("Deployment", "web", replicas)
            self.await_endpoints("pods", replicas)
            self.await_endpoints("web", replicas)
            self.quiet(f"with {replicas} pods")
        self.assertEqual(len(self.dns.outcome(self.name("pods"), "A")[1]), 5)

    def test_stateful(self):
        """RB-27, RH-04: host names of a StatefulSet; a pod is replaced by another"""
        self.headless("db", selector={"app": "db"})
        self.workload("StatefulSet", "db", 3, "db")
        names = [hostname for _, hostname in self.await_endpoints("db", 3)]
        self.assertEqual(sorted(names), ["db-0", "db-1", "db-2"])
        self.quiet("three of three")
        former = self.api.get("Pod", "db-1", self.namespace)["metadata"]["uid"]
        self.api.delete("Pod", "db-1", self.namespace, grace_s=0)
        await_("a new db-1", lambda: self.is_replaced(former), QUIET_S, 0.05)
        self.quiet("db-1 is another")
        self.scale("StatefulSet", "db", 1)
        self.await_endpoints("db", 1)
        self.quiet("one of three")
        self.assertEqual(self.dns.outcome("db-1." + self.name("db"), "A"), ("NXDOMAIN", []))

    def is_replaced(self, former):
        pod = self.api.find("Pod", "db-1", self.namespace)
        address = pod and pod.get("status", {}).get("podIP")
        return (address and pod["metadata"]["uid"] != former
                and (address, "db-1") in self.endpoints("db"))

    def test_readiness(self):
        """RDY-01: pods become unready and ready; one Service publishes them all the same"""
        self.workload("Deployment", "web", 2)
        self.headless("ready", selector={"app": "web"})
        self.headless("all", selector={"app": "web"}, publishNotReadyAddresses=True)
        self.await_endpoints("ready", 2)
        self.quiet("both are ready")
        pod = self.pods("web")[0]
        for ready, number in ((False, 1), (True, 2)):
            self.set_ready(pod["metadata"]["name"], ready)
            self.await_endpoints("ready", number)
            self.await_endpoints("all", 2)
            self.quiet(f"{number} ready")

    def set_ready(self, pod, ready):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.api.patch("Pod", pod, self.namespace, {"status": {"conditions": [
            {"type": t, "status": str(ready), "lastTransitionTime": now}
            for t in ("Ready", "ContainersReady")]}}, "strategic", "status")

    def test_labels(self):
        """RB-20: endpoints move with the labels of pods, and of slices"""
        self.workload("Deployment", "web", 2, color="blue")
        for color in ("blue", "green"):
            self.headless(color, selector={"app": "web", "color": color})
        self.await_endpoints("blue", 2)
        self.headless("manual")
        made = self.slice("manual-1", "blue", ["192.0.2.7"])
        self.quiet("all are blue")
        for pod in self.pods("web"):
            self.api.patch("Pod", pod["metadata"]["name"], self.namespace,
                           {"metadata": {"labels": {"color": "green"}}})
        made["metadata"]["labels"]["kubernetes.io/service-name"] = "manual"
        self.api.replace(made)
        self.await_endpoints("green", 2)
        self.await_endpoints("blue", 0)
        self.quiet("all are green")
        self.assertEqual(self.dns.outcome(self.name("manual"), "A"),
                         ("NOERROR", ["192.0.2.7"]))

    def test_types(self):
        """RB-12, WP-89: ClusterIP, ExternalName and back; NodePort and LoadBalancer"""
        self.service("web", type="ClusterIP")
        self.slice("web-1", "web", ["192.0.2.7"])
        self.quiet("a ClusterIP")
        patch = lambda **spec: self.api.patch("Service", "web", self.namespace, {"spec": spec})
        patch(type="ExternalName", externalName="example.org", clusterIP=None, clusterIPs=None)
        self.quiet("an ExternalName")
        patch(type="ClusterIP", externalName=None)
        self.quiet("a ClusterIP again")
        patch(type="LoadBalancer", externalIPs=["192.0.2.80"])
        self.api.patch("Service", "web", self.namespace, {"status": {"loadBalancer": {
            "ingress": [{"ip": "192.0.2.81"}, {"hostname": "lb.example.org"}]}}},
            subresource="status")
        self.quiet("a LoadBalancer")
        patch(type="NodePort", externalIPs=None)
        self.quiet("a NodePort")

    def test_dual_stack(self):
        """RS-01, RS-02, RH-02: a second family comes and goes, of Services and of pods"""
        self.workload("Deployment", "web", 2)
        self.service("web", selector={"app": "web"}, ipFamilyPolicy="SingleStack")
        self.headless("pods", selector={"app": "web"}, ipFamilyPolicy="PreferDualStack")
        self.await_endpoints("pods", 2)
        self.quiet("one family")
        for i, pod in enumerate(self.pods("web")):
            ips = [{"ip": pod["status"]["podIP"]}, {"ip": f"fd00:244::{i + 1}"}]
            self.api.patch("Pod", pod["metadata"]["name"], self.namespace,
                           {"status": {"podIPs": ips}}, subresource="status")
        self.api.patch("Service", "web", self.namespace,
                       {"spec": {"ipFamilyPolicy": "RequireDualStack"}})
        self.await_endpoints("pods", 4)
        self.quiet("two families")
        self.assertEqual(len(self.dns.outcome(self.name("web"), "AAAA")[1]), 1)
        self.api.patch("Service", "web", self.namespace, {"spec": {
            "ipFamilyPolicy": "SingleStack"}})
        self.api.patch("Service", "pods", self.namespace, {"spec": {
            "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}})
        self.await_endpoints("pods", 2)
        self.quiet("one family again")

    def test_namespace(self):
        """OB-N1, OB-N2: a namespace is deleted with all that is in it, and made again"""
        other = self.namespace + "-gone"
        name = self.name("web", other)
        self.make_namespace(other)
        parallel(lambda i: self.service_in(other, f"web-{i}" if i else "web"), range(20))
        self.quiet("it is there")
        self.api.delete("Namespace", other)
        await_("it is gone", lambda: self.api.find("Namespace", other) is None, QUIET_S, 0.05)
        self.dns.await_outcome(name, "A", "NXDOMAIN")
        self.quiet("it is gone")
        self.make_namespace(other)
        self.addCleanup(self.api.delete, "Namespace", other)
        self.quiet("it is empty")
        self.assertEqual(self.dns.outcome(name[4:], "A"), ("NOERROR", []))

    def service_in(self, namespace, name, **spec):
        return self.api.create(harness.service(name, namespace, None) | {
            "spec": {"ports": [{"port": 80}], **spec}})

    def test_address_is_used_again(self):
        """RV-01, RV-02: a cluster IP goes from one Service to another"""
        ip = self.service("one")["spec"]["clusterIP"]
        pointer = ".".join(reversed(ip.split("."))) + ".in-addr.arpa."
        for former, name in (("one", "two"), ("two", "three")):
            self.quiet(f"{former} has it")
            self.api.delete("Service", former, self.namespace)
            await_("the address is free",
                   lambda n=name: self.try_service(n, ip), QUIET_S, 0.02)
            self.quiet(f"{name} has it")
            self.assertEqual(self.dns.outcome(pointer, "PTR"), ("NOERROR", [self.name(name)]))

    def try_service(self, name, ip):
        try:
            return self.service(name, clusterIP=ip)
        except ApiError as e:
            self.assertIn("allocated", str(e))
        return None

    def test_slices_first(self):
        """WP-88, RB-20: slices before their Service, and a Service before its slices"""
        self.slice("a-1", "a", ["192.0.2.1", "192.0.2.2"])
        self.slice("a-2", "a", ["2001:db8::1"])
        self.headless("b")
        self.quiet("halves")
        self.headless("a", ipFamilyPolicy="RequireDualStack")
        self.slice("b-1", "b", ["192.0.2.3"])
        self.quiet("both")
        self.assertEqual(self.dns.outcome(self.name("a"), "AAAA"), ("NOERROR", ["2001:db8::1"]))

    def test_mirrored(self):
        """RB-21: Endpoints that somebody writes by hand arrive as slices of a controller"""
        self.service("legacy", clusterIP="None")
        self.create({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "legacy"},
                     "subsets": [{"addresses": [{"ip": "192.0.2.9", "hostname": "pet"}],
                                  "notReadyAddresses": [{"ip": "192.0.2.10"}],
                                  "ports": [{"name": "http", "port": 8080}]}]})
        self.await_endpoints("legacy", 1)
        self.quiet("mirrored")
        self.assertEqual(self.dns.outcome("pet." + self.name("legacy"), "A"),
                         ("NOERROR", ["192.0.2.9"]))

    def test_burst(self):
        """WP-87: 500 Services appear at once, and go at once"""
        names = [f"s{i}" for i in range(500)]
        parallel(lambda n: self.service(n), names)
        self.quiet("they are there")
        self.assertEqual(self.dns.outcome(self.name("s499"), "A")[0], "NOERROR")
        parallel(lambda n: self.api.delete("Service", n, self.namespace), names)
        self.quiet("they are gone")
        self.assertEqual(self.dns.outcome(self.name("s499"), "A"), ("NXDOMAIN", []))


if __name__ == "__main__":
    unittest.main()
