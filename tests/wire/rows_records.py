"""Rows of RECORDS.md that stand in no scenario, asked over the wire."""

import octets
from octets import opt, query
from row import Row
from rows_zone import PET, PET_A, PET_SRV, PETS, a, rr
from want import Reply, nodata, nxdomain, refused
from world import SHOP, ZONE

WEB = "web." + SHOP
REVERSE = "in-addr.arpa."
PTR_2 = "2.0.96.10." + REVERSE
MIXED = "mixed." + SHOP
M, N = "m." + MIXED, "n." + MIXED
SAME = [f"same-{i:02d}.{SHOP}" for i in range(60)]
OUR_NS = [f"ns.dns.{ZONE} 30 A 192.0.2.53"]


def ptr(address):
    return ".".join(reversed(address.split("."))) + "." + REVERSE


def short(rcode, zone=ZONE):
    """Negative, with the TTLs of the configuration `chosen`."""
    return Reply(rcode, authority=[f"{zone} 3 SOA ns.dns.{zone} hostmaster.{zone} * 7200 "
                                   "1800 86400 3"])


def pod(address):
    return address.replace(".", "-") + ".shop.pod." + ZONE


def wanted(packet, rcode, answer=(), additional=()):
    return packet, Reply(rcode, answer, (), additional)


