"""A stand-in for the service manager: notifications, watchdog, kept descriptors.

It plays the part of systemd 252 that shmdnsd speaks to, over a socket in the appliance's
directory, and gives descriptors back to the next shmdnsd as LISTEN_FDS (R-14).
"""

import array
import contextlib
import os
import socket
import sys
import threading
import time

import harness

# Puts the descriptors of its first argument at 3 and up, and becomes its other arguments.
HAND_OVER = """
import os, sys
fds = [int(f) for f in sys.argv[1].split(",") if f]
high = [os.dup2(f, 1000 + i, inheritable=False) for i, f in enumerate(fds)]
for f in fds:  # or the program would hold on to them, whatever it closes
    os.close(f)
for i, f in enumerate(high):
    os.dup2(f, 3 + i)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """Receives until close(); .messages are dicts, .store is [(name, descriptor)]."""

    def __init__(self, path):
        self.path = path
        self.messages = []
        self.store = []
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.05)
        self.over = False
        self.thread = threading.Thread(target=self.receive)
        self.thread.start()

    def receive(self):
        while not self.over:
            with contextlib.suppress(socket.timeout):
                text, control, _, _ = self.socket.recvmsg(4096, 8192)
                fds = array.array("i")
                for level, kind, data in control:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                        fds.frombytes(data)
                message = dict(line.split("=", 1) for line in text.decode().splitlines())
                self.take({**message, "at": time.monotonic()}, list(fds))

    def take(self, message, fds):
        with self.lock:
            name = message.get("FDNAME", "stored")
            if message.get("FDSTORE") == "1":
                kept = [os.fstat(f).st_ino for _, f in self.store]
                for fd in list(fds):
                    if os.fstat(fd).st_ino not in kept:
                        self.store.append((name, fd))
                        fds.remove(fd)
            if message.get("FDSTOREREMOVE") == "1":
                for _, fd in [e for e in self.store if e[0] == name]:
                    os.close(fd)
                self.store = [e for e in self.store if e[0] != name]
            for fd in fds:  # of BARRIER=1, or kept already
                os.close(fd)
            self.messages.append(message)

    def names(self):
        with self.lock:
            return sorted(name for name, _ in self.store)

    def said(self, key, value=None):
        """Messages with this key, and this value."""
        with self.lock:
            return [m for m in self.messages if key in m and value in (None, m[key])]

    def wrap(self):
        """What to put before the program, and the environment, to hand the store over."""
        with self.lock:
            fds = ",".join(str(fd) for _, fd in self.store)
            for _, fd in self.store:
                os.set_inheritable(fd, True)
            env = {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "2000000",
                   "LISTEN_FDS": str(len(self.store)),
                   "LISTEN_FDNAMES": ":".join(name for name, _ in self.store)}
        return [sys.executable, "-c", HAND_OVER, fds], env

    def close(self):
        self.over = True
        self.thread.join()
        self.socket.close()
        for _, fd in self.store:
            os.close(fd)


class Managed(harness.Appliance):
    """An appliance under a manager; start() again after kill() hands the store over."""

    close_fds = False  # descriptors of the store are the only inheritable ones

    def __enter__(self):
        self.manager = Manager(os.path.join(self.directory, "notify"))
        return super().__enter__()

    def __exit__(self, *why):
        try:
            return super().__exit__(*why)
        finally:
            self.manager.close()

    def spawn(self):
        self.wrap, env = self.manager.wrap()
        self.env.update(env)
        super().spawn()
