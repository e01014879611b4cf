"""Objects in files: what is read when, and what a broken file changes (QS-01 to QS-05)."""

import os
import unittest

import harness
from harness import object_list, service

WEB = "web.shop.svc.cluster.local."
API = "api.shop.svc.cluster.local."

YAML = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  clusterIP: %s
  clusterIPs: [%s]
  ports: [{name: http, port: 80}]
"""


class Files(unittest.TestCase):
    def appliance(self):
        return harness.Appliance(harness.cluster(1))

    def test_edit(self):
        """QS-01, QS-03, QS-05: a new file, a changed one, YAML and JSON, one removed"""
        with self.appliance() as a:
            self.assertEqual(a.outcome(WEB, "A"), ("NXDOMAIN", []))
            a.put("web.yaml", YAML % ("10.96.9.1", "10.96.9.1"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.1"])
            a.put("web.yaml", YAML % ("10.96.9.2", "10.96.9.2"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.2"])
            a.put("api.json", object_list(service("api", ip="10.96.9.3")))
            a.await_outcome(API, "A", "NOERROR", ["10.96.9.3"])
            os.unlink(os.path.join(a.objects, "web.yaml"))
            a.await_outcome(WEB, "A", "NXDOMAIN")
            self.assertEqual(a.outcome(API, "A"), ("NOERROR", ["10.96.9.3"]))

    def test_public_name(self):
        """AC-07: a namespace that is named like a top-level domain is served, and told of once"""
        told = "namespace is named like a top-level domain namespace="
        with self.appliance() as a:
            web = object_list(harness.namespace("org"), service("example", namespace="org",
                                                                ip="10.96.9.1"))
            a.put("org.json", web)
            a.await_outcome("example.org.svc.cluster.local.", "A", "NOERROR", ["10.96.9.1"])
            self.assertEqual(len(a.log_lines(told + "org .*NAME.org")), 1)
            a.put("org.json", web.replace("10.96.9.1", "10.96.9.2"))
            a.await_outcome("example.org.svc.cluster.local.", "A", "NOERROR", ["10.96.9.2"])
            self.assertEqual(len(a.log_lines(told + "org")), 1)
            self.assertEqual(a.log_lines(told + "default"), [])
            # It went, and is there again: somebody has made it anew.
            os.unlink(os.path.join(a.objects, "org.json"))
            a.await_outcome("example.org.svc.cluster.local.", "A", "NXDOMAIN")
            a.put("org.json", web)
            a.await_outcome("example.org.svc.cluster.local.", "A", "NOERROR", ["10.96.9.1"])
            self.assertEqual(len(a.log_lines(told + "org")), 2)

    def test_half_written(self):
        """QS-03: a file that is still being written changes nothing"""
        with self.appliance() as a:
            a.put("web.yaml", YAML % ("10.96.9.1", "10.96.9.1"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.1"])
            text = YAML % ("10.96.9.7", "10.96.9.7")
            with open(os.path.join(a.objects, "web.yaml"), "w") as f:
                f.write(text[:70])
                f.flush()
                # Something else is read meanwhile.
                a.put("api.json", object_list(service("api", ip="10.96.9.3")))
                a.await_outcome(API, "A", "NOERROR", ["10.96.9.3"])
                self.assertEqual(a.outcome(WEB, "A"), ("NOERROR", ["10.96.9.1"]))
                f.write(text[70:])
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.7"])

    def test_broken(self):
        """QS-04: a broken file keeps its objects and is named once, with line and column"""
        with self.appliance() as a:
            a.put("web.yaml", YAML % ("10.96.9.1", "10.96.9.1"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.1"])
            a.put("web.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: [web\nspec: }\n")
            line = a.await_log(r"web\.yaml:\d+:\d+")
            a.put("api.json", object_list(service("api", ip="10.96.9.3")))
            a.await_outcome(API, "A", "NOERROR", ["10.96.9.3"])
            self.assertEqual(len(a.log_lines(r"web\.yaml")), 1, line)
            self.assertEqual(a.outcome(WEB, "A"), ("NOERROR", ["10.96.9.1"]))
            a.put("web.yaml", YAML % ("10.96.9.4", "10.96.9.4"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.4"])

    def test_twice(self):
        """QS-02: one object in two files is an error that names both"""
        with self.appliance() as a:
            a.put("one.yaml", YAML % ("10.96.9.1", "10.96.9.1"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.1"])
            a.put("two.yaml", YAML % ("10.96.9.2", "10.96.9.2"))
            lines = a.await_log(r"two\.yaml")
            self.assertIn("one.yaml", lines[0])
            self.assertEqual(a.outcome(WEB, "A"), ("NOERROR", ["10.96.9.1"]))

    def test_config_map(self):
        """QS-03, CR-02: a ConfigMap's ..data link is moved"""
        with self.appliance() as a:
            def swap(version, ip):
                directory = os.path.join(a.objects, version)
                os.mkdir(directory)
                with open(os.path.join(directory, "web.yaml"), "w") as f:
                    f.write(YAML % (ip, ip))
                os.symlink(version, os.path.join(a.objects, "..data_tmp"))
                os.rename(os.path.join(a.objects, "..data_tmp"),
                          os.path.join(a.objects, "..data"))

            swap("..2024_01", "10.96.9.1")
            os.symlink("..data/web.yaml", os.path.join(a.objects, "web.yaml"))
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.1"])
            swap("..2024_02", "10.96.9.2")
            a.await_outcome(WEB, "A", "NOERROR", ["10.96.9.2"])
