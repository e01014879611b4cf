"""A machine of its own under systemd itself, on which the build is installed (SD-01, SY-01).

Namespaces of every kind but users, a root that is the host's under an overlay in memory, a
control group that is removed at the end (machine.sh). The host notices nothing of it.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
import logtext
from harness import await_
from test_listen import inside

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1


class Machine:
    """Use start() and stop(). start() skips the test where there can be no such machine."""

    def __init__(self):
        self.process = self.group = None

    def start(self):
        self.directory = tempfile.mkdtemp(prefix="shmdns-test-")
        self.log_path = os.path.join(self.directory, "log")
        self.make_group()
        os.mkdir(os.path.join(self.directory, "machine"))
        with open(self.log_path, "wb") as log:
            try:
                self.process = subprocess.Popen(
                    ["unshare", "--mount", os.path.join(HERE, "machine.sh"), "outside",
                     os.path.join(self.directory, "machine"), harness.BUILD],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=self.join_group)
            except subprocess.SubprocessError:
                raise unittest.SkipTest(self.group + ": no process can be put there") from None
        try:
            await_("systemd", self.is_up)
        except harness.Timeout:
            raise unittest.SkipTest("systemd does not come up here: " + self.log()) from None

    def make_group(self):
        """A control group of version 2, wherever that is mounted."""
        with open("/proc/mounts") as f:
            mounts = [line.split() for line in f]
        at = [m[1] for m in mounts if m[2] == "cgroup2"]
        if not at:
            raise unittest.SkipTest("no control groups of version 2 are mounted")
        group = os.path.join(at[0], os.path.basename(self.directory))
        try:
            os.mkdir(group)
        except OSError as e:
            raise unittest.SkipTest(f"no control group can be made: {e}")
        self.group = group

    def join_group(self):
        """In the child: all of it ends with its group, and when we are killed."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with open(os.path.join(self.group, "cgroup.procs"), "w") as f:
            f.write("0")

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read().strip()

    def is_up(self):
        if self.process.poll() is not None:
            raise unittest.SkipTest("no machine in namespaces: " + self.log())
        if self.pid is None:
            return False
        return self.run("systemctl", "is-system-running")[1].strip() in ("running", "degraded")

    @property
    def pid(self):
        """systemd's, as it is outside. None: it is not there (yet)."""
        pids = [p for p, name in harness.children(self.process.pid).items()
                if name == "systemd"]
        return pids[0] if pids else None

    def run(self, *argv, timeout_s=40):
        """A program in it, as root: (exit status, what it wrote)."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w",
             *argv],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True, timeout=timeout_s,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LC_ALL": "C"})
        return done.returncode, done.stdout

    def must(self, *argv):
        """The same; it has to succeed. What it wrote."""
        code, text = self.run(*argv)
        assert code == 0, f"{' '.join(argv)}: {code}\n{text}"
        return text

    def path(self, path):
        """A file of it as the host reaches it."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        harness.write_whole(self.path(path), text)

    def show(self, name):
        """A property of the unit."""
        return self.must("systemctl", "show", "shmdns", "--value", "-p", name).strip()

    def journal(self, *options):
        """Of the service and of systemd about it."""
        return logtext.plain(
            self.must("journalctl", "--no-pager", "-o", "cat", "-u", "shmdns", *options))

    @contextlib.contextmanager
    def network(self):
        """Sockets that the block opens are in its network."""
        with inside(self.pid):
            yield

    def stop(self):
        """No process, mount or group of it is left."""
        if self.process is not None:
            with contextlib.suppress(OSError):  # Linux before 5.14
                with open(os.path.join(self.group, "cgroup.kill"), "w") as f:
                    f.write("1")
            self.process.kill()  # and with it the first process of the namespace
            self.process.wait()
        if self.group is not None:
            await_("an end of the machine's processes", self.group_is_empty)
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)
        shutil.rmtree(self.directory, ignore_errors=True)

    def group_is_empty(self):
        with open(os.path.join(self.group, "cgroup.events")) as f:
            return "populated 0" in f.read()