ROWS = [
    Row("RH-02", "endpoints of the other family only", [
        (query("web6." + SHOP), nodata()), (query("db." + SHOP, "AAAA"), nodata()),
        wanted(query("web6." + SHOP, "AAAA"), "NOERROR",
               rr("web6." + SHOP, "AAAA", "2001:db8::6"))]),
    Row("RH-03", "no ready endpoint, no slice: the name and all below", [
        (query(x, t), nxdomain())
        for s in ("empty.", "down.") for x in (s + SHOP, "d." + s + SHOP,
                                               "_tcp." + s + SHOP, "_http._tcp." + s + SHOP)
        for t in ("A", "SRV", "TXT")]),
    Row("RH-04", "endpoint names", [
        (query(PET[1]), a(PET[1], PETS[1])), (query(PET[1], "AAAA"), nodata()),
        (query(f"tree-3.trees.{SHOP}"),
         a(f"tree-3.trees.{SHOP}", "10.244.3.6", "10.244.3.7"))]),
    Row("RH-05", "unknown endpoints", [
        (query(x + "db." + SHOP), nxdomain()) for x in ("pet-9.", "10-244-1-7.", "x.pet-0.")]),
    Row("RH-08", "SRV at an endpoint name", [
        wanted(query(PET[0], "SRV"), "NOERROR", rr(PET[0], "SRV", f"0 50 80 {PET[0]}"),
               PET_A[:1]),  # it stands in two slices: two pairs, one SRV (RS-11)
        wanted(query(N, "SRV"), "NOERROR", rr(N, "SRV", f"0 50 8002 {N}", f"0 50 8003 {N}"),
               rr(N, "A", "10.244.5.2"))]),
    Row("RH-09", "slices without ports", [
        (query("portless." + SHOP, "SRV"), nodata()),
        (query("p.portless." + SHOP, "SRV"), nodata()),
        (query("portless." + SHOP), a("portless." + SHOP, "10.244.7.1"))]),
    Row("RH-10", "unknown ports", [
        (query(x + "db." + SHOP, t), nxdomain())
        for x in ("_nope._tcp.", "_http._udp.", "_udp.") for t in ("A", "SRV")]),
    Row("RH-11", "addresses at a port: of the slices that have it", [
        (query("_http._tcp." + MIXED), a("_http._tcp." + MIXED, "10.244.5.1", "10.244.5.2")),
        (query("_grpc._tcp." + MIXED), a("_grpc._tcp." + MIXED, "10.244.5.2")),
        (query("_grpc._tcp." + MIXED, "AAAA"), nodata())]),
    Row("RH-12", "a protocol, and other types", [
        (query("_tcp." + MIXED, t), nodata()) for t in ("A", "SRV", "TXT")] + [
        (query(MIXED, "TXT"), nodata()), (query("_x." + MIXED, "TXT"), nxdomain())]),
    Row("RH-13", "ports go per slice; weights over all slices", [
        wanted(query(MIXED, "SRV", extra=opt()), "NOERROR",
               rr(MIXED, "SRV", f"0 33 8001 {M}", f"0 33 8002 {N}", f"0 33 8003 {N}"),
               rr(M, "A", "10.244.5.1") + rr(N, "A", "10.244.5.2")),
        wanted(query("db." + SHOP, "SRV"), "NOERROR", rr("db." + SHOP, "SRV", *PET_SRV), PET_A)]),
    Row("RE-10", "an address for a name gives nothing", [
        (query("literal." + SHOP, t), nxdomain()) for t in ("A", "CNAME", "TXT")]),
    Row("RE-11", "single labels, and targets that do not fit", [
        wanted(query("single." + SHOP, "CNAME"), "NOERROR",
               rr("single." + SHOP, "CNAME", "localhost."))] + [
        (query("unfit." + SHOP, t), nodata()) for t in ("A", "CNAME", "TXT")]),
    Row("RP-11", "a pod name needs its namespace and nothing else", [
        (query(pod("203.0.113.9")), a(pod("203.0.113.9"), "203.0.113.9")),
        (query("203-0-113-9.nope.pod." + ZONE), nxdomain())]),
    Row("RP-11", "no pod names", [
        (query(pod("203.0.113.9")), short("NXDOMAIN")),
        (query("shop.pod." + ZONE), short("NXDOMAIN")),
        (query("pod." + ZONE), short("NOERROR"))], config="chosen"),
    Row("RV-02", "one PTR for each Service of an address", [
        wanted(query(ptr("10.96.0.9"), "PTR"), "NOERROR",
               rr(ptr("10.96.0.9"), "PTR", f"twin-a.{SHOP}", f"twin-b.{SHOP}"))]),
    Row("RV-10", "no PTR of namespaces that are not there, or not exposed", [
        (query(ptr("10.96.0.78"), "PTR"), nxdomain(REVERSE)),
        wanted(query(ptr("10.96.0.77"), "PTR"), "NOERROR",
               rr(ptr("10.96.0.77"), "PTR", f"secret.hidden.svc.{ZONE}"))]),
    Row("RV-10", "... in a chosen namespace", [
        (query(ptr("10.96.0.77"), "PTR"), short("NXDOMAIN", REVERSE)),
        wanted(query(ptr("10.96.0.1"), "PTR"), "NOERROR",
               [f"{ptr('10.96.0.1')} 7 PTR {WEB}"])], config="chosen"),
    Row("RV-11", "what has no PTR", [
        (query(ptr(x), "PTR"), nxdomain(REVERSE))
        for x in ("10.244.6.1", "192.0.2.1", "203.0.113.9")]),
    Row("RX-04", "NS of a reverse zone: the headless Service that holds our address", [
        wanted(query(z, "NS"), "NOERROR", rr(z, "NS", *PET), PET_A)
        for z in (ZONE, REVERSE, "ip6.arpa.")], config="member"),
    Row("RX-12", "MNAME is ns.dns of the zone itself", [
        wanted(query(z, "SOA"), "NOERROR",
               [f"{z} 30 SOA ns.dns.{z} hostmaster.{z} * 7200 1800 86400 30"])
        for z in (ZONE, REVERSE, "ip6.arpa.")], config="member"),
    Row("GS-03", "TTLs do not count down", [
        (query(WEB), Reply("NOERROR", [f"{WEB} 7 A 10.96.0.1"]))] * 3, config="chosen"),
    Row("RG-14", "glue, NS and SOA of one generation agree", [
        wanted(query(ZONE, "NS"), "NOERROR", rr(ZONE, "NS", "ns.dns." + ZONE), OUR_NS),
        wanted(query("ns.dns." + ZONE), "NOERROR", OUR_NS)]),
    Row("RU-04", "names of nobody", [
        (query("www.example.com.", extra=opt()), refused(ede=20))]),
    Row("S-07", "more names than are remembered are written right", [
        wanted(query(ptr("10.96.7.7"), "PTR", extra=opt(4096)), "NOERROR",
               rr(ptr("10.96.7.7"), "PTR", *SAME))], config="wide"),
]
