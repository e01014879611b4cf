"""Zones from files: the answers of Knot to the same file, and what becomes of it as it changes
(SM-11, FE-18, FE-44, FE-61)."""

import os
import signal
import threading
import unittest

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

import harness
import peers

ZONE = "example.com."
TEXT = r"""
$TTL 1h
@        IN SOA ns1 host\.master ( 2026010100 2h 15m 2w 300 )
         NS     ns1
         NS     ns.elsewhere.net.
         MX     10 mail
         MX     20 mail.elsewhere.net.
         TXT    "v=spf1 -all" "second; string"
         CAA    0 issue "ca.example.net"
         TYPE65280 \# 4 0a000001
ns1      A      192.0.2.1
         AAAA   2001:db8::1
mail     600 IN A 192.0.2.25
WWW      CNAME  web
web      A      192.0.2.80
         A      192.0.2.81
         HINFO  "a b" c
chain    CNAME  www
chain2   CNAME  chain
out      CNAME  www.elsewhere.net.
dangling CNAME  nobody
dead     CNAME  nobody.web
toward   CNAME  host.child
wildly   CNAME  some.wild
a.b.c    TXT    "one" two "\195\188 \"quoted\""
_x._tcp  SRV    1 2 443 web
         SRV    1 2 443 web.elsewhere.net.
svc      HTTPS  1 . alpn="h2,h3" ipv4hint=192.0.2.1
alias    HTTPS  0 web.elsewhere.net.
naptr    NAPTR  10 20 "u" "E2U+sip" "!^.*$!sip:a@example.com!" .
ssh      SSHFP  1 1 0123456789abcdef0123456789abcdef01234567
tlsa     TLSA   3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
loc      LOC    52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
uri      URI    10 1 "https://www.example.com/"
ptr      PTR    web
*.wild   A      192.0.2.90
         MX     10 mail
*.cwild  CNAME  web
sub.*.wild TXT  "not a wildcard"
here.wild A     192.0.2.91
x.ent.wild A    192.0.2.92
child    NS     ns.child
         NS     ns.elsewhere.net.
         DS     12345 8 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
ns.child A      192.0.2.53
         AAAA   2001:db8::53
lame     NS     ns.elsewhere.org.
renamed  DNAME  web.elsewhere.net.
moved    DNAME  new
         TXT    "beside it"
host.new A      192.0.2.7
via      CNAME  host.moved
"""
TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "SRV", "DS", "DNAME", "CAA", "HTTPS",
         "PTR", "HINFO", "NAPTR", "SSHFP", "TLSA", "LOC", "URI", "TYPE65280"]


