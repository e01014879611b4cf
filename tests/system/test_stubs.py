"""Stub resolvers as programs have them: glibc and musl, in a network of their own (R-31)."""

import os
import shutil
import subprocess
import tempfile
import unittest

import harness
from test_listen import OWN_NET, InNamespace

SEARCH = "shop.svc.cluster.local svc.cluster.local cluster.local"
FORTY = [f"10.244.7.{i}" for i in range(1, 41)]
FOUR = [f"10.244.4.{i}" for i in range(1, 5)]
TWO6 = ["2001:db8:7::1", "2001:db8:7::2"]
TARGET = "one.shop.svc.cluster.local"

# A /etc of its own hides the machine's; a cache of names would answer for it.
OWN_ETC = """
mount --bind "$1" /etc &&
if [ -d /var/run/nscd ]; then mount -t tmpfs none /var/run/nscd; fi &&
shift && exec "$@" """


def headless(name, *slices):
    return [harness.service(name, ip="None"), *slices]


def six(slice_):
    return {**slice_, "addressType": "IPv6"}


def external(name, target):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"type": "ExternalName", "externalName": target}}


def objects():
    return harness.object_list(
        harness.namespace("default"), harness.namespace("shop"), harness.namespace("store"),
        harness.service("one", ip="10.96.0.1"),
        harness.service("other", "store", "10.96.0.2"),
        harness.service("both", ip="10.96.0.3", clusterIPs=["10.96.0.3", "2001:db8:96::3"],
                        ipFamilies=["IPv4", "IPv6"]),
        harness.service("only-six", ip="2001:db8:96::6", ipFamilies=["IPv6"]),
        *headless("four", harness.slice_("four-1", "four", FOUR)),
        *headless("forty", harness.slice_("forty-1", "forty", FORTY)),
        *headless("mixed", harness.slice_("mixed-1", "mixed", FOUR[:2]),
                  six(harness.slice_("mixed-2", "mixed", TWO6))),
        external("alias", TARGET), external("alias-of-alias", "alias.shop.svc.cluster.local"),
        external("alias-of-nothing", "nothing.shop.svc.cluster.local"))


# (name, family, addresses). Short names take the search list, and so do those with fewer
# than five dots; the last domain of the list is tried before the name itself is.
FOUND = [
    ("one", "4", ["10.96.0.1"]),
    ("one.shop", "4", ["10.96.0.1"]),
    ("one.shop.svc", "4", ["10.96.0.1"]),
    (TARGET, "4", ["10.96.0.1"]),
    (TARGET + ".", "4", ["10.96.0.1"]),
    ("OnE.ShOp", "4", ["10.96.0.1"]),
    ("other.store", "4", ["10.96.0.2"]),
    ("one", "any", ["10.96.0.1"]),
    ("four", "4", FOUR),
    ("four.shop.svc.cluster.local.", "4", FOUR),
    ("both", "any", ["10.96.0.3", "2001:db8:96::3"]),
    ("both", "4", ["10.96.0.3"]),
    ("both", "6", ["2001:db8:96::3"]),
    ("both.shop.svc.cluster.local.", "any", ["10.96.0.3", "2001:db8:96::3"]),
    ("only-six", "any", ["2001:db8:96::6"]),
    ("mixed", "any", FOUR[:2] + TWO6),
    ("mixed", "6", TWO6),
    ("10-244-4-1.four", "4", FOUR[:1]),
    ("10-1-2-3.shop.pod.cluster.local", "4", ["10.1.2.3"]),
    ("alias", "4", ["10.96.0.1"]),
    ("alias", "any", ["10.96.0.1"]),
    ("alias-of-alias", "any", ["10.96.0.1"]),
]

