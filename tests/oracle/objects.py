"""Sets of Kubernetes objects that are legal, or nearly so, and as awkward as can be.

Everything comes from the random.Random that is given, so a seed names a run. The pools are
small on purpose: names, addresses and ports meet each other in every combination.
"""

import copy
import json

MARK = "zz-mark"  # its Service tells which step of a run is served

NAMESPACES = ["shop", "default", "0", "svc", "pod", "n" * 63]
SERVICES = ["web", "db", "1", "007", "s" * 63, "tcp", "any", "pet", "10-0-0-1", "s" * 40]
HOSTNAMES = ["pet", "pet", "db-0", "db-1", "h" * 63, "tcp", "1", "10-244-0-3"]
BAD_HOSTNAMES = ["Pet", "a.b", "-x", "x-", "h" * 64, "p_t", ""]
PODS = ["db-0", "web-7d4b9-x2x", "p" * 63, "p" * 64, "a.b", "pet", ""]
PORT_NAMES = ["http", "https", "dns", "dns-tcp", "p" * 15, "p" * 62, "p" * 63, "0", "tcp"]
PORTS = [53, 80, 443, 8080, 1, 65535]
PROTOCOLS = ["TCP", "TCP", "UDP", "SCTP", None]
APPS = ["web", "db", "x"]

BAD_ADDRESSES = ["fe80::1%eth0", "10.0.0.256", "10.0.0", "x", "10.0.0.1.", "1::2::3",
                 "10.0.0.1/32", "2001:db8::12345", " 10.0.0.1"]
CLUSTER_IPS4 = [f"10.96.0.{i}" for i in (1, 2, 10, 255)] + ["172.20.0.10"]
CLUSTER_IPS6 = ["2001:db8::", "2001:db8::a", "fd00::1:0:0:1", "fd00:10:96::"]
ADDRESSES4 = [f"10.244.{i}.{j}" for i in (0, 1) for j in (0, 3, 7, 25)] + [
    "10.96.0.2", "172.20.0.11"]
ADDRESSES6 = ["2001:db8:1::", "2001:db8:1::7", "fd00::1:0:0:2", "::1", "::1.2.3.4",
              "fe80::1", "2001:db8::a", "1:2:3:4:5:6:7:8", "1:0:0:2::"]
OWN = ["10.250.0.53", "2001:db8:53::1"]

LONG = ".".join(["z" * 60, "y" * 60, "x" * 30])
REVERSE = ["in-addr.arpa.", "ip6.arpa."]
ZONES = [
    ["cluster.local.", *REVERSE],
    ["cluster.local.", *REVERSE],
    ["Example.TEST", "cluster.local.", *REVERSE],
    ["cluster.local.", "b.cluster.local.", "10.96.0.0/12", "2001:db8::/31"],
    ["cluster.local.", "x.y.cluster.local.", "svc.cluster.local.", *REVERSE,
     "10.in-addr.arpa.", "0.244.10.in-addr.arpa."],
    ["shop.svc.cluster.local.", "cluster.local.", "10.244.0.0/23", "fd00::/8"],
    [LONG + ".", "cluster.local.", *REVERSE],
    ["cluster.local.", ".".join([LONG, "w" * 40]) + ".", "in-addr.arpa."],
    ["local.", "cluster.local.", "arpa.test.", "ip6.arpa."],
    ["z" * 50 + ".", "cluster.local.", *REVERSE, "8.b.d.0.1.0.0.2.ip6.arpa."],
    ["cluster.local."],
]
NESTED = [
    "b.cluster.local.", "x.y.cluster.local.", "svc.cluster.local.", "shop.svc.cluster.local.",
    "web.shop.svc.cluster.local.", "pet.db.shop.svc.cluster.local.", "dns.cluster.local.",
    "ns.dns.cluster.local.", "dns-version.cluster.local.",
    "pod.cluster.local.", "shop.pod.cluster.local.", "1-2-3-4.shop.pod.cluster.local.",
    "local.", "test.", "Example.TEST.", "96.10.in-addr.arpa.", "0.96.10.in-addr.arpa",
    "10.96.0.1/32", "2001:db8::a/128", "10.244.0.0/30", "10.244.0.0/22", "fd00::/9",
    "web.10.in-addr.arpa.", "x.7.0.244.10.in-addr.arpa.", "1.10.in-addr.arpa.",
    "1.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.0.0.0.d.f.ip6.arpa.", LONG + ".cluster.local.",
    "s" * 63 + ".shop.svc.cluster.local.", "53.0.250.10.in-addr.arpa.",
]
SELECTORS = ["app=web", "app in (web, db)", "app notin (x)", "!skip", "app!=x", "tier",
             "app==web,tier"]