class Knot(peers.Peer):
    """An authority with the same file; a context manager."""

    def __init__(self, directory, file):
        self.port = harness.free_port()
        conf = os.path.join(directory, "knot.conf")
        self.argv = [peers.find("knotd"), "-c", conf]
        harness.write_whole(conf, f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: {directory}
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
    answer-rotation: off
database:
    storage: {directory}
zone:
  - domain: {ZONE}
    file: {file}
    zonefile-sync: -1
    journal-content: none
""")

    def answers_yet(self):
        return harness.ask("127.0.0.1", ZONE, "SOA", 0.5, self.port).rcode() == 0


def names(text=TEXT):
    """Owners of the file, names above and below them, each with what is asked of it."""
    owners = [line.split()[0] for line in text.split("\n") if line[:1] not in ("", " ", "$", "@")]
    found = {ZONE: TYPES}
    for owner in owners:
        name = dns.name.from_text(owner, dns.name.from_text(ZONE))
        while name.is_subdomain(dns.name.from_text(ZONE)):
            found[name.to_text()] = TYPES
            if not name.is_wild():
                found["below." + name.to_text()] = ["A", "MX", "DS", "CNAME"]
                found["much.further." + name.to_text()] = ["A"]
            name = name.parent()
    return found


def told(reply):
    """What a reply says, in whatever order and letters."""
    def section(rrsets):
        return sorted(f"{s.name} {s.ttl} {dns.rdatatype.to_text(s.rdtype)} {rr}".lower()
                      for s in rrsets for rr in s)
    return (dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AA),
            section(reply.answer), section(reply.authority), section(reply.additional))


class Zones(unittest.TestCase):
    def appliance(self, text=None, keys='reload = "1s";', **options):
        a = harness.Appliance(harness.cluster(1), **options)
        a.file = os.path.join(a.directory, "example.zone")
        a.extra = f'zone = ( {{ name = "{ZONE}"; file = "{a.file}"; {keys} }} );'
        a.write_config()
        if text is not None:
            harness.write_whole(a.file, text)
        return a

    def test_as_knot(self):
        """SM-11: each name and type as Knot has it"""
        with self.appliance(TEXT) as a, Knot(a.directory, a.file) as knot:
            a.await_outcome("mail." + ZONE, "A", "NOERROR", ["192.0.2.25"])
            for name, types in names().items():
                for type_ in types:
                    query = dns.message.make_query(name, type_, use_edns=0, payload=1232)
                    query.flags &= ~dns.flags.RD
                    ours, theirs = (dns.query.udp(query, "127.0.0.1", 2, port)
                                    for port in (a.port, knot.port))
                    self.assertEqual(told(ours), told(theirs), f"{name} {type_}")

    def test_changes(self):
        """FE-18: an edit, a broken file, none, under queries: no answer is missing or made up"""
        soa = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n"
        with self.appliance(soa + "a A 192.0.2.1\nb A 192.0.2.9\n") as a:
            a.await_outcome("a." + ZONE, "A", "NOERROR", ["192.0.2.1"])
            wrong, over = [], threading.Event()

            def ask():
                while not over.is_set():
                    reply = a.outcome("b." + ZONE, "A")
                    if reply != ("NOERROR", ["192.0.2.9"]):
                        wrong.append(reply)

            client = threading.Thread(target=ask)
            client.start()
            try:
                harness.write_whole(a.file, soa + "a A 192.0.2.2\nb A 192.0.2.9\n* TXT x\n")
                a.await_outcome("a." + ZONE, "A", "NOERROR", ["192.0.2.2"])
                a.await_outcome("c." + ZONE, "TXT", "NOERROR", ['"x"'])
                a.await_log(r"published .* added=1 changed=2 removed=0 .*zone example\.com\.")
                harness.write_whole(a.file, soa + "a A 192.0.2.3\nb A 192.0.2\n")
                a.await_log(f"zone {a.file}:4:5: 192.0.2 is no IPv4 address; what it said last")
                harness.await_("status to say so", lambda: "THE FILE OF A ZONE HAS ERRORS" in a.ctl(
                    "status", "-c", a.config)[1])
                self.assertRegex(a.ctl("metrics", "-c", a.config)[1],
                                 r"(?m)^shmdns_zone_files_failed 1$")
                os.unlink(a.file)
                os.kill(a.pid, signal.SIGHUP)
                a.await_log("zone .*: No such file or directory; .* what it said last stands")
                self.assertEqual(a.outcome("a." + ZONE, "A"), ("NOERROR", ["192.0.2.2"]))
            finally:
                over.set()
                client.join()
            self.assertEqual(wrong, [])

    def test_absent(self):
        """FE-18: no file at the start: SERVFAIL; the cluster is answered all the same"""
        with self.appliance() as a:
            a.await_log("zone .*: No such file .* the zone is answered with SERVFAIL")
            self.assertEqual(a.outcome("a." + ZONE, "A")[0], "SERVFAIL")
            self.assertIn(f"THE FILE OF ZONE {ZONE} COULD NOT BE READ",
                          a.ctl("status", "-c", a.config)[1])
            self.assertEqual(a.outcome("svc-000.shop.svc.cluster.local.", "A")[0], "NOERROR")
            harness.write_whole(a.file, "@ 60 SOA ns h 1 2 3 4 5\na A 192.0.2.1\n")
            a.await_outcome("a." + ZONE, "A", "NOERROR", ["192.0.2.1"])
            self.assertNotIn("THE FILE OF ZONE", a.ctl("status", "-c", a.config)[1])

    def test_shown(self):
        """FE-18: explain says which line of the file it is, dump shows the records"""
        with self.appliance(TEXT) as a:
            a.await_outcome("mail." + ZONE, "A", "NOERROR", ["192.0.2.25"])
            code, out, err = a.ctl("dump", "-c", a.config)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, r"(?m)^web\.example\.com\.\t3600\tIN\tA\t192\.0\.2\.80$")
            self.assertRegex(out, r"(?m)^example\.com\.\t3600\tIN\tSOA\tns1\.example\.com\. host")
            for name, want in (("mail", f"zone file {a.file}:13"),
                               ("x.wild", f'zone file {a.file}:36, by its "\\*"'),
                               ("x.child", f"zone file {a.file}:42"),
                               ("nobody", "no such name in the file")):
                code, out, err = a.ctl("explain", "-c", a.config, f"{name}.{ZONE}", "A")
                self.assertRegex(out, want, err)


if __name__ == "__main__":
    unittest.main()
