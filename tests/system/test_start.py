"""Start, stop and refusals of shmdnsd (OP-01, OP-20, OF-02, SD-07, QS-09)."""

import os
import signal
import subprocess
import tempfile
import unittest

import harness


def check(text):
    """shmdnsd -t on a file of this text: (exit status, all output)."""
    with tempfile.TemporaryDirectory(prefix="shmdns-test-") as directory:
        path = os.path.join(directory, "check.conf")
        with open(path, "w") as f:
            f.write(text)
        done = subprocess.run([harness.program("shmdnsd"), "-t", "-c", path],
                              capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


class Start(unittest.TestCase):
    def test_stop(self):
        """QS-09: SIGTERM leaves no process and no object (the harness looks)"""
        with harness.Appliance(harness.cluster(3)) as a:
            self.assertTrue(harness.shm_objects(a.instance))
            self.assertEqual(len(a.worker_pids), 2)

    def test_interrupt(self):
        """QS-09: Ctrl-C is an orderly end too"""
        with harness.Appliance(harness.cluster(3)) as a:
            a.process.send_signal(signal.SIGINT)
            self.assertEqual(a.process.wait(15), 0)
            self.assertEqual(harness.shm_objects(a.instance), [])

    def test_supervisor_dies(self):
        """G5: with the supervisor all end"""
        with harness.Appliance(harness.cluster(3)) as a:
            family = harness.children(a.pid)
            self.assertEqual(len(family), 4)  # a controller, two workers, a forwarder
            a.kill()
            harness.await_("the end of its children",
                           lambda: not any(harness.start_of(p) for p in family))
            a.start()  # and the next one cleans up

    def test_port_in_use(self):
        """SD-07: a port that somebody holds: refused, and the holder is named"""
        with harness.Appliance(harness.cluster(3)) as a:
            b = harness.Appliance(harness.cluster(3), listen=a.listen)
            b.spawn()
            try:
                self.assertNotEqual(b.process.wait(15), 0)
                text = b.log_text()
                self.assertIn(str(a.port), text)
                self.assertRegex(text, rf"\b{a.pid}\b|shmdnsd", text)
                self.assertEqual(harness.shm_objects(b.instance), [])
            finally:
                b.process.kill()
                b.process.wait()
            self.assertEqual(a.outcome("svc-001.shop.svc.cluster.local.", "A"),
                             ("NOERROR", ["10.96.1.1"]))

    def test_check(self):
        """OP-01, OP-20, CF-02, CF-07: all errors in one pass, file:line:column, a guess"""
        code, out = check('wrokers = 5;\nworkers = 5000000000;\n'
                          'kubernetes: { pods = "sometimes"; source = "files"; path = "/"; };\n')
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r'check\.conf:1:\d+: error: .*wrokers.*workers')
        self.assertRegex(out, r'check\.conf:2:\d+: error: workers')
        self.assertRegex(out, r'check\.conf:3:\d+: error: kubernetes\.pods.*sometimes')
        self.assertRegex(out, r'3 errors')
        code, out = check('workers = [ 1;\n')
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r'check\.conf:1')
        code, out = check('workers = 2; kubernetes: { source = "files"; path = "/"; };\n')
        self.assertEqual(code, 0, out)

    def test_broken_config(self):
        """OP-20: a broken file at the first start: errors with their places, nothing runs"""
        a = harness.Appliance(harness.cluster(1), extra="wrokers = 5;")
        try:
            a.spawn()
            self.assertNotEqual(a.process.wait(15), 0)
            self.assertRegex(a.log_text(), r"shmdns\.conf:\d+:\d+: error: .*wrokers")
            self.assertEqual(harness.shm_objects(a.instance), [])
        finally:
            a.process.kill()
            a.process.wait()

    def test_reload(self):
        """OF-02: SIGHUP publishes new settings; a broken file keeps the old ones"""
        name = "svc-001.shop.svc.cluster.local."
        with harness.Appliance(harness.cluster(3)) as a:
            self.assertEqual(a.ask(name, "A").answer[0].ttl, 30)
            a.kubernetes = "ttl = 7;"
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            harness.await_("TTL 7", lambda: all(
                a.ask(name, "A").answer[0].ttl == 7 for _ in range(16)))
            a.kubernetes = "ttl = -7;"
            a.write_config()
            a.process.send_signal(signal.SIGHUP)
            a.await_log(r"shmdns\.conf:\d+.*ttl")
            self.assertEqual(a.ask(name, "A").answer[0].ttl, 7)
