"""The container image: what stands in its recipe, what is in it, and the pod of deploy/base
run from it (IM-01, KM-04 to KM-09)."""

import contextlib
import http.client
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import dns.message
import dns.query

import harness
import image
import manifests
from container import NET_BIND_SERVICE, Container

NAME = "svc-001.shop.svc.cluster.local."
ANSWER = ("NOERROR", ["10.96.1.1"])


def source(*names):
    with open(os.path.join(harness.SOURCE, *names)) as f:
        return f.read()


class Recipe(unittest.TestCase):
    def setUp(self):
        self.recipe = image.Recipe()

    def test_bases(self):
        """IM-01: every base has a tag or digest that is not "latest"; the last is empty"""
        base, last = self.recipe.bases
        self.assertRegex(base, r"^docker\.io/library/debian:\w+-slim AS build$")
        self.assertEqual(last, "scratch")
        self.assertNotIn("latest", source("deploy", "Containerfile"))

    def test_sources(self):
        """IM-01: what is copied is there, and whatever the makefile includes is copied"""
        copied = []
        for text in self.recipe.texts(0, "COPY"):
            *names, target = text.split()
            self.assertTrue(target == "./" or [target] == names, text)
            copied += names
        for name in copied:
            self.assertTrue(os.path.exists(os.path.join(harness.SOURCE, name)), name)
        needed = {path.split("/")[0]
                  for path in re.findall(r"^include (\S+)", source("Makefile.am"), re.M)}
        self.assertLessEqual(needed | {"configure.ac", "Makefile.am"}, set(copied))

    def test_packages(self):
        """IM-01: the image is built with what ./quickstart builds with"""
        listed = re.search(r'build_packages="([^"]+)"', source("quickstart"))[1].split()
        self.assertEqual(set(self.recipe.packages()), {*listed, "ca-certificates", "libcap2-bin"})

    def test_ends(self):
        """IM-01, KM-07: a numeric user, the programs as the manifests call them"""
        user, group = self.recipe.one(1, "USER").split(":")
        self.assertGreater(int(user), 0)
        pod = manifests.only(manifests.read("base"), "Deployment")["spec"]["template"]["spec"]
        context = pod["securityContext"]
        self.assertEqual((int(user), int(group)), (context["runAsUser"], context["runAsGroup"]))
        self.assertEqual(json.loads(self.recipe.one(1, "ENTRYPOINT")), ["/usr/sbin/shmdnsd"])
        self.assertEqual(json.loads(self.recipe.one(1, "CMD")), pod["containers"][0]["args"])
        version = re.search(r"AC_INIT\(\[shmdns\], \[([\d.]+)\]", source("configure.ac"))[1]
        self.assertIn(f'org.opencontainers.image.version="{version}"',
                      self.recipe.one(1, "LABEL"))


def files(root):
    """Paths below a root, with what lstat says."""
    for at, folders, names in os.walk(root):
        for name in folders + names:
            path = os.path.join(at, name)
            yield "/" + os.path.relpath(path, root), os.lstat(path)


