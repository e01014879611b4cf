"""Other people's servers beside ours, and a stub of an upstream (FP-01, SM-11)."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import unittest

import dns.exception
import dns.message

import harness


def find(name):
    """The program, or a skip."""
    program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return program


class Peer:
    """A server that runs in the foreground; a context manager. A subclass sets `argv` and says
    with answers_yet() whether it answers."""

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        try:
            harness.await_(f"{self.argv[0]} answers", self.is_up)
        except BaseException:
            self.__exit__()
            raise
        return self

    def is_up(self):
        with contextlib.suppress(dns.exception.Timeout, OSError):
            return self.answers_yet()
        return False

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stub:
    """An upstream over UDP at loopback: answer(query, reply) fills in what it says."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.forward = f'( {{ from = "."; to = [ "127.0.0.1:{self.port}" ]; }} )'
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            octets, client = self.socket.recvfrom(4096)
            if not octets:
                return
            query = dns.message.from_wire(octets)
            reply = dns.message.make_response(query)
            self.answer(query, reply)
            self.socket.sendto(reply.to_wire(), client)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()
