"""shmdnsctl reload (OV-10, RL rows): what comes of it, what would, and who may ask."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import unittest

import harness
from harness import LONG, await_

OTHER_UID = 65534
ALONE = "forwarders = 0;"  # an address that goes waits for nobody's parked queries
BROKEN = ALONE + 'log = { level = "loud"; };\nwrokers = 3;'
DEBUG = ALONE + 'log = { level = "debug"; };'


class Base(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.a = stack.enter_context(harness.Appliance(harness.cluster(2), extra=ALONE))
        self.socket = os.path.join(self.a.directory, "run", self.a.instance, "control.sock")
        await_("the control socket", lambda: os.path.exists(self.socket))

    def reload(self, *options, **more):
        return self.a.ctl("reload", "-i", self.a.instance, *options, **more)

    def config(self):
        # Not by the file, which may have errors.
        return json.loads(self.a.ctl("status", "-i", self.a.instance, "-o", "json")[1])["config"]

    def await_config(self, number):
        await_(f"configuration {number}", lambda: self.config()["number"] >= number)


class Wait(Base):
    def test_outcomes(self):
        """OV-10, RL-02, RL-04, RL-05: accepted whole, unchanged, refused with each fault"""
        a = self.a
        code, out, err = self.reload("--wait")
        self.assertRegex(out, r"^unchanged: configuration 2 \(sha256 [0-9a-f]{12}\) is served by "
                              r"2 workers since generation \d+; \d+\.\d{3} s\n$")
        self.assertEqual((code, err), (0, ""))

        a.workers, a.extra = 3, DEBUG
        a.listen.append(f"127.0.0.2:{a.port}")
        a.write_config()
        code, out, err = self.reload("--wait")
        self.assertEqual((code, err), (0, ""))
        # All of it is so now, without another look.
        self.assertEqual(len(a.worker_pids), 3)
        self.assertEqual(harness.outcome(harness.ask(
            "127.0.0.2", "svc-001.shop.svc.cluster.local.", "A", port=a.port)),
            ("NOERROR", ["10.96.1.1"]))
        self.assertRegex(out, "^accepted: configuration 3 .* is served by 3 workers .*; workers "
                              "2 to 3; listening addresses: 1 added, 0 removed; ")
        serving = [w for w in a.status()["workers"] if w["running"]]
        generation = int(re.search(r"since generation (\d+)", out)[1])
        self.assertTrue(all(w["generation"] >= generation for w in serving), serving)

        before = a.config
        a.extra = BROKEN
        a.write_config()
        code, out, err = self.reload("--wait")
        self.assertEqual((code, out), (4, ""))
        self.assertRegex(err, r"^shmdnsctl: refused; configuration 3 goes on\n"
                              rf"{before}:13:\d+: error: log.level: .*\n"
                              rf"{before}:14:1: error: wrokers: .* mean workers\?\n"
                              r"2 errors, 0 warnings\n$")
        self.assertEqual(len(a.worker_pids), 3)
        config = self.config()
        self.assertEqual((config["number"], config["last_reload"]), (3, "refused"))
        self.assertIn(":14:1: error: wrokers", config["refusal"])
        first = a.ctl("status", "-i", a.instance)[1].split("\n")[0]
        self.assertIn("; THE LAST RELOAD WAS REFUSED: ", first)
        self.assertIn(":13:", first)

        a.workers, a.extra = 1, ALONE
        a.listen.pop()
        a.write_config()
        code, out, err = self.reload("--wait", "-o", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(len(a.worker_pids), 1)
        await_("the end of 127.0.0.2", lambda: self.is_refused("127.0.0.2"))
        said = json.loads(out)
        self.assertEqual((said["serving"], said["config"]["workers"]), (1, 1))
        self.assertNotIn("REFUSED", a.ctl("status", "-i", a.instance)[1])

    def is_refused(self, address):
        """True if nobody has that address: workers close their copies when they hear of it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((address, self.a.port))
            s.settimeout(0.2)
            try:
                s.send(b"?")
                s.recv(512)
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                pass
            return False

    def test_busy_port(self):
        """RL-04: an address that cannot be had refuses it all, and is named"""
        a = self.a
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.3", a.port))
            a.listen.append(f"127.0.0.3:{a.port}")
            a.write_config()
            code, _, err = self.reload("--wait")
        self.assertEqual(code, 4)
        self.assertRegex(err, "refused; configuration 1 goes on\nport held listen=127.0.0.3:")

    def test_other_pid_namespace(self):
        """OV-10: from where the supervisor's process cannot be seen, it is not taken for dead"""
        harness.need_root()
        harness.need_namespace()
        done = subprocess.run(
            ["unshare", "-pf", "--mount-proc", harness.program("shmdnsctl"), "reload", "--wait",
             "-i", self.a.instance], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_file_is_gone(self):
        """RL-02: nothing to read is a fault too"""
        os.unlink(self.a.config)
        code, _, err = self.reload("--wait")
        self.assertEqual(code, 4)
        self.assertIn("config unreadable file=" + self.a.config, err)

    def test_many_ask(self):
        """RL-07: who waits is told of a reload that began later, whatever was folded"""
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.reload("--wait")))
                   for _ in range(4)]
        self.a.extra = DEBUG
        self.a.write_config()
        for i in range(100):
            self.a.process.send_signal(signal.SIGHUP)
            if i % 25 == 0:
                threads[i // 25].start()
        for t in threads:
            t.join()
        self.assertEqual([code for code, _, _ in results], [0] * 4, results)
        self.assertTrue(all("configuration " in out for _, out, _ in results), results)
        self.assertLessEqual(len(self.a.log_lines("reload done")), 3)


class Silence(Base):
    def test_controller_stands_still(self):
        """OP-06, OV-10: then the signal goes from here; what is missing is said in time"""
        pid = self.a.controller_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            code, out, err = self.reload("--wait", "--timeout", "2")
            self.assertEqual((code, out), (3, ""))
            self.assertRegex(err, r"not done in 2 s: the controller has not taken the "
                                  r"configuration; it moved \d+ s ago")
            self.assertEqual(self.reload("--timeout", "1")[0], 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        code, out, _ = self.reload("--wait")
        self.assertEqual(code, 0)

    def test_supervisor_ends(self):
        """OP-04: who waits for one that is gone is told so at once"""
        self.a.process.send_signal(signal.SIGSTOP)
        waiting = subprocess.Popen(
            [harness.program("shmdnsctl"), "reload", "--wait", "-i", self.a.instance],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        await_("its process", lambda: harness.start_of(waiting.pid) is not None)
        self.a.kill()
        try:
            out, err = waiting.communicate(timeout=harness.PATIENCE_S)
        finally:
            for path in harness.shm_objects(self.a.instance):
                os.unlink(path)
        self.assertEqual((waiting.returncode, out), (3, ""), err)
        self.assertRegex(err, "has ended|is not there|nothing of instance")

    def test_nobody(self):
        """OP-04: not reachable"""
        code, _, err = self.a.ctl("reload", "--wait", "-i", "nobody-has-this")
        self.assertEqual(code, 3)
        self.assertIn("nothing of instance 'nobody-has-this'", err)
        self.assertEqual(self.reload("--wait", "--plan")[0], 2)
        self.assertEqual(self.reload("now")[0], 2)

    def test_others(self):
        """OV-10, OP-05: another user may neither ask nor signal, and is told so"""
        harness.need_root()
        tool = os.path.join(self.a.directory, "shmdnsctl")
        shutil.copy(harness.program("shmdnsctl"), tool)
        os.chmod(self.a.directory, 0o755)
        page = harness.shm_path(self.a.instance, "stat.supervisor")
        os.chmod(page, 0o644)

        def run(*options):
            done = subprocess.run([tool, "reload", "-i", self.a.instance, *options],
                                  user=OTHER_UID, group=OTHER_UID, extra_groups=[],
                                  capture_output=True, text=True, timeout=harness.PATIENCE_S)
            return done.returncode, done.stderr

        code, err = run("--wait")
        self.assertEqual(code, 4, err)
        self.assertRegex(err, "Permission denied.*cannot be signalled: .*as root or as the "
                              "appliance's own user")
        code, err = run("--plan", "-c", "/dev/null")
        self.assertEqual(code, 4, err)
        self.assertIn("what runs cannot be read", err)
        for path in (self.socket, os.path.dirname(self.socket),
                     os.path.dirname(os.path.dirname(self.socket))):
            os.chmod(path, 0o777)
        code, err = run("--wait")
        self.assertEqual((code, err), (4, "shmdnsctl: refused: not permitted: for root and the "
                                          "appliance's own user\n"))
        self.assertEqual(self.a.log_lines("reload done"), [])


class Plan(Base):
    def plan(self, *options):
        code, out, err = self.reload("--plan", "-o", "json", "-c", self.next, *options)
        self.assertEqual(code, 0, err)
        return {c["key"]: (c["now"], c["then"], c["meaning"]) for c in json.loads(out)["changes"]}

    def setUp(self):
        super().setUp()
        self.next = os.path.join(self.a.directory, "next.conf")

    def write(self, *changes):
        """The configuration that runs with these texts replaced, in a file beside it."""
        with open(self.a.config) as f:
            text = f.read()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        harness.write_whole(self.next, text)

    def test_kinds(self):
        """OV-10: each key that differs, and what becomes of it; nothing is done"""
        a = self.a
        self.write()
        code, out, _ = self.reload("--plan", "-c", self.next)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^nothing would change against configuration 1 ")
        self.write(("workers = 2", "workers = 4"),
                   (f'"127.0.0.1:{a.port}"', f'"127.0.0.2:{a.port}"'),
                   ("forward = ()", 'forward = ( { from = "."; to = [ "127.0.0.9" ]; } )'),
                   ("/objects", "/others"),
                   ('lameduck = "0s"', 'lameduck = "1500ms"'),
                   ("forwarders = 0", "forwarders = 2"),
                   ("workers = 4", 'loadbalance = { policy = "fixed"; };\nworkers = 4'))
        kinds = self.plan()
        self.assertEqual(kinds["workers"][:2], ("2", "4"))
        self.assertIn("one by one", kinds["workers"][2])
        self.assertEqual(kinds["health.lameduck"][:2], ('"0s"', '"1500ms"'))
        self.assertIn("applied in place", kinds["health.lameduck"][2])
        self.assertEqual(kinds["loadbalance.policy"][:2], ('"shuffle"', '"fixed"'))
        self.assertEqual(kinds["forwarders"][:2], ("0", "2"))
        self.assertIn("needs a restart", kinds["forwarders"][2])
        self.assertIn("starts anew", kinds["kubernetes.path"][2])
        self.assertRegex(kinds["forward"][1], r'^\{ from = "\."; to = \[ "127.0.0.9" \]; ')
        self.assertEqual(set(kinds), {"workers", "health.lameduck", "loadbalance.policy",
                                      "forwarders", "kubernetes.path", "forward", "listen"})
        code, out, _ = self.reload("--plan", "-c", self.next)
        self.assertIn(f'listen: {{ address = "127.0.0.1"; port = {a.port}; }} -> (none)\n'
                      "    listener removed", out)
        self.assertIn(f'listen: (none) -> {{ address = "127.0.0.2"; port = {a.port}; }}\n'
                      "    listener added", out)
        self.assertRegex(out, "\n8 changes against configuration 1 .*; nothing was done\n$")
        self.assertEqual(self.config()["number"], 1)

    def test_refused(self):
        """OV-10, OP-20: faults as `check` says them, of the file that runs; exit status 1"""
        self.write(("\nworkers = 2;", "\nwrokers = 2;"))
        code, out, _ = self.reload("--plan", "-c", self.next)
        self.assertEqual((code, out), self.a.ctl("check", self.next)[:2])
        self.assertEqual(code, 1)
        code, out, err = self.reload("--plan", "-c", os.path.join(self.a.directory, "none"))
        self.assertEqual((code, out), (1, ""), err)
        self.assertIn("would be refused: ", err)

    def test_without_kept(self):
        """OV-10: where nothing is kept, the supervisor's memory file says what runs"""
        shutil.rmtree(os.path.join(self.a.directory, "state"))
        self.write(("workers = 2", "workers = 3"))
        self.assertEqual(set(self.plan()), {"workers"})


class Load(unittest.TestCase):
    def setUp(self):
        if not LONG:
            raise unittest.SkipTest("lasts a minute, SHMDNS_LONG=1 asks for it; tests/forward has "
                                    "a short form")

    def storm(self, a, lock, stop):
        """Ten signals a second, each with a setting that the last one did not have."""
        while not stop.wait(0.1):
            with lock:
                self.sent += 1
                a.extra = f'limits = {{ query_deadline = "4.{self.sent % 10}s"; }};'
                a.write_config()
                a.process.send_signal(signal.SIGHUP)

    def change(self, a, lock, **values):
        with lock:
            for key, value in values.items():
                setattr(a, key, value)
            a.write_config()
        code, out, err = a.ctl("reload", "--wait", "-i", a.instance, timeout_s=60)
        print("     " + (out or err).strip(), flush=True)
        self.assertEqual(code, 0, err)
        self.assertEqual(len(a.worker_pids), a.workers)

    def act(self, a, lock):
        first, other = a.listen[0], f"127.0.0.2:{a.port}"
        for changes in ({"workers": 4}, {"listen": [first, other]}, {"workers": 1},
                        {"listen": [first]}, {"workers": 2}):
            self.change(a, lock, **changes)

    def test_storm(self):
        """G9, R-15, R-16, RL-04, RL-07: 20,000 queries a second meanwhile; none is lost"""
        harness.program("bench/gen")
        with harness.Appliance(harness.cluster()) as a:
            load = harness.Load(a, harness.cluster_questions())
            lock, stop, self.sent = threading.Lock(), threading.Event(), 0
            hups = threading.Thread(target=self.storm, args=(a, lock, stop))
            with load.running(20000, 60, "-w", "2") as run:
                hups.start()
                try:
                    self.act(a, lock)
                    self.assertFalse(run.over(), "the load has ended too early")
                    await_("the end of the load", run.over, 90)
                finally:
                    stop.set()
                    hups.join()
            done = len(a.log_lines("reload done"))
            print(f"     others {run.others:.0%}; {self.sent} signals, {done} reloads\n"
                  f"     {run.result}")
            self.assertEqual(run.result["wrong"], 0, run.errors)
            load.lost_at_most(run, 0)
            self.assertEqual(a.log_lines(r"\bdied\b|hangs|reload refused"), [])


class LastGood(unittest.TestCase):
    def test_status(self):
        """OP-26: status says that the last good one runs, until the file is mended"""
        with harness.Appliance(harness.cluster(1)) as a:
            kept = a.status()["config"]["kept"]
            await_("what is kept", lambda: os.path.exists(kept))
            a.stop()
            a.extra = BROKEN
            a.write_config()
            a.start()
            code, out, _ = a.ctl("status", "-i", a.instance)
            self.assertEqual(code, 0)
            self.assertIn("; THE LAST GOOD CONFIGURATION RUNS: " + a.config,
                          out.split("\n")[0])
            self.assertRegex(out, rf"\nconfig       {kept} 1, sha256 [0-9a-f]{{12}}, loaded ")
            a.extra = ""
            a.write_config()
            self.assertEqual(a.ctl("reload", "--wait", "-i", a.instance)[0], 0)
            out = a.ctl("status", "-i", a.instance)[1]
            self.assertNotIn("LAST GOOD", out)
            self.assertRegex(out, rf"\nconfig       {a.config} 2, ")
            self.assertEqual(a.status()["config"]["source"], "file")
            a.stop()
