"""Signed zones for tests: Knot signs a file, and it or we serve what it wrote."""

import contextlib
import os
import subprocess

import dns.dnssec
import dns.exception
import dns.message
import dns.query
import dns.zone

import harness
import peers
from harness import await_
from test_zones import Knot

# Each way to prove what does not exist: keys of Knot's policy.
CHAINS = {
    "nsec": "nsec3: off",
    "nsec3": "nsec3: on\n    nsec3-iterations: 0\n    nsec3-salt-length: 0",
    "salted": "nsec3: on\n    nsec3-iterations: 7\n    nsec3-salt-length: 8",
    "opt-out": "nsec3: on\n    nsec3-iterations: 1\n    nsec3-salt-length: 4\n"
               "    nsec3-opt-out: on",
}


class Signed:
    """The text of a zone, signed: `file` in the directory. Keys are made anew."""

    def __init__(self, directory, origin, text, policy, algorithm="ECDSAP256SHA256"):
        self.origin = origin
        self.file = os.path.join(directory, origin + "signed")
        harness.write_whole(self.file, text)
        work = os.path.join(directory, origin + "keys")
        os.mkdir(work)
        conf = os.path.join(work, "knot.conf")
        harness.write_whole(conf, f"""
server:
    listen: 127.0.0.1@{harness.free_port()}
    rundir: {work}
    background-workers: 1
database:
    storage: {work}
policy:
  - id: test
    algorithm: {algorithm}
    single-type-signing: on
    {policy}
zone:
  - domain: {origin}
    file: {self.file}
    zonefile-load: whole
    zonefile-sync: 0
    journal-content: none
    dnssec-signing: on
    dnssec-policy: test
""")
        signer = subprocess.Popen([peers.find("knotd"), "-c", conf], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            await_("Knot signs the zone", self.signed)
        finally:
            signer.terminate()
            signer.wait(15)

    def signed(self):
        """True if all of it was written."""
        with contextlib.suppress(dns.exception.DNSException, OSError):
            self.zone = dns.zone.from_file(self.file, self.origin, relativize=False,
                                           check_origin=True)
            return self.zone.get_rdataset(self.origin, "RRSIG", "SOA") is not None
        return False

    def text(self):
        with open(self.file) as f:
            return f.read()

    def anchor(self):
        """The DS of the zone's key, as trust anchors are written."""
        keys = self.zone.find_rdataset(self.origin, "DNSKEY")
        return [f"{self.origin} IN DS {dns.dnssec.make_ds(self.origin, key, 'SHA256')}"
                for key in keys if key.flags & 1]


class Validator(peers.Peer):
    """Unbound, which asks the port for the zones, believes what the anchors sign, and concludes
    nothing from what it has heard before; a context manager."""

    def __init__(self, directory, zones, port, anchors):
        self.origin, self.port = zones[0], harness.free_port()
        conf = os.path.join(directory, "unbound.conf")
        self.argv = [peers.find("unbound"), "-d", "-c", conf]
        trust = "\n".join(f'    trust-anchor: "{anchor}"' for anchor in anchors)
        harness.write_whole(conf, f"""
server:
    interface: 127.0.0.1@{self.port}
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: "{directory}/unbound.pid"
    use-syslog: no
    logfile: "{directory}/unbound.log"
    val-log-level: 2
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    module-config: "validator iterator"
    qname-minimisation: no
    aggressive-nsec: no
    harden-below-nxdomain: no
    local-zone: "elsewhere.net." static
    local-data: "www.elsewhere.net. 60 A 192.0.2.200"
{trust}
remote-control:
    control-enable: no
""" + "".join(f"""
stub-zone:
    name: "{zone}"
    stub-addr: 127.0.0.1@{port}
""" for zone in zones))

    def answers_yet(self):
        return self.ask(self.origin, "SOA").rcode() == 0

    def ask(self, name, type_):
        query = dns.message.make_query(name, type_, want_dnssec=True)
        return dns.query.udp_with_fallback(query, "127.0.0.1", 10, self.port)[0]


__all__ = ["CHAINS", "Knot", "Signed", "Validator"]