def zones(r):
    if r.random() < 0.4:
        return r.choice(ZONES)
    out = ["cluster.local.", *r.choice([REVERSE, REVERSE, REVERSE[:1], []])]
    out += r.sample(NESTED, r.choice([1, 2, 4, 8]))
    r.shuffle(out)
    return out


def settings(r):
    """Settings of the appliance, keys as in the oracle."""
    s = {"zones": zones(r), "server_addresses": OWN}
    if r.random() < 0.5:
        s["ttl"] = r.choice([0, 5, 300, 3600])
    if r.random() < 0.4:
        s["negative_ttl"] = r.choice([0, 5, 299, 301, 3600])
    if r.random() < 0.3:
        s["pods"] = "disabled"
    for key, chance in (("endpoint_pod_names", 0.3), ("noendpoints", 0.07),
                        ("ignore_empty_service", 0.25), ("first_address_only", 0.2),
                        ("serving_fallback", 0.4)):
        if r.random() < chance:
            s[key] = True
    for key in ("cluster_ip_endpoints", "port_addresses"):
        if r.random() < 0.2:
            s[key] = False
    how = r.random()
    if how < 0.15:
        s["namespaces"] = [MARK, *r.sample(NAMESPACES, 3), "missing"]
    elif how < 0.3:
        s["namespace_labels"] = r.choice(SELECTORS)
    if r.random() < 0.2:
        s["labels"] = r.choice(SELECTORS)
    s["any_query"] = r.choice(["normal", "normal", "hinfo", "notimp"])
    s["max_udp"] = r.choice([512, 1232, 4096, 4096])
    return s


def labels(r):
    out = {}
    if r.random() < 0.85:
        out["app"] = r.choice(APPS)
    if r.random() < 0.5:
        out["tier"] = r.choice(["", "front"])
    if r.random() < 0.1:
        out["skip"] = "yes"
    return out


def spelled(r, text):
    """Another spelling of the same address."""
    if r.random() < 0.75:
        return text
    if ":" not in text:
        octets = text.split(".")
        return r.choice([
            ".".join("0" * r.randrange(3) + o for o in octets),
            "::ffff:" + text,
            "::FFFF:" + text,
            "0:0:0:0:0:ffff:%02x%02x:%02x%02x" % tuple(map(int, octets)),
        ])
    if "." in text:
        return text
    head, _, tail = text.partition("::")
    groups = [g for g in head.split(":") if g]
    rest = [g for g in tail.split(":") if g]
    full = groups + ["0"] * (8 - len(groups) - len(rest)) + rest
    return r.choice([":".join(full), ":".join(g.zfill(4) for g in full), text.upper()])


def address(r, pool):
    if r.random() < 0.03:
        return r.choice(BAD_ADDRESSES)
    return spelled(r, r.choice(pool))


