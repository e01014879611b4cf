"""What must be answered for a set of Kubernetes objects: an oracle for the system tests.

Written from doc/RECORDS.md alone. It shares no code and no data structure with the programs:
names are tuples of lower-case labels, a zone is a dictionary, everything is worked out anew
for each set of objects. Slow, short and dull on purpose.
"""

import ipaddress
import re

import dns.ipv6
import dns.name

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
PROTOCOLS = {"TCP": "_tcp", "UDP": "_udp", "SCTP": "_sctp"}
CHAIN_MAX = 10

DEFAULTS = {
    "zones": ["cluster.local.", "in-addr.arpa.", "ip6.arpa."],
    "namespaces": [],
    "namespace_labels": "",
    "labels": "",
    "pods": "insecure",
    "endpoint_pod_names": False,
    "ttl": 30,
    "negative_ttl": None,
    "noendpoints": False,
    "ignore_empty_service": False,
    "cluster_ip_endpoints": True,
    "port_addresses": True,
    "first_address_only": False,
    "serving_fallback": False,
    "server_addresses": ["10.250.0.53", "2001:db8:53::1"],
    "any_query": "normal",
    "max_udp": 1232,
}


# ---- addresses ----


def parse_address(text):
    """AD-01: an address of an object; None: it is left out."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", text):
        octets = [int(o) for o in text.split(".")]
        return ipaddress.IPv4Address(bytes(octets)) if max(octets) < 256 else None
    if ":" not in text or "%" in text:
        return None
    try:
        v6 = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return v6.ipv4_mapped or v6


def strict_address(label):
    """RP-09, AD-04: the address that a label of a pod name spells; None: it is none."""
    if label.count("-") == 3 and "--" not in label:
        parts = label.split("-")
        if all(re.fullmatch(r"0|[1-9][0-9]{0,2}", p) and int(p) < 256 for p in parts):
            return ipaddress.IPv4Address(bytes(int(p) for p in parts))
        return None
    if not re.fullmatch(r"[0-9a-f-]+", label):
        return None
    try:
        v6 = ipaddress.IPv6Address(label.replace("-", ":"))
    except ValueError:
        return None
    return v6.ipv4_mapped or v6


def dashed(ip):
    """NB-05"""
    label = str(ip).replace(".", "-").replace(":", "-")
    return label + "0" if label.endswith("-") else label


def family(ip):
    return "A" if ip.version == 4 else "AAAA"


def text_of(ip):
    return str(ip) if ip.version == 4 else dns.ipv6.inet_ntoa(ip.packed)


def reverse_name(ip):
    if ip.version == 4:
        return tuple(str(o) for o in reversed(ip.packed)) + ("in-addr", "arpa")
    return tuple(reversed(ip.packed.hex())) + ("ip6", "arpa")


# ---- names ----


def split(text):
    """Labels of a name in text without escapes."""
    text = text[:-1] if text.endswith(".") else text
    return tuple(text.split(".")) if text else ()


def join(labels):
    return ".".join(labels) + "."


def fits(labels):
    """NB-01"""
    return (all(1 <= len(l) <= 63 for l in labels)
            and sum(len(l) + 1 for l in labels) + 1 <= 255)


def zones_of(entries):
    """RO-01: names and CIDRs to zones."""
    out = []
    for entry in entries:
        if "/" not in entry:
            out.append(split(entry.lower()))
            continue
        net = ipaddress.ip_network(entry, strict=False)
        step = 8 if net.version == 4 else 4
        bits = -(-net.prefixlen // step) * step
        for sub in net.subnets(new_prefix=bits):
            name = reverse_name(sub.network_address)
            out.append(name[(net.max_prefixlen - bits) // step:])
    return list(dict.fromkeys(out))


def is_reverse(zone):
    return zone[-2:] in (("in-addr", "arpa"), ("ip6", "arpa"))


# ---- objects ----


def selector_matches(selector, labels):
    """A label selector as `kubectl -l` takes it."""
    labels = labels or {}
    for term in re.findall(r"[^,(]+(?:\([^)]*\))?", selector):
        term = term.strip()
        if not term:
            continue
        found = re.fullmatch(r"(\S+)\s+(in|notin)\s*\((.*)\)", term)
        if found:
            key, verb, values = found.groups()
            within = key in labels and labels[key] in [v.strip() for v in values.split(",")]
            ok = within if verb == "in" else not within
        elif "!=" in term:
            key, value = (t.strip() for t in term.split("!="))
            ok = labels.get(key) != value
        elif "=" in term:
            key, value = (t.strip() for t in re.split("==?", term))
            ok = labels.get(key) == value
        elif term.startswith("!"):
            ok = term[1:].strip() not in labels
        else:
            ok = term in labels
        if not ok:
            return False
    return True


class Copy:
    """One address of one endpoint of one slice, which counts (section Readiness)."""

    def __init__(self, ip, name, ports, slice_):
        self.ip, self.name, self.ports, self.slice = ip, name, ports, slice_


class Svc:
    def __init__(self, obj):
        spec = obj.get("spec") or {}
        self.namespace = obj["metadata"]["namespace"]
        self.name = obj["metadata"]["name"]
        self.publish = bool(spec.get("publishNotReadyAddresses"))
        self.external_name = spec.get("externalName") or ""
        texts = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
        if spec.get("type") == "ExternalName":
            self.kind = "external"  # RB-02
        else:
            self.kind = "headless" if texts[0] == "None" else "cluster"
        self.ips = [ip for ip in map(parse_address, texts) if ip is not None]
        self.ports = [(p.get("name") or "", p.get("protocol") or "TCP", p["port"])
                      for p in spec.get("ports") or []]
        self.copies = []

    @property
    def labels(self):
        return (self.name, self.namespace, "svc")


def slice_ports(slice_):
    """RB-29"""
    ports = []
    for p in slice_.get("ports") or []:
        number = p.get("port")
        ports.append((p.get("name") or "", p.get("protocol") or "TCP",
                      -1 if number is None else number))
    return ports or [("", "TCP", -1)]


class Node:
    def __init__(self):
        self.data = {}  # type: list of addresses, of (weight, port, target), of texts
        self.glue = {}  # type of the answer: {target labels: set of addresses}

    def add_addresses(self, ips):
        for ip in ips:
            have = self.data.setdefault(family(ip), [])
            if ip not in have:
                have.append(ip)


def is_special(labels):
    """SM-04: reverse names that are answered in front of every zone, not from objects."""
    lower = tuple(l.lower() for l in labels)
    return (lower[-34:] == ("1",) + ("0",) * 31 + ("ip6", "arpa")
            or lower[-2:] == ("in-addr", "arpa") and lower[-3:-2] in (("0",), ("127",), ("255",)))


class Reply:
    def __init__(self, rcode, aa=True, answer=(), authority=(), additional=()):
        self.rcode, self.aa = rcode, aa
        self.answer, self.authority = list(answer), list(authority)
        self.additional = list(additional)

    def __repr__(self):
        return (f"{self.rcode} aa={int(self.aa)} {sorted(self.answer)} "
                f"{sorted(self.authority)} {sorted(self.additional)}")


class Oracle:
    """All that is answered for `objects` under `settings` (keys of `kubernetes` and any_query)."""

    def __init__(self, objects, settings=None):
        self.set = {**DEFAULTS, **(settings or {})}
        self.ttl = self.set["ttl"]
        nt = self.set["negative_ttl"]
        self.negative_ttl = self.ttl if nt is None else nt
        self.zones = zones_of(self.set["zones"])
        self.forward = [z for z in self.zones if not is_reverse(z)]
        self.primary = self.forward[0]
        self.own = [parse_address(a) for a in self.set["server_addresses"]]
        self.read(objects)
        self.tree = {zone: self.build_zone(zone) for zone in self.zones}

    # ---- what is kept of the objects ----

    def read(self, objects):
        of = {"Namespace": [], "Service": [], "EndpointSlice": []}
        for obj in objects:
            of.get(obj["kind"], []).append(obj)
        self.exposed = {n["metadata"]["name"] for n in of["Namespace"] if self.exposes(n)}
        self.services = {}
        for obj in filter(self.selected, of["Service"]):
            svc = Svc(obj)
            if svc.namespace in self.exposed:
                self.services[svc.namespace, svc.name] = svc
        slices = [] if self.set["noendpoints"] else filter(self.selected, of["EndpointSlice"])
        self.join(list(slices))
        for key, svc in list(self.services.items()):
            if self.is_absent(svc):
                del self.services[key]

    def exposes(self, namespace):
        """OB-N1"""
        meta = namespace["metadata"]
        names, selector = self.set["namespaces"], self.set["namespace_labels"]
        return ((not names or meta["name"] in names)
                and selector_matches(selector, meta.get("labels")))

    def selected(self, obj):
        """RO-08"""
        return selector_matches(self.set["labels"], obj["metadata"].get("labels"))

    def is_absent(self, svc):
        if svc.kind == "cluster":
            return self.set["ignore_empty_service"] and not svc.copies  # RO-15
        if svc.kind == "headless":
            return not svc.copies  # RH-03
        return self.is_literal(svc.external_name)  # RE-10

    @staticmethod
    def is_literal(text):
        try:
            ipaddress.ip_address(text)
            return True
        except ValueError:
            return False

    def join(self, slices):
        held = {key: [] for key in self.services}
        for s in slices:
            label = (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
            key = s["metadata"]["namespace"], label
            if key in held and s["addressType"] in ("IPv4", "IPv6"):
                held[key].append(s)
        for key, mine in held.items():
            svc = self.services[key]
            if svc.kind != "external":
                svc.copies = self.copies(
                    mine, lambda c: svc.publish or c.get("ready") is not False)
                if not svc.copies and self.set["serving_fallback"]:
                    svc.copies = self.copies(mine, self.falls_back)

    @staticmethod
    def falls_back(conditions):
        """RDY-04"""
        return conditions.get("serving") is not False and conditions.get("terminating") is True

    def copies(self, slices, counts):
        out = []
        for i, s in enumerate(slices):
            ports = slice_ports(s)
            for e in s.get("endpoints") or []:
                if not counts(e.get("conditions") or {}):
                    continue
                ips = [ip for ip in map(parse_address, e.get("addresses") or [])
                       if ip is not None]  # AD-01: what is dropped is not the first
                for ip in ips[:1] if self.set["first_address_only"] else ips:
                    out.append(Copy(ip, self.endpoint_name(e, ip), ports, i))
        return out

    def endpoint_name(self, endpoint, ip):
        """NB-04 to NB-06"""
        hostname = endpoint.get("hostname") or ""
        if len(hostname) <= 63 and LABEL.fullmatch(hostname):
            return hostname
        pod = (endpoint.get("targetRef") or {}).get("name") or ""
        if self.set["endpoint_pod_names"] and 1 <= len(pod) <= 63 and "." not in pod:
            return pod
        return dashed(ip)

    # ---- the names of a zone ----

    def zone_of(self, labels):
        """The served zone with the longest match; None: there is none."""
        for i in range(len(labels) + 1):
            if labels[i:] in self.zone_set:
                return labels[i:]
        return None

    @property
    def zone_set(self):
        return set(self.zones)

    def build_zone(self, zone):
        nodes = {(): Node()}

        def put(rel, node):
            """A node with the empty non-terminals above it; nothing where it does not fit."""
            full = rel + zone
            if not fits(full) or self.zone_of(full) != zone:
                return
            nodes[rel] = node
            for i in range(1, len(rel)):
                nodes.setdefault(rel[i:], Node())

        for other in self.zones:  # RG-12: a zone below a name is something below it
            if other != zone and self.zone_of(other[1:]) == zone:
                for i in range(1, len(other) - len(zone)):
                    nodes.setdefault(other[i:len(other) - len(zone)], Node())
        version = Node()
        version.data["TXT"] = ['"1.1.0"']
        put(("dns-version",), version)
        under = self.primary if is_reverse(zone) else zone
        targets = self.name_servers(under)
        server = Node()
        server.add_addresses([ip for _, ips in targets.values() for ip in ips] or self.own)
        put(("ns", "dns"), server)
        apex = nodes[()]
        if is_reverse(zone):
            self.put_pointers(zone, put, apex)
        else:
            self.put_services(zone, put)
        names = {t: ips for t, (ips, _) in targets.items()} or {("ns", "dns"): set(self.own)}
        apex.data["NS"] = list(names)
        # RX-04. What falls into another zone of ours has no addresses here.
        base = under if targets else zone
        apex.glue["NS"] = {t: ips for t, ips in names.items() if self.zone_of(t + base) == base}
        return nodes

    def name_servers(self, zone):
        """RX-02: {target: (its addresses, those of them that stand behind us)}."""
        targets = {}

        def add(target, addresses, behind):
            if fits(target + zone):
                targets.setdefault(target, (addresses, set()))[1].update(behind)

        for svc in self.services.values():
            ours = {c.slice for c in svc.copies if c.ip in self.own}
            if svc.kind == "cluster" and ours and svc.ips:
                add(svc.labels, set(svc.ips), svc.ips)
            for c in svc.copies if svc.kind == "headless" else ():
                if c.slice in ours:
                    add((c.name,) + svc.labels,
                        {d.ip for d in svc.copies if d.name == c.name}, [c.ip])
        return targets

    def put_services(self, zone, put):
        put(("svc",), Node())
        put(("pod",), Node())
        for namespace in self.exposed:
            put((namespace, "svc"), Node())
            if self.set["pods"] != "disabled":
                put((namespace, "pod"), Node())
        for svc in self.services.values():
            if svc.kind == "external":
                self.put_external(svc, put)
                continue
            if svc.kind == "cluster":
                self.put_cluster(svc, zone, put)
            else:
                self.put_headless(svc, zone, put)
            if svc.kind == "headless" or self.set["cluster_ip_endpoints"]:
                self.put_endpoints(svc, zone, put)

    @staticmethod
    def put_external(svc, put):
        node = Node()
        if fits(split(svc.external_name)):
            node.data["CNAME"] = [join(split(svc.external_name.lower()))]  # RE-11, RG-15
        put(svc.labels, node)

    def put_cluster(self, svc, zone, put):
        def node_for(ports, with_addresses):
            node = Node()
            if with_addresses:
                node.add_addresses(svc.ips)
            pairs = [(p, svc.labels, ip) for p in ports for ip in svc.ips]
            return self.with_srv(node, pairs, zone)

        put(svc.labels, node_for(svc.ports, True))
        for name, protocol in {p[:2] for p in svc.ports if p[0]}:
            node = node_for([p for p in svc.ports if p[:2] == (name, protocol)],
                            self.set["port_addresses"])
            put(("_" + name, PROTOCOLS[protocol]) + svc.labels, node)

    def put_headless(self, svc, zone, put):
        def node_for(matches, with_addresses):
            node = Node()
            pairs = [(p, (c.name,) + svc.labels, c.ip)
                     for c in svc.copies for p in c.ports if matches(p)]
            if with_addresses:
                node.add_addresses(ip for _, _, ip in pairs)
            return self.with_srv(node, pairs, zone)

        put(svc.labels, node_for(lambda p: True, True))
        for key in {p[:2] for c in svc.copies for p in c.ports if p[0]}:
            put(("_" + key[0], PROTOCOLS[key[1]]) + svc.labels,
                node_for(lambda p, key=key: p[:2] == key, self.set["port_addresses"]))

    def put_endpoints(self, svc, zone, put):
        """RS-10, RH-04, RH-08"""
        for name in {c.name for c in svc.copies}:
            target = (name,) + svc.labels
            mine = [c for c in svc.copies if c.name == name]
            node = Node()
            node.add_addresses(c.ip for c in mine)
            self.with_srv(node, [(p, target, c.ip) for c in mine for p in c.ports], zone)
            if "SRV" in node.data:
                node.glue["SRV"] = {target: {c.ip for c in mine}}
            put(target, node)

    @staticmethod
    def with_srv(node, pairs, zone):
        """RS-11: SRVs of (port, target, address) pairs, with the addresses of the targets."""
        if not pairs:
            return node
        weight = max(1, 100 // len(pairs))
        glue = {}
        srvs = set()
        for port, target, ip in pairs:
            if port[2] != -1 and fits(target + zone):
                srvs.add((weight, port[2], target))
                glue.setdefault(target, set()).add(ip)
        if srvs:
            node.data["SRV"] = sorted(srvs)
            node.glue["SRV"] = glue
        return node

    def put_pointers(self, zone, put, apex):
        cluster, endpoint = {}, {}
        for svc in self.services.values():
            if svc.kind == "cluster":
                for ip in svc.ips:
                    cluster.setdefault(ip, set()).add(svc.labels)
            for c in svc.copies:
                endpoint.setdefault(c.ip, set()).add((c.name,) + svc.labels)
        for ip, targets in {**endpoint, **cluster}.items():
            full = reverse_name(ip)
            if self.zone_of(full) != zone:
                continue
            texts = [join(t + self.primary) for t in targets if fits(t + self.primary)]
            node = apex if full == zone else Node()  # a zone may be one address
            if texts:
                node.data["PTR"] = texts
            if texts and node is not apex:
                put(full[:len(full) - len(zone)], node)

    # ---- questions ----

    def find(self, zone, rel):
        node = self.tree[zone].get(rel)
        if node is not None or is_reverse(zone):
            return node
        if len(rel) == 3 and rel[2] == "pod":
            return self.pod(zone, rel)
        # NG-07
        if len(rel) in (4, 5) and rel[-1] == "svc":
            n = len(rel) - 3
            under = tuple(l if l.startswith("_") else "_" + l for l in rel[:n])
            return self.tree[zone].get(under + rel[n:])
        return None

    def pod(self, zone, rel):
        """RP-04 to RP-07"""
        # The name above may also be there because one of our zones is below it.
        if self.set["pods"] == "disabled" or rel[1] not in self.exposed:
            return None
        ip = strict_address(rel[0])
        if ip is None:
            return None
        node = Node()
        node.add_addresses([ip])
        node.data["SRV"] = [(100, 0, rel)]
        node.glue["SRV"] = {rel: {ip}}
        return node

    def soa(self, typed):
        zone = join(typed)
        n = self.negative_ttl
        return (zone, min(n, 300), "SOA",
                f"ns.dns.{zone} hostmaster.{zone} * 7200 1800 86400 {n}")

    def rr_text(self, type_, value, typed):
        if type_ in ("A", "AAAA"):
            return text_of(value)
        if type_ == "SRV":
            return f"0 {value[0]} {value[1]} {join(value[2] + typed)}"
        if type_ == "NS":
            return join(value + typed)
        return value

    def glue(self, node, type_, typed):
        return [(join(target + typed), self.ttl, family(ip), text_of(ip))
                for target, ips in node.glue.get(type_, {}).items() for ip in ips]

    def positive(self, node, owner, zone, typed, type_):
        """(answer, additional) of a node; ([], []) if it lacks the type."""
        if type_ == "SOA" and node is self.tree[zone][()]:
            return [self.soa(typed)], []
        # RX-04: in a reverse zone the Services are named under PRIMARY, ns.dns is not.
        base = typed
        if type_ == "NS" and is_reverse(zone) and node.data.get("NS") != [("ns", "dns")]:
            base = self.primary
        ttl = 28800 if type_ == "TXT" else self.ttl
        answer = [(owner, ttl, type_, self.rr_text(type_, v, base))
                  for v in node.data.get(type_, [])]
        return answer, self.glue(node, type_, base) if answer else []

    def answer(self, qname, type_):
        """The reply to a question; qname is a dns.name.Name with its letters as typed."""
        labels = tuple(l.decode("latin-1") for l in qname.labels[:-1])
        first = self.zone_of(tuple(l.lower() for l in labels)) or ()
        first_typed = labels[len(labels) - len(first):]
        chain, owners = [], set()
        while True:
            lower = tuple(l.lower() for l in labels)
            owner = dns.name.Name([l.encode("latin-1") for l in labels + ("",)]).to_text()
            zone = self.zone_of(lower)
            if zone is None:
                return Reply("NOERROR", True, chain) if chain else Reply("REFUSED", False)
            if type_ == "ANY" and self.set["any_query"] == "notimp":
                return Reply("NOTIMP", False)
            n = len(lower) - len(zone)
            # RG-15: as the client typed it, also at the end of a chain.
            typed = first_typed if zone == first else labels[n:]
            node = self.find(zone, lower[:n])
            if node is None:
                return Reply("NXDOMAIN", True, chain, [self.soa(typed)])
            if "CNAME" not in node.data:
                break
            owners.add(lower)
            target = node.data["CNAME"][0]
            chain.append((owner, self.ttl, "CNAME", target))
            if type_ in ("CNAME", "ANY"):
                return Reply("NOERROR", True, chain)
            labels = split(target)
            if tuple(l.lower() for l in labels) in owners:
                return Reply("NOERROR", True, chain)  # RE-08
            if len(chain) == CHAIN_MAX and self.continues(labels):
                return Reply("SERVFAIL", True, chain)
        if type_ == "ANY" and self.set["any_query"] == "hinfo":
            return Reply("NOERROR", True, chain + [(owner, self.ttl, "HINFO", '"RFC8482" ""')])
        answer, additional = self.positive(node, owner, zone, typed, type_)
        if not answer:
            return Reply("NOERROR", True, chain, [self.soa(typed)])
        return Reply("NOERROR", True, chain + answer, [], additional)

    def continues(self, labels):
        """An eleventh CNAME would follow."""
        lower = tuple(l.lower() for l in labels)
        zone = self.zone_of(lower)
        node = self.find(zone, lower[:len(lower) - len(zone)]) if zone is not None else None
        return node is not None and "CNAME" in node.data

    def names(self):
        """Every name that exists, as tuples of labels."""
        return [rel + zone for zone, nodes in self.tree.items() for rel in nodes]
