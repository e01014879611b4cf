"""A directory of zone files: zones come, change and go with them, and no query is lost (FE-03)."""

import contextlib
import os
import re
import signal
import unittest
import urllib.request

import dns.flags

import harness
from harness import await_

SVC = "svc-000.shop.svc.cluster.local."
SOA = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n"


def host(last):
    return f"{SOA}www A 192.0.2.{last}\n"


class Directory(unittest.TestCase):
    def appliance(self, files=(), keys='rescan = "1s";', more="", **options):
        a = harness.Appliance(harness.cluster(1), **options)
        a.zones = os.path.join(a.directory, "zones")
        os.mkdir(a.zones)
        for name, text in dict(files).items():
            self.put(a, name, text)
        a.extra = f'zones = {{ directory = "{a.zones}"; {keys} }}; {more}'
        a.write_config()
        return a

    def put(self, a, name, text):
        harness.write_whole(os.path.join(a.zones, name), text)

    def has(self, a, name, *addresses):
        a.await_outcome(name, "A", "NOERROR", sorted(addresses))

    def lacks(self, a, name):
        """In no zone of ours, sooner or later: nobody else is asked here."""
        a.await_outcome(name, "A", "REFUSED")

    def test_comes_and_goes(self):
        """FE-03, FE-18: a file comes, changes, breaks and goes, without a reload"""
        with self.appliance({"db.a.example": host(1), "db.A.org": host(2)}) as a:
            self.has(a, "www.a.example.", "192.0.2.1")
            self.has(a, "www.a.org.", "192.0.2.2")
            pids, controller = a.worker_pids, a.controller_pid
            self.put(a, "db.b.example", host(3))
            self.has(a, "www.b.example.", "192.0.2.3")
            reply = a.ask("no.b.example.", "A")
            self.assertEqual(harness.outcome(reply)[0], "NXDOMAIN")
            self.assertEqual(reply.authority[0].name.to_text(), "b.example.")
            self.assertTrue(reply.flags & dns.flags.AA)
            self.put(a, "db.b.example", host(4))
            self.has(a, "www.b.example.", "192.0.2.4")
            self.put(a, "db.b.example", SOA + "www A 192.0.2\n")
            path = os.path.join(a.zones, "db.b.example")
            a.await_log(f"zone {path}:3:7: 192.0.2 is no IPv4 address; what it said last")
            self.has(a, "www.b.example.", "192.0.2.4")
            self.put(a, "db.deep.b.example", host(5))  # within one that stands
            self.has(a, "www.deep.b.example.", "192.0.2.5")
            os.unlink(path)
            a.await_log(f"zone gone zone=b.example. file={path}")
            self.lacks(a, "www.b.example.")
            self.has(a, "www.deep.b.example.", "192.0.2.5")
            self.has(a, "www.a.example.", "192.0.2.1")
            self.assertEqual(a.outcome(SVC, "A")[0], "NOERROR")
            self.assertEqual((a.worker_pids, a.controller_pid), (pids, controller))
            self.assertRegex(a.ctl("status", "-c", a.config)[1], r"(?m)^reloads +0 accepted")
            self.assertEqual(a.log_lines("No such file"), [])

    def test_left_alone(self):
        """FE-03: what is hidden, left over, half written or of another name"""
        with self.appliance({"db.a.example": host(1)}) as a:
            self.has(a, "www.a.example.", "192.0.2.1")
            for name in (".db.b.example.swp", "db.c.example~", "#db.d.example#",
                         "db.e.example.bak", "f.example", "db.g.example.jnl"):
                self.put(a, name, host(9))
            os.mkdir(os.path.join(a.zones, "db.h.example"))
            os.mkdir(os.path.join(a.zones, ".git"))
            self.put(a, ".git/db.i.example", host(9))
            os.mkdir(os.path.join(a.zones, "more"))
            self.put(a, "more/db.z.example", host(2))
            self.has(a, "www.z.example.", "192.0.2.2")
            for zone in "bcdefghi":
                self.assertEqual(a.outcome(f"www.{zone}.example.", "A")[0], "REFUSED", zone)
            self.assertEqual(a.outcome("www.c.example~.", "A")[0], "REFUSED")
            # Half of a file is SERVFAIL until the rest has come, which is seen at once.
            with open(os.path.join(a.zones, "db.slow.example"), "w") as f:
                f.write(SOA + "www A 192")
                f.flush()
                a.await_outcome("www.slow.example.", "A", "SERVFAIL")
                f.write(".0.2.8\n")
            self.has(a, "www.slow.example.", "192.0.2.8")

    def test_paths(self):
        """FE-03, LG-02: whatever a path has in it, a line of the log names it as one value"""
        with self.appliance() as a:
            odd = os.path.join(a.zones, "a b \"c\nerror fake")
            os.mkdir(odd)
            self.put(a, os.path.join(odd, "db.a.example"), host(1))
            self.put(a, os.path.join(odd, "db.b.example"), SOA + "www A 192.0.2\n")
            self.has(a, "www.a.example.", "192.0.2.1")
            quoted = a.zones + r'/a b \"c\x0Aerror fake/db.'
            a.await_log(re.escape(f'zone read zone=a.example. file="{quoted}a.example" records=2'))
            a.await_log(re.escape(f'zone "{quoted}b.example":3:7: 192.0.2 is no IPv4 address'))
            os.unlink(os.path.join(odd, "db.a.example"))
            a.await_log(re.escape(f'zone gone zone=a.example. file="{quoted}a.example"'))

    def test_volume(self):
        """FE-03: as the kubelet swaps the volume of a ConfigMap"""
        with self.appliance() as a:
            def swap(version, files):
                at = os.path.join(a.zones, f"..{version}")
                os.mkdir(at)
                for name, text in files.items():
                    harness.write_whole(os.path.join(at, name), text)
                os.symlink(f"..{version}", os.path.join(a.zones, "..data_tmp"))
                os.rename(os.path.join(a.zones, "..data_tmp"), os.path.join(a.zones, "..data"))
                for name in files:
                    with contextlib.suppress(FileExistsError):
                        os.symlink(os.path.join("..data", name), os.path.join(a.zones, name))
                for name in os.listdir(a.zones):
                    if not name.startswith(".") and name not in files:
                        os.unlink(os.path.join(a.zones, name))

            swap(1, {"db.a.example": host(1), "db.b.example": host(2)})
            self.has(a, "www.a.example.", "192.0.2.1")
            self.has(a, "www.b.example.", "192.0.2.2")
            swap(2, {"db.a.example": host(3), "db.c.example": host(4)})
            self.has(a, "www.a.example.", "192.0.2.3")
            self.has(a, "www.c.example.", "192.0.2.4")
            self.lacks(a, "www.b.example.")
            self.assertEqual(len(a.log_lines("zone read zone=a.example.")), 2)
            self.assertEqual(a.log_lines("zones /"), [])

    def test_refused(self):
        """FE-03: each is named with its path, and the rest is served; status, /ready, metrics"""
        own = os.path.join(os.path.dirname(__file__), "no such file")
        http = {"ready": harness.free_port()}
        with self.appliance({"db.a.example": host(1), "db.no name": host(2),
                             "db.own.example": host(3), "db.x.cluster.local": host(4)},
                            more=f'zone = ( {{ name = "own.example."; file = "{own}"; }} );',
                            http=http) as a:
            self.has(a, "www.a.example.", "192.0.2.1")
            for name, why in (("no name", "has a name that makes no name of a zone"),
                              ("own.example", "its zone has a file of its own"),
                              ("x.cluster.local", "its zone is in a zone of the cluster")):
                a.await_log(f'zones "?{a.zones}/db.{name}"?: {why}')
            self.assertEqual(a.outcome("www.own.example.", "A")[0], "SERVFAIL")
            self.assertEqual(a.outcome("www.x.cluster.local.", "A")[0], "NXDOMAIN")
            os.mkdir(os.path.join(a.zones, "aside"))
            self.put(a, "aside/db.a.example", host(9))
            a.await_log(f"zones {a.zones}/aside/db.a.example: is of the same zone as "
                        f"{a.zones}/db.a.example")
            await_("four in metrics", lambda: "\nshmdns_zone_files_refused 4\n" in a.ctl(
                "metrics", "-c", a.config)[1])
            self.assertIn("NOT ALL OF zones.directory IS SERVED",
                          a.ctl("status", "-c", a.config)[1])
            url = f"http://127.0.0.1:{http['ready']}/ready"
            with urllib.request.urlopen(url, timeout=5) as reply:
                self.assertEqual(reply.status, 200)
                self.assertRegex(reply.read().decode(), "zones: of zones.directory 4 could not")
            os.unlink(os.path.join(a.zones, "db.a.example"))  # now the other one has it
            self.has(a, "www.a.example.", "192.0.2.9")

    def test_directory_gone(self):
        """FE-03: what was there stands; nothing is taken for an empty directory"""
        with self.appliance({"db.a.example": host(1)}) as a:
            self.has(a, "www.a.example.", "192.0.2.1")
            os.rename(a.zones, a.zones + ".away")
            a.await_log(f"zones {a.zones}: No such file or directory; .* stands")
            os.kill(a.pid, signal.SIGHUP)
            await_("a reload", lambda: len(a.log_lines("zones .*: No such file")) == 2)
            self.has(a, "www.a.example.", "192.0.2.1")
            os.rename(a.zones + ".away", a.zones)
            self.put(a, "db.b.example", host(2))
            self.has(a, "www.b.example.", "192.0.2.2")
            # Another one that is not there has nothing that could stand.
            a.extra = a.extra.replace(a.zones, a.zones + ".new")
            a.write_config()
            os.kill(a.pid, signal.SIGHUP)
            a.await_log(f"zones {a.zones}.new: No such file or directory; .* it has no zones")
            self.lacks(a, "www.a.example.")
            os.rename(a.zones, a.zones + ".new")
            self.has(a, "www.a.example.", "192.0.2.1")

    def test_shown(self):
        """FE-03: dump and explain know its zones; a reload takes them all away"""
        with self.appliance({"a.example.zone": host(1)},
                            keys=r'rescan = "1s"; pattern = "^(.*)\\.zone$"; '
                                 'name = "int.{1}";') as a:
            self.has(a, "www.int.a.example.", "192.0.2.1")
            code, out, err = a.ctl("dump", "-c", a.config)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, r"(?m)^www\.int\.a\.example\.\t60\tIN\tA\t192\.0\.2\.1$")
            out = a.ctl("explain", "-c", a.config, "www.int.a.example.", "A")[1]
            self.assertIn(f"zone file {a.zones}/a.example.zone:3", out)
            a.extra = ""
            a.write_config()
            os.kill(a.pid, signal.SIGHUP)
            self.lacks(a, "www.int.a.example.")

    def test_frozen(self):
        """FE-03, OV-08: while publishing is frozen, a zone that comes waits"""
        with self.appliance({"db.a.example": host(1)}) as a:
            self.has(a, "www.a.example.", "192.0.2.1")
            self.assertEqual(a.ctl("freeze", "-c", a.config)[0], 0)
            self.put(a, "db.b.example", host(2))
            a.await_log("settings wait for the thaw: their zones are others")
            self.assertEqual(a.outcome("www.b.example.", "A")[0], "REFUSED")
            self.assertEqual(a.ctl("thaw", "-c", a.config)[0], 0)
            self.has(a, "www.b.example.", "192.0.2.2")

    def test_controller_dies(self):
        """FE-03, RU-05: its successor serves the same zones"""
        with self.appliance({"db.a.example": host(1), "db.b.example": host(2)}) as a:
            self.has(a, "www.b.example.", "192.0.2.2")
            old = a.controller_pid
            os.kill(old, signal.SIGKILL)
            await_("a new controller", lambda: a.controller_pid not in (None, old))
            self.put(a, "db.c.example", host(3))

            def found():
                for zone, last in (("a", 1), ("b", 2)):
                    self.assertEqual(a.outcome(f"www.{zone}.example.", "A"),
                                     ("NOERROR", [f"192.0.2.{last}"]))
                return a.outcome("www.c.example.", "A") == ("NOERROR", ["192.0.2.3"])

            await_("its successor finds a new one", found)