def ports(r, number, value):
    """Ports with names of their own, at most one without."""
    out = []
    for name in r.sample([None, *PORT_NAMES], number):
        port = {"port": value()}
        if name is not None:
            port["name"] = name
        elif r.random() < 0.5:
            port["name"] = r.choice(["", None])
        protocol = r.choice(PROTOCOLS)
        if protocol:
            port["protocol"] = protocol
        out.append(port)
    if out and r.random() < 0.1:  # the API would refuse it; still it means something
        out.append({**r.choice(out), "protocol": r.choice(["TCP", "UDP"]), "port": value()})
    return out


def forward(r, s):
    return r.choice([z for z in s["zones"] if "/" not in z and "arpa" not in z]).rstrip(".")


def target(r, s):
    """An externalName."""
    zone = forward(r, s)
    inside = f"{r.choice(SERVICES)}.{r.choice(NAMESPACES)}.svc.{zone}"
    return r.choice([
        inside, inside, inside, inside + ".", inside.upper(),
        f"_http._tcp.{inside}", f"http.tcp.{inside}", f"pet.{inside}",
        f"1-2-3-4.shop.pod.{zone}", f"--1.shop.pod.{zone}", f"dns-version.{zone}", zone,
        f"ns.dns.{zone}", f"svc.{zone}", f"none.{zone}", "1.0.96.10.in-addr.arpa",
        "7.0.244.10.in-addr.arpa", "example.org", "example.org.", "localhost", "10.0.0.1",
        "::1", "2001:db8::1", "x" * 64 + ".org", "x" * 63 + ".org", "a..b", "*.example.org",
        ".".join(["y" * 50] * 6), f"c0.shop.svc.{zone}", "EXAMPLE.Org", "_sip._tcp.example.org",
    ])


def meta(r, name, namespace=None, **more):
    out = {"name": name, "labels": {**labels(r), **more}}
    if namespace is not None:
        out["namespace"] = namespace
    if r.random() < 0.1:
        out["deletionTimestamp"] = "2024-01-01T00:00:00Z"
    return out


def namespace(r, name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(r, name),
            "status": {"phase": r.choice(["Active", "Active", "Terminating"])}}


def cluster_ips(r):
    return r.choice([
        lambda: [address(r, CLUSTER_IPS4)],
        lambda: [address(r, CLUSTER_IPS4)],
        lambda: [address(r, CLUSTER_IPS6)],
        lambda: [address(r, CLUSTER_IPS4), address(r, CLUSTER_IPS6)],
        lambda: [address(r, CLUSTER_IPS6), address(r, CLUSTER_IPS4)],
        lambda: [],
        lambda: [""],
    ])()


def service(r, name, namespace_, s):
    spec = {}
    kind = r.choice(["cluster", "cluster", "headless", "headless", "external"])
    if kind == "external":
        spec["type"] = "ExternalName"
        spec["externalName"] = target(r, s)
        if r.random() < 0.2:
            spec["clusterIP"] = r.choice(["", "None", "10.96.0.1"])
    else:
        ips = ["None"] if kind == "headless" else cluster_ips(r)
        if r.random() < 0.85:
            spec["clusterIPs"] = ips
        if ips and (r.random() < 0.8 or "clusterIPs" not in spec):
            spec["clusterIP"] = ips[0]
        if r.random() < 0.8:
            spec["type"] = "ClusterIP" if kind == "headless" else r.choice(
                ["ClusterIP", "NodePort", "LoadBalancer"])
        if r.random() < 0.1:
            spec["externalName"] = "example.org"
    if r.random() < 0.9:
        spec["ports"] = ports(r, r.choice([0, 1, 1, 2, 3, 4]), lambda: r.choice(PORTS))
        for port in spec["ports"]:
            port["targetPort"] = r.choice([8080, "http"])
    if r.random() < 0.25:
        spec["publishNotReadyAddresses"] = r.random() < 0.8
    if r.random() < 0.2:
        spec["externalIPs"] = ["192.0.2.7"]
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta(r, name, namespace_),
            "spec": spec}