def mount_config(directory, config):
    """A ConfigMap as kubelets lay it: files are links through ..data."""
    at = os.path.join(directory, "config")
    version = os.path.join(at, "..2026_01_02_03_04_05.678")
    os.makedirs(version)
    os.symlink(os.path.basename(version), os.path.join(at, "..data"))
    for name, text in config["data"].items():
        with open(os.path.join(version, name), "w") as f:
            f.write(text)
        os.symlink(os.path.join("..data", name), os.path.join(at, name))
    return at


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="shmdns-test-")
        try:
            cls.root = image.build(cls.directory)
        except BaseException:
            shutil.rmtree(cls.directory)
            raise

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def setUp(self):
        objects = manifests.read("base")
        self.pod = manifests.only(objects, "Deployment")["spec"]["template"]["spec"]
        self.container, = self.pod["containers"]
        self.config = manifests.only(objects, "ConfigMap")
        self.work = tempfile.mkdtemp(prefix="shmdns-test-")
        self.addCleanup(shutil.rmtree, self.work)

    def test_content(self):
        """IM-01: our programs, the libraries that they need, papers; no shell, no setuid"""
        programs, links = set(), []
        for path, st in files(self.root):
            self.assertIn(st.st_uid, (0, 65532), path)
            self.assertFalse(st.st_mode & (stat.S_ISUID | stat.S_ISGID), path)
            if stat.S_ISLNK(st.st_mode):
                links.append(path)
            elif stat.S_ISREG(st.st_mode):
                self.assertFalse(st.st_mode & (stat.S_IWGRP | stat.S_IWOTH), path)
                if st.st_mode & 0o111 and ".so" not in path:
                    programs.add(path)
        self.assertEqual(programs, {
            "/usr/sbin/shmdnsd", "/usr/bin/shmdnsctl",
            *("/usr/libexec/shmdns/" + n for n in ("shmdns-admin", "shmdns-controller",
                                                     "shmdns-forwarder", "shmdns-worker"))})
        for path in links:
            target = os.path.join(os.path.dirname(path), os.readlink(self.root + path))
            self.assertTrue(os.path.exists(self.root + os.path.normpath(target)), path)
        self.assertTrue(os.path.isdir(self.root + "/etc/shmdns"))
        for path, st in files(self.root + "/var/lib/dpkg/status.d"):
            self.assertTrue(os.path.exists(f"{self.root}/usr/share/doc{path}/copyright"), path)

    def test_capability(self):
        """KM-07: the supervisor alone has a capability, and it is the one"""
        done = subprocess.run(["getcap", "-r", self.root], capture_output=True, text=True)
        self.assertEqual(done.stdout.replace(self.root, "").split(),
                         ["/usr/sbin/shmdnsd", "cap_net_bind_service=ep"])

    def run_pod(self, add=None):
        """The pod of deploy/base, but for where objects come from: here is no API server."""
        text, n = re.subn(r'source = "api";', 'source = "files"; path = "/etc/shmdns/all.json";',
                          self.config["data"]["shmdns.conf"])
        self.assertEqual(n, 1)
        text += "\nforward = ();\nhealth = { lameduck = \"1s\"; };\n"
        config = {"data": {"shmdns.conf": text, "all.json": harness.cluster(5)}}
        volumes = {v["name"]: v for v in self.pod["volumes"]}
        mounts = {}
        for m in self.container["volumeMounts"]:
            v = volumes[m["name"]]
            limit = v.get("emptyDir", {}).get("sizeLimit", "16Mi")
            mounts[m["mountPath"]] = (mount_config(self.work, config) if "configMap" in v
                                      else int(limit.removesuffix("Mi")) << 20)
        entry = json.loads(image.Recipe().one(1, "ENTRYPOINT"))
        context = self.pod["securityContext"]
        if add is None:
            add = self.container["securityContext"]["capabilities"]["add"]
        return Container(self.root, entry + self.container["args"], context["runAsUser"],
                         context["runAsGroup"], add, mounts, os.path.join(self.work, "log"))

    def probe(self, container, name):
        """The status of a probe's request; 0: nobody answers."""
        get = self.container[name + "Probe"]["httpGet"]
        with container.inside(), contextlib.suppress(OSError):
            to = http.client.HTTPConnection("127.0.0.1", get["port"], timeout=5)
            to.request("GET", get["path"])
            return to.getresponse().status
        return 0

    def test_pod(self):
        """KM-06 to KM-09: it starts, its probes succeed, it answers, it ends"""
        with self.run_pod() as c:
            c.await_process()
            harness.await_("readiness", lambda: self.probe(c, "readiness") == 200)
            for name in ("startup", "liveness"):
                self.assertEqual(self.probe(c, name), 200)
            with c.inside():
                self.assertEqual(harness.outcome(harness.ask("127.0.0.1", NAME, "A")), ANSWER)
                query = dns.message.make_query(NAME, "A")
                reply = dns.query.tcp(query, "127.0.0.1", timeout=harness.PATIENCE_S)
                self.assertEqual(harness.outcome(reply), ANSWER)
                absent = harness.ask("127.0.0.1", "nope.shop.svc.cluster.local.", "A")
            self.assertEqual(absent.authority[0].ttl, 5)  # negative_ttl
            self.look_at_processes(c)
            self.assertEqual(c.stop(), 0)
            self.assertIn("stopped status=0", c.log_text())

    def look_at_processes(self, c):
        """Rights of each; and where it may write."""
        family = {c.pid: "shmdnsd", **harness.children(c.pid)}
        self.assertEqual(sorted(family.values()),
                         ["shmdns-admin", "shmdns-controller", "shmdns-forwarder",
                          "shmdns-worker", "shmdns-worker", "shmdnsd"])
        for pid, name in family.items():
            status = status_of(pid)
            self.assertEqual(set(status["Uid"].split()), {"65532"}, name)
            self.assertEqual(status["NoNewPrivs"], "1", name)
            self.assertEqual(int(status["CapEff"], 16),
                             1 << NET_BIND_SERVICE if name == "shmdnsd" else 0, name)
        self.assertTrue(os.statvfs(f"/proc/{c.pid}/root").f_flag & os.ST_RDONLY)

    def test_without_capability(self):
        """KM-07: without NET_BIND_SERVICE among the added ones it is not run at all"""
        with self.run_pod(add=[]) as c:
            self.assertNotEqual(c.process.wait(harness.PATIENCE_S), 0)
            self.assertIn("Operation not permitted: '/usr/sbin/shmdnsd'", c.log_text() or
                          "no log")
