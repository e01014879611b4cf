"""A container as a kubelet's runtime would start it, as far as namespaces and rights go (KM-07).

Mount, network, IPC and process namespaces of its own, a read-only root, volumes, a numeric
user, only the capabilities that are added, no new privileges. Not here: control groups and
filters of system calls.

    container.py SPEC    become the process; run by Container in its namespaces
"""

import contextlib
import ctypes
import json
import os
import subprocess
import sys

import harness
import logtext
from test_listen import inside

NET_BIND_SERVICE = 10
CAPABILITIES = {"NET_BIND_SERVICE": NET_BIND_SERVICE}
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = (
    1, 2, 4, 8, 32, 4096, 16384)
PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 8, 24, 38
CAPABILITY_V3 = 0x20080522
LAST_CAPABILITY = 40  # more than the kernel knows is refused and means nothing


class Container:
    """Use as a context manager. `volumes`: {path in the container: host directory, or a size
    in octets for one in memory}. A host directory is read-only."""

    def __init__(self, root, argv, user, group, add, volumes, log):
        self.spec = {"root": root, "argv": argv, "user": user, "group": group, "add": add,
                     "volumes": volumes}
        self.log_path = log
        self.process = None

    def __enter__(self):
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            ["unshare", "-mnipf", "--kill-child", sys.executable, os.path.abspath(__file__),
             json.dumps(self.spec)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.stop()
        finally:
            if kind is not None:
                print(self.log_text(), flush=True)

    @property
    def pid(self):
        """Its first process, by the pid that it has outside. None: not there (any more)."""
        pids = [p for p, name in harness.children(self.process.pid).items()
                if name == os.path.basename(self.spec["argv"][0])]
        return pids[0] if pids else None

    def log_text(self):
        with open(self.log_path, errors="replace") as f:
            return logtext.plain(f.read())

    def await_process(self):
        def there():
            assert self.process.poll() is None, self.log_text()
            return self.pid

        return harness.await_("the container's process", there)

    def exec(self, argv):
        """Run a program in it, as `kubectl exec` and exec probes do: its exit status."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-n", "-i", "-p", "-r",
             "-S", str(self.spec["user"]), "-G", str(self.spec["group"]), *argv],
            capture_output=True, text=True, timeout=60, env={})
        return done.returncode, done.stdout + done.stderr

    def inside(self):
        """Sockets of this block are in its network."""
        return inside(self.pid)

    def stop(self):
        """SIGTERM to its first process; the exit status."""
        if self.process is None:
            return None
        pid = self.pid
        if pid is not None:
            os.kill(pid, 15)
        try:
            return self.process.wait(15)
        finally:
            with contextlib.suppress(OSError):
                self.process.kill()  # and with it the container
            self.process.wait()
            self.process = None
            self.log.close()


# ---- from here on in its namespaces ----

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}{arguments}")


def mount(source, target, kind, flags, data=""):
    call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags),
         data.encode())


def mount_volume(root, at, what):
    target = root + at
    os.makedirs(target, exist_ok=True)
    if isinstance(what, str):
        mount(what, target, "", MS_BIND | MS_REC)
        mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY)
    else:
        mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              f"mode=0777,size={what}")


def make_root(root, volumes):
    mount(root, root, "", MS_BIND)
    for name in ("proc", "dev"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", root + "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755")
    for name in ("null", "zero", "urandom"):
        with open(f"{root}/dev/{name}", "w"):
            pass
        mount("/dev/" + name, f"{root}/dev/{name}", "", MS_BIND)
    for at, what in volumes.items():
        mount_volume(root, at, what)
    mount("", root, "", MS_REMOUNT | MS_BIND | MS_RDONLY)


def set_capabilities(numbers):
    """Permitted and effective, not inheritable, not ambient: what runc leaves to a user."""
    bits = sum(1 << n for n in numbers)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_V3, 0)
    data = (ctypes.c_uint32 * 6)(bits, bits, 0, 0, 0, 0)
    call("capset", header, data)


def become(spec):
    add = [CAPABILITIES[name] for name in spec["add"]]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    make_root(spec["root"], spec["volumes"])
    os.chroot(spec["root"])
    os.chdir("/")
    for n in range(LAST_CAPABILITY + 1):
        if n not in add:
            libc.prctl(PR_CAPBSET_DROP, n, 0, 0, 0)
    call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(spec["group"], spec["group"], spec["group"])
    os.setresuid(spec["user"], spec["user"], spec["user"])
    set_capabilities(add)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.execve(spec["argv"][0], spec["argv"], {"PATH": "/usr/sbin:/usr/bin"})


if __name__ == "__main__":
    become(json.loads(sys.argv[1]))
