"""Processes that end with us, whatever becomes of us."""

import contextlib
import ctypes
import os
import signal
import subprocess

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: SIGKILL when the thread that has started it is gone (prctl(2))."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent():
    """As die_with_parent(), for a program that has children to end."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A program with a log of its own; started from the main thread only."""

    def __init__(self, name, argv, directory):
        self.name = name
        self.argv = argv
        self.log_path = os.path.join(directory, name + ".log")
        self.process = None

    def start(self):
        assert not self.alive(), f"{self.name} runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def assert_alive(self):
        assert self.alive(), f"{self.name} has ended\n{self.tail()}"

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def ask_to_end(self):
        """SIGTERM, and SIGCONT for one that is stopped. stop() waits."""
        if self.alive():
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)

    def stop(self, patience_s=5):
        self.ask_to_end()
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_s)
            if self.alive():
                self.kill()

    def tail(self, lines=15):
        with contextlib.suppress(OSError):
            with open(self.log_path, errors="replace") as f:
                return f"---- log of {self.name}\n" + "".join(f.readlines()[-lines:])
        return ""
