"""The unit for systemd and what stands beside it (SD, SY, R-27)."""

import os
import re
import subprocess
import tempfile
import unittest

import harness

UNIT = os.path.join(harness.BUILD, "systemd/shmdns.service")
FOLDER = os.path.join(harness.SOURCE, "systemd")
BAR = 1.6

SAID = {
    "SY-01": ["Type=notify", "NotifyAccess=main"],
    "SY-02": ["Restart=always", "RestartSec=100ms", "StartLimitIntervalSec=0"],
    "SY-03": ["WatchdogSec=10s"],
    "SY-04": ["FileDescriptorStoreMax=512"],
    "SY-05": ["KillMode=mixed", "TimeoutStopSec=15s"],
    "SY-06": ["OOMScoreAdjust=-900", "OOMPolicy=continue"],
    "SY-07": ["User=shmdns", "RemoveIPC=no"],
    "SY-08": ["LimitNOFILE=65536", "LimitCORE=0", "TasksMax=256", "RuntimeDirectoryMode=0750",
              "StateDirectoryMode=0700", "UMask=0077"],
    "SD-05": ["RuntimeDirectory=shmdns", "StateDirectory=shmdns", "ConfigurationDirectory=shmdns",
              "Before=nss-lookup.target"],
}


def read(path):
    with open(path) as f:
        return f.read()


class Unit(unittest.TestCase):
    def copy(self, directory):
        """The unit as it is installed, with a program that is there."""
        path = os.path.join(directory, "shmdns.service")
        with open(path, "w") as f:
            f.write(re.sub(r"^(ExecStart|ExecReload)=\S+", r"\1=" + harness.program("shmdnsd"),
                           read(UNIT), flags=re.M))
        return path

    def analyze(self, *arguments):
        harness.need("systemd-analyze")
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                              timeout=60)

    def test_verify(self):
        """SD-01: systemd knows every line of it"""
        with tempfile.TemporaryDirectory(prefix="shmdns-test-") as directory:
            done = self.analyze("verify", "--man=no", self.copy(directory))
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_security(self):
        """SD-08, R-27, SY-09 to SY-13: exposure of at most 1.6"""
        with tempfile.TemporaryDirectory(prefix="shmdns-test-") as directory:
            done = self.analyze("security", "--offline=true", f"--threshold={int(BAR * 10)}",
                                "--no-pager", self.copy(directory))
        level = re.search(r"Overall exposure level for shmdns.service: ([\d.]+)", done.stdout)
        if level is None and "offline" in done.stderr:
            raise unittest.SkipTest("systemd-analyze: " + done.stderr.strip())
        self.assertIsNotNone(level, done.stdout + done.stderr)
        self.assertLessEqual(float(level[1]), BAR, done.stdout)

    def test_said(self):
        """SY-01 to SY-08, SD-04, SD-05: the lines that rules name"""
        lines = read(UNIT).splitlines()
        for row, wanted in SAID.items():
            for line in wanted:
                self.assertIn(line, lines, row)
        self.assertFalse([line for line in lines if line.startswith("DynamicUser")])
        self.assertFalse([line for line in lines if line.startswith("ExecStartPre")])  # SD-03
        reload = [line for line in lines if line.startswith("ExecReload=")]  # SD-03
        self.assertEqual(len(reload), 1)
        self.assertRegex(reload[0], r"^ExecReload=/\S+/bin/shmdnsctl reload --wait$")

    def test_user(self):
        """SD-04, SY-07, DE-09: a static user, who is the unit's"""
        self.assertRegex(read(os.path.join(FOLDER, "shmdns.sysusers")), r"(?m)^u shmdns - ")
        self.assertRegex(read(os.path.join(FOLDER, "shmdns.tmpfiles")),
                         r"(?m)^d /run/shmdns 0750 shmdns shmdns -$")

    def test_configuration(self):
        """SD-07, SY-05: the packaged configuration is good, names addresses, has no lameduck"""
        path = os.path.join(FOLDER, "shmdns.conf.systemd")
        done = subprocess.run([harness.program("shmdnsd"), "-t", "-c", path], capture_output=True,
                              text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = read(path)
        self.assertIn('lameduck = "0s"', text)
        self.assertNotRegex(text, r'address = "(0\.0\.0\.0|::)')
