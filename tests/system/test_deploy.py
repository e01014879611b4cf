"""The manifests of deploy/: shape, names, rights, what fits together (KM-01 to KM-09)."""

import copy
import json
import re
import subprocess
import unittest

import harness
import manifests

NOT_BUILT = 'source "api" is not available in this build'


class Base(unittest.TestCase):
    def setUp(self):
        self.objects = manifests.read("base")
        self.deployment = manifests.only(self.objects, "Deployment")
        self.template = self.deployment["spec"]["template"]
        self.pod = self.template["spec"]
        self.container, = self.pod["containers"]
        self.service = manifests.only(self.objects, "Service")
        self.config = manifests.only(self.objects, "ConfigMap")

    def test_rendered(self):
        """KM-09: kustomize makes the same of it as this test reads"""
        want = {manifests.key(o): o for o in self.objects}
        got = {manifests.key(o): o for o in manifests.rendered("base")}
        self.assertEqual(got, want)

    def test_service(self):
        """KM-01: the Service that a cluster has, its cluster IP untouched"""
        meta, spec = self.service["metadata"], self.service["spec"]
        self.assertEqual((meta["namespace"], meta["name"]), ("kube-system", "kube-dns"))
        self.assertEqual(meta["labels"], {
            "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true",
            "kubernetes.io/name": "CoreDNS"})
        self.assertEqual(meta["annotations"], {
            "prometheus.io/port": "9153", "prometheus.io/scrape": "true"})
        ports = {p["name"]: (p["port"], p["protocol"], p["targetPort"]) for p in spec["ports"]}
        self.assertEqual(ports, {"dns": (53, "UDP", 53), "dns-tcp": (53, "TCP", 53),
                                 "metrics": (9153, "TCP", 9153)})
        self.assertEqual(spec["selector"], {"k8s-app": "kube-dns"})
        self.assertNotIn("clusterIP", spec)
        own = {(p["containerPort"], p["protocol"]) for p in self.container["ports"]}
        self.assertEqual(own, {(p["targetPort"], p["protocol"]) for p in spec["ports"]})

    def test_labels(self):
        """KM-02: pods as tools look for them; selectors of our own"""
        labels = self.template["metadata"]["labels"]
        self.assertEqual(labels["k8s-app"], "kube-dns")
        self.assertTrue(manifests.selects(self.service["spec"]["selector"], labels))
        selectors = [
            self.deployment["spec"]["selector"]["matchLabels"],
            manifests.only(self.objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
            *(t["podAffinityTerm"]["labelSelector"]["matchLabels"] for t in
              self.pod["affinity"]["podAntiAffinity"]
              ["preferredDuringSchedulingIgnoredDuringExecution"]),
            *(c["labelSelector"]["matchLabels"] for c in self.pod["topologySpreadConstraints"])]
        for selector in selectors:
            self.assertTrue(manifests.selects(selector, labels), selector)
            self.assertNotIn("k8s-app", selector)
            self.assertFalse(manifests.selects(selector, {"k8s-app": "kube-dns"}))
        # kubeadm takes each Deployment with this label for CoreDNS.
        self.assertNotIn("k8s-app", self.deployment["metadata"]["labels"])

    def test_rights(self):
        """KM-03: list and watch on three kinds, bound to the account of the pods"""
        role = manifests.only(self.objects, "ClusterRole")
        may = {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
               for resource in rule["resources"] for verb in rule["verbs"]}
        self.assertEqual(may, {(group, resource, verb) for verb in ("list", "watch")
                               for group, resource in (("", "services"), ("", "namespaces"),
                                                       ("discovery.k8s.io", "endpointslices"))})
        self.assertTrue(all(set(r) == {"apiGroups", "resources", "verbs"} for r in role["rules"]))
        binding = manifests.only(self.objects, "ClusterRoleBinding")
        self.assertEqual((binding["roleRef"]["kind"], binding["roleRef"]["name"]),
                         ("ClusterRole", role["metadata"]["name"]))
        account = manifests.only(self.objects, "ServiceAccount")["metadata"]
        self.assertEqual(binding["subjects"], [{
            "kind": "ServiceAccount", "name": account["name"],
            "namespace": account["namespace"]}])
        self.assertEqual(self.pod["serviceAccountName"], account["name"])
        self.assertEqual(self.deployment["metadata"]["namespace"], account["namespace"])

    def test_deployment(self):
        """KM-04, KM-05: replicas, rollout, place, DNS of the pods themselves, resources"""
        spec = self.deployment["spec"]
        self.assertEqual((spec["replicas"], spec["minReadySeconds"]), (2, 10))
        self.assertEqual(spec["strategy"], {"type": "RollingUpdate", "rollingUpdate": {
            "maxUnavailable": 1, "maxSurge": 1}})
        self.assertEqual(self.pod["priorityClassName"], "system-cluster-critical")
        self.assertEqual(self.pod["dnsPolicy"], "Default")
        self.assertEqual(self.pod["nodeSelector"], {"kubernetes.io/os": "linux"})
        self.assertEqual({t["key"] for t in self.pod["tolerations"]},
                         {"CriticalAddonsOnly", "node-role.kubernetes.io/control-plane"})
        self.assertEqual({(c["topologyKey"], c["whenUnsatisfiable"])
                          for c in self.pod["topologySpreadConstraints"]},
                         {("topology.kubernetes.io/zone", "ScheduleAnyway"),
                          ("kubernetes.io/hostname", "ScheduleAnyway")})
        budget = manifests.only(self.objects, "PodDisruptionBudget")["spec"]
        self.assertEqual(budget["maxUnavailable"], 1)
        self.assertEqual(self.container["resources"], {
            "requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}})

    def test_probes(self):
        """KM-06: probes are the requests that the admin answers by default"""
        want = {"startup": ("/health", 8080), "liveness": ("/health", 8080),
                "readiness": ("/ready", 8181)}
        probes = {p: self.container[p + "Probe"] for p in ("startup", "liveness", "readiness")}
        for name, probe in probes.items():
            get = probe["httpGet"]
            self.assertEqual((get["path"], get["port"]), want[name])
            self.assertGreaterEqual(probe["timeoutSeconds"], 5)
        self.assertEqual(probes["liveness"]["failureThreshold"], 5)
        self.assertGreater(self.pod["terminationGracePeriodSeconds"],
                           2 * self.container["lifecycle"]["preStop"]["sleep"]["seconds"])

    def test_security(self):
        """KM-07: Pod Security "restricted" has nothing to refuse"""
        self.assertEqual(list(manifests.restricted(self.pod)), [])
        self.assertTrue(self.container["securityContext"]["readOnlyRootFilesystem"])
        self.assertGreater(self.pod["securityContext"]["runAsUser"], 0)

    def test_restricted(self):
        """KM-07: and it is not for want of looking: each part taken away is found"""
        def without(*keys):
            pod = copy.deepcopy(self.pod)
            at = pod
            for k in keys[:-1]:
                at = at[k]
            del at[keys[-1]]
            return list(manifests.restricted(pod))

        own = ("containers", 0, "securityContext")
        for keys in (("securityContext", "runAsNonRoot"), ("securityContext", "seccompProfile"),
                     (*own, "allowPrivilegeEscalation"), (*own, "capabilities", "drop")):
            self.assertEqual(len(without(*keys)), 1, keys)
        pod = {**self.pod, "hostNetwork": True, "volumes": [{"name": "x", "hostPath": {}}]}
        self.assertEqual(len(list(manifests.restricted(pod))), 2)

    def test_volumes(self):
        """KM-08, KM-09: shared memory in memory, the ConfigMap as a whole directory"""
        volumes = {v["name"]: v for v in self.pod["volumes"]}
        mounts = {m["name"]: m for m in self.container["volumeMounts"]}
        self.assertEqual(set(volumes), set(mounts))
        self.assertFalse([m for m in mounts.values() if "subPath" in m or "subPathExpr" in m])
        at = {m["mountPath"]: volumes[m["name"]] for m in mounts.values()}
        self.assertEqual(at["/dev/shm"]["emptyDir"]["medium"], "Memory")
        self.assertRegex(at["/dev/shm"]["emptyDir"]["sizeLimit"], r"^\d+Mi$")
        self.assertIn("emptyDir", at["/run/shmdns"])
        self.assertIn("emptyDir", at["/var/lib/shmdns"])
        self.assertEqual(at["/etc/shmdns"]["configMap"], {"name": self.config["metadata"]["name"]})
        self.assertEqual(self.config["metadata"]["name"], "shmdns")
        self.assertEqual(self.config["metadata"]["namespace"],
                         self.deployment["metadata"]["namespace"])
        self.assertEqual(self.container["args"],
                         ["-c", "/etc/shmdns/" + "".join(self.config["data"])])

    def test_config(self):
        """KM-09, OP-20: shmdnsctl check finds nothing in what the ConfigMap holds"""
        done = subprocess.run([harness.program("shmdnsctl"), "check", "-o", "json",
                               manifests.path("base", "shmdns.conf")],
                              capture_output=True, text=True, timeout=60)
        findings = json.loads(done.stdout)["findings"]
        self.assertEqual([f for f in findings if NOT_BUILT not in f["text"]], [])
        if findings:
            raise unittest.SkipTest(NOT_BUILT)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_version(self):
        """IM-01: the tag is the version that is built"""
        with open(harness.SOURCE + "/configure.ac") as f:
            version = re.search(r"AC_INIT\(\[shmdns\], \[([\d.]+)\]", f.read())[1]
        self.assertEqual(self.container["image"], "localhost/shmdns:" + version)
        image, = (line for line in manifests.text("base", "kustomization.yaml").splitlines()
                  if "newTag" in line)
        self.assertEqual(image.split()[-1], version)


class Canary(unittest.TestCase):
    def test_apart(self):
        """KM-02: the canary shares no object and no pod with the base or the cluster's Service"""
        base, canary = manifests.rendered("base"), manifests.rendered("canary")
        self.assertEqual({o["kind"] for o in base}, {o["kind"] for o in canary})
        self.assertEqual({manifests.key(o) for o in base} & {manifests.key(o) for o in canary},
                         set())
        pods = {}
        for name, objects in (("base", base), ("canary", canary)):
            template = manifests.only(objects, "Deployment")["spec"]["template"]
            pods[name] = template["metadata"]["labels"]
            self.assertEqual(list(manifests.restricted(template["spec"])), [])
        for name, objects in (("base", base), ("canary", canary)):
            for o in objects:
                selector = o.get("spec", {}).get("selector")
                if selector is None:
                    continue
                selector = selector.get("matchLabels", selector)
                self.assertEqual({n for n in pods if manifests.selects(selector, pods[n])},
                                 {name}, manifests.key(o))

    def test_joined(self):
        """KM-03, KM-09: and its own parts still know each other"""
        objects = manifests.rendered("canary")
        pod = manifests.only(objects, "Deployment")["spec"]["template"]["spec"]
        account = manifests.only(objects, "ServiceAccount")["metadata"]["name"]
        binding = manifests.only(objects, "ClusterRoleBinding")
        self.assertEqual(pod["serviceAccountName"], account)
        self.assertEqual([s["name"] for s in binding["subjects"]], [account])
        self.assertEqual(binding["roleRef"]["name"],
                         manifests.only(objects, "ClusterRole")["metadata"]["name"])
        config, = (v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v)
        self.assertEqual(config, manifests.only(objects, "ConfigMap")["metadata"]["name"])
        service = manifests.only(objects, "Service")["metadata"]
        self.assertNotIn("kubernetes.io/cluster-service", service["labels"])
