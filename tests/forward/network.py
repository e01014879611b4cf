"""A network of a test's own: its process moves into a fresh namespace, upstreams stand beyond.

For what loopback cannot show: resolv.conf files name no ports, and addresses of the machine
itself are no upstreams. Tests have a process each, so nobody else is moved.
"""

import contextlib
import ctypes
import os
import signal
import subprocess

import harness

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
NEAR, FAR = "10.253.7.1", "10.253.7."  # ours; theirs are 10.253.7.11 and up
FARS = range(11, 15)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Beyond:
    """Enter it and this process is in a namespace from which only FARS can be reached."""

    def __enter__(self):
        harness.need_root()
        harness.need_namespace()
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
        mine = os.readlink("/proc/self/ns/net")
        self.namespace = f"/proc/{self.holder.pid}/ns/net"
        harness.await_("a namespace", lambda: os.readlink(self.namespace) != mine)
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        ip("link", "set", "lo", "up")
        ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns",
           str(self.holder.pid))
        ip("addr", "add", NEAR + "/24", "dev", "near")
        ip("link", "set", "near", "up")
        self.far("link", "set", "lo", "up")
        for i in FARS:
            self.far("addr", "add", f"{FAR}{i}/24", "dev", "far")
        self.far("link", "set", "far", "up")
        return self

    def far(self, *arguments):
        subprocess.run(["nsenter", f"--net={self.namespace}", "ip", *arguments], check=True,
                       capture_output=True)

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.holder.send_signal(signal.SIGTERM)
        self.holder.wait()
