"""A resolv.conf that changes under a running appliance (FW-03, FW-04).

Its addresses are of documentation ranges, and nothing is asked: nothing is sent to them.
"""

import json
import os
import shutil
import tempfile
import unittest

import harness
from harness import await_


class ResolvConf(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="shmdns-test-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def put(self, text, *parts):
        harness.write_whole(self.path(*parts), text)

    def appliance(self):
        to = f'( {{ from = "."; to = [ "{self.path("resolv.conf")}" ]; }} )'
        return harness.Appliance(harness.cluster(1), forward=to)

    def upstreams(self, a):
        """Addresses that the forwarder goes by, in their order."""
        code, out, err = a.ctl("upstreams", "-i", a.instance, "-o", "json")
        self.assertIn(code, (0, 1), err)
        return [u["upstream"].rpartition(":")[0].strip("[]") for u in json.loads(out)["upstreams"]]

    def await_upstreams(self, a, want):
        await_(f"upstreams {want}", lambda: self.upstreams(a) == want)

    def test_changes(self):
        """FW-03: another file, another content, a file that is gone"""
        self.put("nameserver 198.51.100.1\nnameserver 2001:db8::1\n", "resolv.conf")
        with self.appliance() as a:
            self.await_upstreams(a, ["198.51.100.1", "2001:db8::1"])
            self.put("nameserver 198.51.100.2\n", "resolv.conf")
            self.await_upstreams(a, ["198.51.100.2"])
            os.unlink(self.path("resolv.conf"))
            a.await_log(r"resolv\.conf: No such file or directory; looked for again")
            self.assertEqual(self.upstreams(a), ["198.51.100.2"])
            self.put("nameserver 198.51.100.3\n", "resolv.conf")
            self.await_upstreams(a, ["198.51.100.3"])
            self.assertEqual(a.outcome("svc-000.shop.svc.cluster.local.", "A")[0], "NOERROR")

    def test_config_map(self):
        """FW-03: `..data` of a mounted ConfigMap is swapped"""
        for name, text in (("..1", "nameserver 198.51.100.1\n"),
                           ("..2", "nameserver 198.51.100.2\n")):
            os.mkdir(self.path(name))
            self.put(text, name, "resolv.conf")
        os.symlink("..1", self.path("..data"))
        os.symlink("..data/resolv.conf", self.path("resolv.conf"))
        with self.appliance() as a:
            self.await_upstreams(a, ["198.51.100.1"])
            os.symlink("..2", self.path("..aside"))
            os.rename(self.path("..aside"), self.path("..data"))
            self.await_upstreams(a, ["198.51.100.2"])

    def test_left_out(self):
        """FW-04: what leads back is named with its line, and cluster names need nobody"""
        self.put("search x\nnameserver 127.0.0.53\nnameserver 198.51.100.1\n", "resolv.conf")
        with self.appliance() as a:
            self.await_upstreams(a, ["198.51.100.1"])
            a.await_log(r"resolv\.conf:2: upstream 127\.0\.0\.53 is left out: loopback")
            self.put("nameserver ::1\n", "resolv.conf")
            a.await_log(r"resolv\.conf:1: upstream ::1 is left out: loopback")
            if not os.path.exists("/run/systemd/resolve/resolv.conf"):
                a.await_log(r"resolv\.conf: nobody is left to ask")
                self.await_upstreams(a, [])
            self.assertEqual(a.outcome("svc-000.shop.svc.cluster.local.", "A")[0], "NOERROR")

    def test_check(self):
        """FW-04: `check` warns where nobody is left"""
        self.put("nameserver 127.0.0.53\n", "resolv.conf")
        a = self.appliance()
        self.addCleanup(shutil.rmtree, a.directory)
        code, out, err = a.ctl("check", a.config)
        self.assertEqual(code, 0, out + err)
        if not os.path.exists("/run/systemd/resolve/resolv.conf"):
            self.assertRegex(out, r"resolv\.conf:1:1: warning: forward\[\]\.to: nobody is left")


if __name__ == "__main__":
    unittest.main()
