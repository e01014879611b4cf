"""Real DNS servers on loopback: Knot with a signed zone, Unbound in front of it, DoT too.

Each is started in a directory of its own with a configuration made here, and stopped at the
end. None needs root.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

import dns.exception
import dns.message
import dns.query

import harness
from harness import await_

ZONE = "far.example."
SERVERS = ("/usr/sbin", "/usr/local/sbin")


def find(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":" + ":".join(SERVERS))
    if path is None:
        import unittest
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def zone_text():
    """Every kind of answer that a resolver may give."""
    lines = [f"$ORIGIN {ZONE}", "$TTL 60",
             "@ SOA ns hostmaster 1 3600 600 86400 30", "@ NS ns", "ns A 192.0.2.53",
             "@ MX 10 mail", "@ MX 20 mail2", "mail A 192.0.2.25", "mail2 AAAA 2001:db8::25",
             "www A 192.0.2.80", "www AAAA 2001:db8::80", "alias CNAME www", "a1 CNAME a2",
             "a2 CNAME a3", "a3 CNAME www", "lost CNAME none", "out CNAME www.elsewhere.example.",
             '*.wild TXT "wild"', "ent.below A 192.0.2.9", "_sip._udp SRV 1 2 5060 www",
             '@ TXT "v=spf1 -all"', "@ CAA 0 issue \"ca.example\"", "web HTTPS 1 . alpn=h2",
             "sub DNAME other", "x.other A 192.0.2.77", "type TYPE65280 \\# 4 01020304",
             'naptr NAPTR 10 20 "u" "E2U+sip" "!^.*$!sip:x@far.example!" .']
    lines += [f"many A 198.51.100.{i}" for i in range(1, 101)]
    lines += [f'big TXT "{i:03d} {"y" * 200}"' for i in range(40)]
    return "\n".join(lines) + "\n"


class Server:
    """A process that answers on 127.0.0.1:port; a context manager."""

    probe = ZONE

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="shmdns-forward-")
        self.address, self.port, self.process = "127.0.0.1", harness.free_port(), None

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    @property
    def at(self):
        return f"{self.address}:{self.port}"

    def __enter__(self):
        self.configure()
        self.start()
        return self

    def start(self):
        self.log = open(self.path("log"), "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log,
                                        cwd=self.directory)
        try:
            await_(f"{self.command()[0]} answers", self.answers, every_s=0.05)
        except BaseException:
            self.stop()
            with open(self.path("log"), errors="replace") as f:
                print(f.read()[-2000:])
            raise

    def answers(self):
        assert self.process.poll() is None, "the server has ended"
        with contextlib.suppress(dns.exception.Timeout, OSError):
            return self.ask(self.probe, "SOA", timeout_s=0.5).rcode() == 0
        return False

    def ask(self, name, type_, do=False, tcp=False, timeout_s=5):
        query = dns.message.make_query(name, type_, want_dnssec=do, use_edns=0, payload=1232)
        how = dns.query.tcp if tcp else dns.query.udp
        return how(query, self.address, timeout=timeout_s, port=self.port)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            self.log.close()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Knot(Server):
    """Authoritative for the zone, which it signs."""

    def configure(self):
        self.program = find("knotd")
        self.write(ZONE + "zone", zone_text())
        self.write("knot.conf", f"""
server:
    listen: {self.address}@{self.port}
    rundir: {self.directory}
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
    pidfile: {self.directory}/pid
log:
  - target: stderr
    any: info
database:
    storage: {self.directory}
policy:
  - id: test
    algorithm: ECDSAP256SHA256
    nsec3: on
template:
  - id: default
    storage: {self.directory}
    zonefile-load: difference
    zonefile-sync: -1
    journal-content: all
    dnssec-signing: on
    dnssec-policy: test
zone:
  - domain: {ZONE}
""")

    def command(self):
        return [self.program, "-c", self.path("knot.conf")]

    def answers(self):
        assert self.process.poll() is None, "the server has ended"
        with contextlib.suppress(dns.exception.Timeout, OSError):
            reply = self.ask(ZONE, "SOA", do=True, timeout_s=0.5)
            return len(reply.answer) == 2  # signed
        return False


class Unbound(Server):
    """A resolver: asks `authority` for the zone; over TLS too if it has a certificate."""

    def __init__(self, authority, tls=None):
        super().__init__()
        self.authority, self.tls, self.tls_port = authority, tls, None

    def configure(self):
        self.program = find("unbound")
        tls = ""
        if self.tls:
            self.tls_port = self.tls_port or harness.free_port()
            tls = f"""    interface: {self.address}@{self.tls_port}
    tls-port: {self.tls_port}
    tls-service-pem: "{self.tls[0]}"
    tls-service-key: "{self.tls[1]}"
"""
        self.write("unbound.conf", f"""
server:
    interface: {self.address}@{self.port}
{tls}    directory: "{self.directory}"
    chroot: ""
    username: ""
    pidfile: "{self.directory}/pid"
    use-syslog: no
    logfile: ""
    verbosity: 1
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    module-config: "iterator"
    rrset-roundrobin: no
    minimal-responses: no
    local-zone: "elsewhere.example." static
    local-data: "www.elsewhere.example. 60 A 192.0.2.200"
remote-control:
    control-enable: no
stub-zone:
    name: "{ZONE}"
    stub-addr: {self.authority.address}@{self.authority.port}
""")

    def command(self):
        return [self.program, "-d", "-c", self.path("unbound.conf")]

    def tls_at(self, name):
        return f"tls://{self.address}:{self.tls_port}#{name}"
