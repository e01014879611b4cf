"""What a cluster holds, as etcd and the watch cache would: objects, versions, a log.

One resourceVersion counts for all resources. Every version of an object is kept until it is
compacted, so a list can be of the past. Nothing here knows HTTP.
"""

import copy
import os
import sys
import threading
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oracle"))
import records  # noqa: E402

FIRST_RV = 1000


class Resource:
    """A kind of objects and where it is served."""

    def __init__(self, plural, kind, group_version, namespaced=True, empty=None):
        self.plural, self.kind, self.group_version = plural, kind, group_version
        self.namespaced = namespaced
        root = "/apis/" if "/" in group_version else "/api/"
        self.prefix = root + group_version
        self.empty = empty or {}  # what a typed server writes into a bookmark

    def path(self):
        return f"{self.prefix}/{self.plural}"


RESOURCES = {r.plural: r for r in (
    Resource("namespaces", "Namespace", "v1", namespaced=False,
             empty={"spec": {}, "status": {}}),
    Resource("services", "Service", "v1",
             empty={"spec": {}, "status": {"loadBalancer": {}}}),
    Resource("pods", "Pod", "v1", empty={"spec": {"containers": None}, "status": {}}),
    Resource("endpointslices", "EndpointSlice", "discovery.k8s.io/v1",
             empty={"addressType": "", "endpoints": None, "ports": None}),
)}
BY_KIND = {r.kind: r for r in RESOURCES.values()}


class Expired(Exception):
    """The resourceVersion was compacted."""


class TooLarge(Exception):
    """The resourceVersion is ahead of this server."""


def key_of(obj):
    m = obj["metadata"]
    return m.get("namespace", ""), m["name"]


def managed_fields(obj, rv):
    """A fifth of what a server sends, and of no use to us (WP-15)."""
    return [{
        "manager": "kubectl-client-side-apply", "operation": "Update",
        "apiVersion": obj["apiVersion"], "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                     "f:spec": {"f:ports": {f'k:{{"port":{rv % 65536}}}': {".": {}}}}},
    }]


class Version:
    """An object from `rv` on; obj None: it was deleted."""

    def __init__(self, rv, obj, before=None):
        self.rv, self.obj, self.before = rv, obj, before

    @property
    def type(self):
        return "DELETED" if self.obj is None else "MODIFIED" if self.before else "ADDED"


class Store:
    """All objects. `changed` is notified (with the lock held) after every change."""

    def __init__(self, rv=FIRST_RV):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.rv = rv
        self.history = {r: {} for r in RESOURCES}  # resource: {key: [Version]}
        self.log = {r: [] for r in RESOURCES}  # resource: [Version], rv rising
        self.compacted = {r: 0 for r in RESOURCES}  # versions below are too old
        self.epoch = 0  # of restores: positions in the log are of one
        self.ever = {}  # every object there ever was, as it was given

    # -- changes --

    def apply(self, *objects):
        """Add or replace; the resourceVersion of the last one."""
        with self.lock:
            for given in objects:
                resource = BY_KIND[given["kind"]].plural
                before = self.current(resource, key_of(given))
                self.rv += 1
                obj = copy.deepcopy(given)
                m = obj["metadata"]
                m["uid"] = before["metadata"]["uid"] if before else str(uuid.uuid4())
                m["creationTimestamp"] = "2026-01-01T00:00:00Z"
                m["resourceVersion"] = str(self.rv)
                m["managedFields"] = managed_fields(obj, self.rv)
                self.add(resource, key_of(given), Version(self.rv, obj, before))
                self.ever[(given["kind"], *key_of(given), self.rv)] = copy.deepcopy(given)
            self.changed.notify_all()
            return self.rv

    def delete(self, obj):
        with self.lock:
            resource, key = BY_KIND[obj["kind"]].plural, key_of(obj)
            before = self.current(resource, key)
            assert before is not None, f"no {obj['kind']} {key}"
            self.rv += 1
            before = copy.deepcopy(before)
            # The last state, with the version of the deletion (WP-32).
            before["metadata"]["resourceVersion"] = str(self.rv)
            self.add(resource, key, Version(self.rv, None, before))
            self.changed.notify_all()
            return self.rv

    def add(self, resource, key, version):
        self.history[resource].setdefault(key, []).append(version)
        self.log[resource].append(version)

    def bump(self, by=1):
        """Other resources changed: the version rises and nothing of ours shows why."""
        with self.lock:
            self.rv += by
            self.changed.notify_all()
            return self.rv

    def compact(self, *resources):
        """Every version before the present one is too old from now on."""
        with self.lock:
            for resource in resources or RESOURCES:
                self.compacted[resource] = self.rv
            self.changed.notify_all()

    def save(self):
        with self.lock:
            return self.rv, copy.deepcopy(self.history), copy.deepcopy(self.log)

    def restore(self, saved):
        """As etcd from a backup: objects and versions of then; the counter goes back."""
        with self.lock:
            self.rv, self.history, self.log = copy.deepcopy(saved)
            self.compacted = {r: self.rv for r in RESOURCES}
            self.epoch += 1
            self.changed.notify_all()

    # -- reading; objects are the store's own, do not change them --

    def current(self, resource, key):
        versions = self.history[resource].get(key)
        return versions[-1].obj if versions else None

    def at(self, resource, rv=None):
        """Objects in the order of their keys, as they were at rv (None: now)."""
        with self.lock:
            if rv is not None and rv > self.rv:
                raise TooLarge
            if rv is not None and rv < self.compacted[resource]:
                raise Expired
            out = []
            for key in sorted(self.history[resource]):
                obj = None
                for v in self.history[resource][key]:
                    if rv is None or v.rv <= rv:
                        obj = v.obj
                if obj is not None:
                    out.append(obj)
            return out

    def since(self, resource, rv):
        """Versions after rv."""
        with self.lock:
            if rv < self.compacted[resource]:
                raise Expired
            return [v for v in self.log[resource] if v.rv > rv]

    def objects(self):
        """All present objects as they were given, for the oracle."""
        with self.lock:
            out = []
            for resource in RESOURCES:
                for obj in self.at(resource):
                    plain = copy.deepcopy(obj)
                    for field in ("uid", "creationTimestamp", "resourceVersion",
                                  "managedFields"):
                        plain["metadata"].pop(field, None)
                    out.append(plain)
            return out


class Selection:
    """What a list or watch asks for: namespace, labels, fields."""

    def __init__(self, namespace="", labels="", fields=""):
        self.namespace, self.labels = namespace, labels
        self.fields = [self.field(f) for f in fields.split(",") if f]

    @staticmethod
    def field(text):
        name, _, value = text.partition("!=") if "!=" in text else text.partition("=")
        assert name in ("metadata.name", "metadata.namespace", "status.phase"), text
        return name.split("."), value.lstrip("="), "!=" in text

    def takes(self, obj):
        if obj is None:
            return False
        m = obj["metadata"]
        if self.namespace and m.get("namespace", "") != self.namespace:
            return False
        for (part, name), value, differs in self.fields:
            if (obj.get(part, {}).get(name, "") == value) == differs:
                return False
        return not self.labels or records.selector_matches(self.labels, m.get("labels") or {})

    def event(self, version):
        """(type, object) that a watcher sees (WP-18); None: nothing."""
        now, before = self.takes(version.obj), self.takes(version.before)
        if now:
            return ("MODIFIED" if before else "ADDED"), version.obj
        if before:
            if version.obj is None:
                return "DELETED", version.before
            gone = copy.deepcopy(version.before)
            gone["metadata"]["resourceVersion"] = str(version.rv)
            return "DELETED", gone
        return None