def conditions(r):
    any_ = [True, False, None]
    return r.choice([
        None, {}, {"ready": True}, {"ready": True}, {"ready": False}, {"ready": None},
        {"ready": False, "serving": True, "terminating": True},
        {"ready": r.choice(any_), "serving": r.choice(any_), "terminating": r.choice(any_)},
    ])


def endpoint(r, pool):
    out = {"addresses": [address(r, pool) for _ in range(r.choice([1, 1, 1, 2, 3]))]}
    c = conditions(r)
    if c is not None:
        out["conditions"] = c
    how = r.random()
    if how < 0.4:
        out["hostname"] = r.choice(HOSTNAMES)
    elif how < 0.5:
        out["hostname"] = r.choice(BAD_HOSTNAMES)
    if r.random() < 0.5:
        out["targetRef"] = {"kind": "Pod", "name": r.choice(PODS)}
    if r.random() < 0.3:
        out["zone"], out["nodeName"] = "a", "node-1"
    return out


def slice_(r, name, namespace_, owner=None):
    kind = r.choice(["IPv4", "IPv4", "IPv6", "FQDN"] if r.random() < 0.2 else ["IPv4", "IPv6"])
    pool = ADDRESSES4 if kind == "IPv4" else ADDRESSES6
    if r.random() < 0.08:
        pool = OWN
    m = meta(r, name, namespace_)
    if owner is None:
        owner = r.choice(SERVICES)
    how = r.random()
    if how < 0.92:
        m["labels"]["kubernetes.io/service-name"] = owner
    elif how < 0.96:
        m["labels"]["kubernetes.io/service-name"] = r.choice(["", owner.upper(), "missing"])
    out = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": m,
           "addressType": kind}
    how = r.random()
    if kind == "FQDN":
        out["endpoints"] = [{"addresses": ["example.org"]}]
    elif how < 0.9:
        n = r.choice([0, 1, 1, 2, 3, 6]) if r.random() < 0.98 else r.choice([60, 130, 300])
        out["endpoints"] = [endpoint(r, pool) for _ in range(n)]
        if n > 6:
            for i, e in enumerate(out["endpoints"]):
                e["addresses"] = [f"10.244.{i // 100}.{i % 100}" if kind == "IPv4" else
                                  f"2001:db8:1::{i:x}"]
    elif how < 0.95:
        out["endpoints"] = None
    how = r.random()
    if how < 0.85:
        out["ports"] = ports(
            r, r.choice([0, 1, 1, 2, 3]),
            lambda: None if r.random() < 0.08 else r.choice(PORTS))
    elif how < 0.92:
        out["ports"] = None
    return out


def chain(r, s):
    """A row of ExternalNames about as long as may be followed, into itself or elsewhere."""
    zone = forward(r, s)
    n = r.choice([2, 8, 9, 10, 11, 12])
    last = r.choice([target(r, s), f"c{r.randrange(n)}.shop.svc.{zone}"])
    out = []
    for i in range(n):
        obj = service(r, f"c{i}", "shop", s)
        obj["spec"] = {"type": "ExternalName",
                       "externalName": f"c{i + 1}.shop.svc.{zone}" if i + 1 < n else last}
        out.append(obj)
    return out


def mark(step):
    """What says that this step is served, whatever the settings."""
    labels_ = {"app": "web", "tier": "front"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": MARK, "labels": labels_}},
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": "mark", "namespace": MARK, "labels": labels_},
         "spec": {"type": "ExternalName", "externalName": f"step-{step}.test"}},
    ]


def objects(r, s):
    """A set of objects, without the mark."""
    out = [namespace(r, n) for n in NAMESPACES if r.random() < 0.9]
    for ns in NAMESPACES:
        some = r.sample(SERVICES, r.choice([1, 3, 5] if ns != "shop" else [7, 10]))
        out += [service(r, name, ns, s) for name in some]
        for i in range(r.choice([2, 4, 6] if ns != "shop" else [8, 14])):
            out.append(slice_(r, f"slice-{i}", ns, r.choice(some)))
    return out + chain(r, s)


