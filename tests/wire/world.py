"""The cluster that the rows ask about, and the appliances that serve it.

Each configuration is one appliance, started when the first row wants it. A module that
asks for one calls stop_all() in its tearDownModule().
"""

import atexit
import copy

import harness
from harness import namespace, service, slice_

ZONE = "cluster.local."
SHOP = "shop.svc." + ZONE
PLAIN = 'server_addresses = ["192.0.2.53"];'

# name: (settings below kubernetes, other settings)
CONFIGS = {
    "plain": (PLAIN, ""),
    "hinfo": (PLAIN, 'any_query = "hinfo";'),
    "notimp": (PLAIN, 'any_query = "notimp";'),
    "wide": (PLAIN, "edns = { max_udp = 4096; };"),
    "fixed": (PLAIN, 'loadbalance = { policy = "fixed"; };'),
    "turned": (PLAIN, 'local = false; nsid = "house"; '
               'chaos = { enabled = true; version = "a house"; }; '
               'special_names = { invalid = "forward"; onion = "forward"; '
               'test = "nxdomain"; local = "nxdomain"; };'),
    "brief": (PLAIN, 'tcp = { read = "1s"; write = "1s"; idle = "1s"; max_age = "2s"; };'),
    "few": (PLAIN, "tcp = { max_queries = 5; max_connections = 4; };"),
    "four": (PLAIN, "tcp = { max_connections = 4; };"),
    "member": ('server_addresses = ["10.244.1.7"];', ""),
    "chosen": (PLAIN + ' namespaces = ["shop"]; pods = "disabled"; ttl = 7; '
               'negative_ttl = 3;', ""),
}
MAX_UDP = {"wide": 4096}

SIZES = (40, 100, 1000, 5000)


def dual(name, v4, v6, **more):
    s = service(name, ip=v4, **more)
    s["spec"]["clusterIPs"] = [v4, v6]
    return s


def external(name, target, namespace_="shop"):
    s = service(name, namespace_, "None", ports=(), type="ExternalName", externalName=target)
    for key in ("clusterIP", "clusterIPs"):
        del s["spec"][key]
    return s


def v6(slice__):
    out = copy.deepcopy(slice__)
    out["addressType"] = "IPv6"
    return out


def not_ready(slice__):
    out = copy.deepcopy(slice__)
    for endpoint in out["endpoints"]:
        endpoint["conditions"]["ready"] = False
    return out


def ports(slice__, *named):
    out = copy.deepcopy(slice__)
    out["ports"] = [{"name": n, "port": p, "protocol": "TCP"} for n, p in named]
    return out


def address(i):
    """Address number i of a big Service; in order of i they are in canonical order."""
    return f"10.{128 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"


def big(count):
    """A headless Service with that many addresses, a thousand in each slice."""
    name = f"n{count}"
    out = [service(name, ip="None")]
    for first in range(0, count, 1000):
        some = [address(i) for i in range(first, min(first + 1000, count))]
        out.append(slice_(f"{name}-{first}", name, some))
    return out


def chain(count):
    """Names c1 to c<count>, each a CNAME of the next one; the last one of `web`."""
    out = [external(f"c{i}", f"c{i + 1}.{SHOP}") for i in range(1, count)]
    return [*out, external(f"c{count}", "web." + SHOP)]


def objects():
    pets = ["10.244.1.7", "10.244.1.8", "10.244.1.9"]
    trees = [f"10.244.3.{i}" for i in range(12)]
    items = [
        namespace("default"), namespace("shop"), namespace("hidden"),
        service("web"),
        dual("both", "10.96.0.2", "fd00::2", ports=(("http", 80), ("admin", 8080))),
        service("bare", ip="10.96.0.3", ports=(("", 7000),)),
        service("pending", ip=""),
        service("twin-a", ip="10.96.0.9"), service("twin-b", ip="10.96.0.9"),
        service("secret", "hidden", "10.96.0.77"),
        service("orphan", "nowhere", "10.96.0.78"),
        service("db", ip="None"),
        slice_("db-1", "db", pets, hostnames=["pet-0", "pet-1", "pet-2"]),
        slice_("db-2", "db", pets, hostnames=["pet-0", "pet-1", "pet-2"]),  # all twice
        service("web6", ip="None"),
        v6(slice_("web6-1", "web6", ["2001:db8::6"], hostnames=["six"])),
        service("mixed", ip="None"),
        ports(slice_("mixed-1", "mixed", ["10.244.5.1"], hostnames=["m"]), ("http", 8001)),
        ports(slice_("mixed-2", "mixed", ["10.244.5.2"], hostnames=["n"]), ("grpc", 8002),
              ("http", 8003)),
        service("empty", ip="None"),
        service("down", ip="None"),
        not_ready(slice_("down-1", "down", ["10.244.6.1"], hostnames=["d"])),
        service("portless", ip="None", ports=()),
        ports(slice_("portless-1", "portless", ["10.244.7.1"], hostnames=["p"])),
        # Two addresses for each target: an RRset that stays whole or goes (S-03).
        service("trees", ip="None"),
        slice_("trees-1", "trees", trees, hostnames=[f"tree-{i // 2}" for i in range(12)]),
        external("alias", "web." + SHOP),
        external("alias-many", "n100." + SHOP),
        external("alias-down", "down." + SHOP),
        external("alias-type", "web6." + SHOP),
        external("away", "www.example.com."),
        external("self", "self." + SHOP),
        external("ring-a", "ring-b." + SHOP), external("ring-b", "ring-a." + SHOP),
        external("literal", "192.0.2.1"),
        external("single", "localhost"),
        external("unfit", "a" * 64 + ".example."),
        *chain(12),
        *[service(f"same-{i:02d}", ip="10.96.7.7") for i in range(60)],
    ]
    for count in SIZES:
        items += big(count)
    return harness.object_list(*items)


running = {}


def listen_both(appliance_):
    """On IPv6 too, on the same port, where the machine has it."""
    if harness.has_ipv6():
        appliance_.listen.append(f"[::1]:{appliance_.port}")
        appliance_.write_config()


def appliance(config="plain"):
    if config not in running:
        kubernetes, extra = CONFIGS[config]
        # One worker: replies to one socket then come in the order of the queries.
        a = harness.Appliance(objects(), workers=1, kubernetes=kubernetes, extra=extra)
        listen_both(a)
        a.start()
        running[config] = a
    return running[config]


def stop_all():
    """Stop every appliance; the first one that ends badly is told after all have ended."""
    errors = []
    while running:
        _, a = running.popitem()
        try:
            a.__exit__(None, None, None)
        except AssertionError as error:
            errors.append(error)
    if errors:
        raise errors[0]


# Where a run is given up, no tearDownModule() is called.
atexit.register(stop_all)
