"""Load of names that are not ours, each asked once: bench/gen checks ID and content, and
bench/relay is an upstream that bears it."""

import os
import random
import signal
import socket
import struct
import subprocess

import harness
from lab import DEADLINE_S
from upstream import PORTS, fold

TTL_S = 256  # of bench/relay; with keep_ttl all replies show it
ADDRESS = "192.0.2.1"  # that it gives to every name
SETTINGS = {"keep_ttl": True, "max_ttl": "1h"}  # of `cache`: what is asked stays as it was
WAIT_S = DEADLINE_S + 1  # a busy machine has a second to send what was due


def right_reply(name, rcode=0, ttl_s=TTL_S):
    """Octets from behind the ID on, as hexadecimal."""
    out = struct.pack("!6H", 0, 0x8180 | rcode, 1, 0 if rcode else 1, 0, 0)[2:]
    out += fold(name) + b"\0\1\0\1"
    if rcode == 0:
        out += b"\xc0\x0c\0\1\0\1" + struct.pack("!IH", ttl_s, 4) + socket.inet_aton(ADDRESS)
    return out.hex()


class Relay:
    """bench/relay as an upstream; a context manager. kill() and start() again is a fault."""

    def __init__(self, delay_ms=0):
        self.address = f"127.0.{random.randrange(1, 200)}.{random.randrange(2, 250)}"
        self.at = f"{self.address}:{random.choice(PORTS)}"
        self.delay_ms = delay_ms

    def start(self):
        self.process = subprocess.Popen([harness.program("bench/relay"), "-l", self.at,
                                         "-d", str(self.delay_ms)])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()


class Misses(harness.Load):
    """`number` names. SERVFAIL and REFUSED are no wrong answers: the tests count those."""

    def __init__(self, appliance, number, label="load"):
        self.number, self.label = number, label
        super().__init__(appliance, [])

    def learn(self):
        self.file = os.path.join(self.appliance.directory, "misses-" + self.label)
        with open(self.file, "w") as f:
            for i in range(self.number):
                name = f"n{i}.{self.label}.example."
                right = " ".join(right_reply(name, rcode) for rcode in (0, 2, 5))
                f.write(f"{name} A {right}\n")