# ---- files ----


def files(r, items, layout, places):
    """{name: text}; `places` keeps which object stands in which file, but for a few moves."""
    if layout != "many":
        return {"cluster." + layout: text(items, layout)}
    parts = {"a.json": [], "b.yaml": [], "c.json": []}
    for o in items:
        key = identity(o)
        if key not in places or r.random() < 0.05:
            places[key] = r.choice(list(parts))
        parts[places[key]].append(o)
    out = [(name, text(some, name.partition(".")[2])) for name, some in parts.items()]
    r.shuffle(out)
    return dict(out)


def text(items, layout):
    if layout == "json":
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    return "".join("---\n" + json.dumps(o) + "\n" for o in items) or "---\n"


def identity(o):
    return o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]


# ---- changes ----


def mutate(r, items, s):
    """A few changes to a set of objects; the given one is left as it is."""
    items = copy.deepcopy(items)
    for _ in range(r.choice([1, 1, 2, 4, 8])):
        r.choice([replace, replace, remove, add, touch, touch, move, relabel, swap])(r, items, s)
    return items


def of_kind(r, items, kind):
    some = [o for o in items if o["kind"] == kind]
    return r.choice(some) if some else None


def again(r, obj, s):
    m = obj["metadata"]
    if obj["kind"] == "Namespace":
        return namespace(r, m["name"])
    if obj["kind"] == "Service":
        return service(r, m["name"], m["namespace"], s)
    return slice_(r, m["name"], m["namespace"], m["labels"].get("kubernetes.io/service-name"))


def replace(r, items, s):
    i = r.randrange(len(items))
    items[i] = again(r, items[i], s)


def remove(r, items, s):
    del items[r.randrange(len(items))]


def add(r, items, s):
    """Something that is not there: a namespace, a service, a slice."""
    ns = r.choice(NAMESPACES)
    obj = r.choice([lambda: namespace(r, ns),
                    lambda: service(r, r.choice(SERVICES), ns, s),
                    lambda: slice_(r, f"slice-{r.randrange(20)}", ns)])()
    if identity(obj) not in map(identity, items):
        items.append(obj)


def touch(r, items, s):
    """One field: what happens most, an endpoint that becomes ready or not."""
    obj = of_kind(r, items, r.choice(["EndpointSlice", "EndpointSlice", "Service"]))
    if obj is None:
        return
    if obj["kind"] == "Service":
        obj["spec"]["publishNotReadyAddresses"] = not obj["spec"].get("publishNotReadyAddresses")
    elif obj.get("endpoints"):
        r.choice(obj["endpoints"])["conditions"] = {
            "ready": r.random() < 0.5, "serving": True, "terminating": r.random() < 0.5}


def move(r, items, s):
    """A slice goes to another Service (RB-20)."""
    obj = of_kind(r, items, "EndpointSlice")
    if obj:
        obj["metadata"]["labels"]["kubernetes.io/service-name"] = r.choice(SERVICES)


def relabel(r, items, s):
    """Labels that selectors read."""
    obj = of_kind(r, items, r.choice(["Namespace", "Service", "EndpointSlice"]))
    if obj:
        owner = obj["metadata"]["labels"].get("kubernetes.io/service-name")
        obj["metadata"]["labels"] = labels(r)
        if owner is not None:
            obj["metadata"]["labels"]["kubernetes.io/service-name"] = owner


def swap(r, items, s):
    """Endpoints move between two slices (RDY-06)."""
    one, two = of_kind(r, items, "EndpointSlice"), of_kind(r, items, "EndpointSlice")
    if one and one["addressType"] != "FQDN" and two["addressType"] != "FQDN":
        one["endpoints"], two["endpoints"] = two.get("endpoints"), one.get("endpoints")