@harness.alone
class Load(unittest.TestCase):
    appliance, put, has, lacks = (Directory.appliance, Directory.put, Directory.has,
                                  Directory.lacks)

    def test_load(self):
        """FE-03: files come, change, break and go, and no query is lost or answered wrong"""
        with self.appliance({"db.stays.example": host(1), "db.turns.example": host(0)}) as a:
            self.has(a, "www.stays.example.", "192.0.2.1")
            self.has(a, "www.turns.example.", "192.0.2.0")
            questions = harness.cluster_questions(1) + [
                ("www.stays.example.", "A", "NOERROR", ["192.0.2.1"]),
                ("no.stays.example.", "A", "NXDOMAIN", []),
                ("www.turns.example.", "A", "NOERROR", ["192.0.2.0"])]
            load = harness.Load(a, questions)
            load.allow_addresses("www.turns.example.", "A",
                                 [f"192.0.2.{i}" for i in range(250)])
            rounds = 0
            with load.running(5000, 20 if harness.FULL else 8) as run:
                while not run.over():
                    rounds += 1
                    self.put(a, "db.passes.example", host(200))  # sorts before them
                    self.put(a, "db.turns.example", host(rounds))
                    self.has(a, "www.passes.example.", "192.0.2.200")
                    self.put(a, "db.stays.example", "broken")
                    os.unlink(os.path.join(a.zones, "db.passes.example"))
                    self.lacks(a, "www.passes.example.")
                    self.put(a, "db.stays.example", host(1))
            print(f"     {rounds} rounds, others {run.others:.0%}: {run.result}")
            self.assertEqual(run.result["wrong"], 0, run.errors)
            load.lost_at_most(run, 0)
            self.assertGreaterEqual(rounds, 1)


if __name__ == "__main__":
    unittest.main()
