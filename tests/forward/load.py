"""Load of names that are not ours, each asked once: bench/gen checks ID and content."""

import os
import socket
import struct

import harness
from lab import DEADLINE_S
from upstream import address_of, fold

TTL_S = 300  # with keep_ttl all replies show it
SETTINGS = {"keep_ttl": True, "max_ttl": "1h"}  # of `cache`: what is asked stays as it was
WAIT_S = DEADLINE_S + 1  # a busy machine has a second to send what was due


def right_reply(name, rcode=0, ttl_s=TTL_S):
    """Octets from behind the ID on, as hexadecimal."""
    out = struct.pack("!6H", 0, 0x8180 | rcode, 1, 0 if rcode else 1, 0, 0)[2:]
    out += fold(name) + b"\0\1\0\1"
    if rcode == 0:
        out += b"\xc0\x0c\0\1\0\1" + struct.pack("!IH", ttl_s, 4) + socket.inet_aton(
            address_of(name))
    return out.hex()


class Misses(harness.Load):
    """`number` names. A SERVFAIL is no wrong answer: the tests count those by themselves."""

    def __init__(self, appliance, number, label="load"):
        self.number, self.label = number, label
        super().__init__(appliance, [])

    def learn(self):
        self.file = os.path.join(self.appliance.directory, "misses-" + self.label)
        with open(self.file, "w") as f:
            for i in range(self.number):
                name = f"n{i}.{self.label}.example."
                f.write(f"{name} A {right_reply(name)} {right_reply(name, 2)}\n")
