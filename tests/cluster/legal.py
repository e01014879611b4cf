"""The oracle's random objects, mended until a real API server takes most of them.

What it refuses all the same is left out: what is in the cluster then is legal by definition.
"""

import copy

import objects
import records
from kube_api import ApiError


def ports_of(ports, names_needed):
    """Each name once, each number once for its protocol; several ports have names."""
    out, names, numbers = [], set(), set()
    for port in ports or []:
        port = {k: v for k, v in port.items() if v is not None}
        name = port.get("name", "")
        number = port.get("port"), port.get("protocol", "TCP")
        if name in names or number in numbers or (names_needed and len(ports) > 1 and not name):
            continue
        names.add(name)
        numbers.add(number)
        out.append(port)
    return out


def service(r, obj):
    spec = obj["spec"]
    ips = spec.pop("clusterIPs", [])
    ip = spec.pop("clusterIP", "")
    spec["ports"] = ports_of(spec.get("ports"), True)
    if spec.get("type") == "ExternalName":
        spec["externalName"] = spec["externalName"].lower()
        return
    if "None" in ips or ip == "None":
        spec["clusterIP"] = "None"
        spec["type"] = "ClusterIP"
    elif not spec["ports"]:
        spec["ports"] = [{"port": 80}]
    spec["ipFamilyPolicy"] = r.choice(["SingleStack", "PreferDualStack", "RequireDualStack"])
    families = r.choice([["IPv4", "IPv6"], ["IPv6", "IPv4"]])
    spec["ipFamilies"] = families[:1] if spec["ipFamilyPolicy"] == "SingleStack" else families


def usable(text, kind):
    """An address that the API takes for an endpoint, in its canonical form; else None."""
    ip = records.parse_address(text)
    if ip is None or ip.is_loopback or ip.is_link_local or ip.is_unspecified:
        return None
    return str(ip) if ip.version == {"IPv4": 4, "IPv6": 6}.get(kind) else None


def endpoint(obj, kind):
    if kind != "FQDN":
        addresses = [usable(a, kind) for a in obj["addresses"]]
        obj["addresses"] = list(dict.fromkeys(a for a in addresses if a))
    hostname = obj.get("hostname")
    if hostname is not None and not (len(hostname) <= 63 and records.LABEL.fullmatch(hostname)):
        del obj["hostname"]
    if not obj.get("targetRef", {}).get("name", "x"):
        del obj["targetRef"]
    return obj if obj["addresses"] else None


def slice_(obj):
    kind = obj["addressType"]
    obj["endpoints"] = [e for e in (endpoint(e, kind) for e in obj.get("endpoints") or []) if e]
    obj["ports"] = ports_of(obj.get("ports"), False)


def mended(r, obj):
    obj = copy.deepcopy(obj)
    obj["metadata"].pop("deletionTimestamp", None)
    if obj["kind"] == "Service":
        service(r, obj)
    elif obj["kind"] == "EndpointSlice":
        slice_(obj)
    return obj


def settings():
    """Those of the programs that are compared, as the generator of objects reads them."""
    return {"zones": ["cluster.local.", *objects.REVERSE]}


def put(api, r, items):
    """(number of those that the API server has taken, texts of its refusals)."""
    taken, refused = 0, []
    for obj in items:
        obj = mended(r, obj)
        try:
            api.put(obj)
            taken += 1
        except ApiError as e:
            refused.append(f"{obj['kind']} {e}")
    return taken, refused