# (name, family, outcomes): musl before 1.2.4 has one word for both. A short name that is
# nowhere in the search list ends as a name outside our zones, which is refused as long as
# nothing is forwarded: so these are whole, or have dots enough to be tried first.
NOT_FOUND = [
    ("nothing.shop.svc.cluster.local.", "4", ["NONAME"]),
    ("nothing.shop.svc.cluster.local.", "any", ["NONAME"]),
    ("a.b.nothing.shop.svc.cluster.local", "any", ["NONAME"]),
    ("one.nowhere.svc.cluster.local.", "any", ["NONAME"]),
    ("one", "6", ["NODATA", "NONAME"]),
    (TARGET + ".", "6", ["NODATA", "NONAME"]),
    ("only-six", "4", ["NODATA", "NONAME"]),
    ("shop.svc.cluster.local.", "any", ["NODATA", "NONAME"]),
    ("alias.shop.svc.cluster.local.", "6", ["NODATA", "NONAME"]),
    ("alias-of-nothing.shop.svc.cluster.local.", "any", ["NONAME", "NODATA"]),
]


class Stub:
    """A program linked with one C library, and the appliance that it asks."""

    compiler, options = None, []

    @classmethod
    def setUpClass(cls):
        harness.need_root()
        harness.need_namespace()
        harness.need("nsenter", cls.compiler)
        cls.directory = tempfile.mkdtemp(prefix="shmdns-stub-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.program = os.path.join(cls.directory, "stub")
        source = os.path.join(harness.SOURCE, "tests", "system", "stub.c")
        subprocess.run([cls.compiler, *cls.options, "-O1", "-o", cls.program, source], check=True)
        cls.appliance = InNamespace(
            objects(), listen=["10.1.0.1:53", "[2001:db8::1]:53"], wrap=OWN_NET)
        cls.addClassCleanup(cls.appliance.__exit__, None, None, None)
        cls.appliance.start()

    def etc(self, server, options="ndots:5"):
        path = os.path.join(self.directory, "etc-" + server.replace(":", "-"))
        os.makedirs(path, exist_ok=True)
        for name, text in (
                ("resolv.conf", f"nameserver {server}\nsearch {SEARCH}\noptions {options}\n"),
                ("nsswitch.conf", "hosts: files dns\n"), ("hosts", "127.0.0.1 localhost\n")):
            with open(os.path.join(path, name), "w") as f:
                f.write(text)
        return path

    def lookup(self, name, family, server="10.1.0.1"):
        """(sorted addresses or the error, the canonical name)"""
        out = subprocess.run(
            ["nsenter", "-t", str(self.appliance.pid), "-n", "unshare", "-m", "sh", "-c", OWN_ETC,
             "sh", self.etc(server), self.program, name, family],
            capture_output=True, text=True, timeout=60)
        self.assertEqual((out.returncode, out.stderr), (0, ""))
        first, *addresses = out.stdout.split("\n")[:-1]
        word, _, rest = first.partition(" ")
        return (rest, None) if word == "error" else (sorted(addresses), rest)

    def test_found(self):
        """names short and whole, one address and four, both families, ExternalName"""
        for name, family, addresses in FOUND:
            with self.subTest(name, family=family):
                self.assertEqual(self.lookup(name, family)[0], sorted(addresses))

    def test_not_found(self):
        """NXDOMAIN and NODATA are final: nobody is told to try again"""
        for name, family, outcomes in NOT_FOUND:
            with self.subTest(name, family=family):
                self.assertIn(self.lookup(name, family)[0], outcomes)

    def test_canonical_name(self):
        """the owner of the addresses, behind CNAMEs and search list"""
        for name in ("one", "alias", "alias-of-alias"):
            with self.subTest(name):
                self.assertEqual(self.lookup(name, "4")[1], TARGET)

    def test_server_over_ipv6(self):
        """the name server has an IPv6 address"""
        for name, family, addresses in FOUND[:2] + FOUND[-2:]:
            with self.subTest(name, family=family):
                self.assertEqual(self.lookup(name, family, "2001:db8::1")[0], sorted(addresses))

    def test_forty(self):
        """R-31, DE-14, S-01: a headless Service of 40"""
        for name in ("forty", "forty.shop", "forty.shop.svc.cluster.local."):
            for family in ("4", "any"):
                with self.subTest(name, family=family):
                    found, _ = self.lookup(name, family)
                    self.assertGreaterEqual(len(set(found)), self.of_forty, found)
                    self.assertLessEqual(set(found), set(FORTY))


class Glibc(Stub, unittest.TestCase):
    compiler, of_forty = "gcc", 40  # asked again over TCP


class Musl(Stub, unittest.TestCase):
    compiler, options, of_forty = "musl-gcc", ["-static"], 20
