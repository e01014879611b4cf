"""A small client of the Kubernetes API: http.client and ssl, nothing else.

A connection for each thread, kept open. What the server refuses is an ApiError; a server that
is not there is an OSError or http.client.HTTPException, as Python gives it.
"""

import concurrent.futures
import http.client
import json
import ssl
import threading
import urllib.parse

PAGE = 500
PATCHES = {"merge": "application/merge-patch+json",
           "strategic": "application/strategic-merge-patch+json",
           "json": "application/json-patch+json"}

# kind: (path of the group, plural, namespaced)
KINDS = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "Endpoints": ("/api/v1", "endpoints", True),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "StatefulSet": ("/apis/apps/v1", "statefulsets", True),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
}


class ApiError(Exception):
    """The server has answered, and the answer is no."""

    def __init__(self, code, reason, message):
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.reason = code, reason


def path_of(kind, namespace=None, name=None, subresource=None):
    group, plural, namespaced = KINDS[kind]
    parts = [group]
    if namespaced and namespace:
        parts += ["namespaces", namespace]
    parts += [p for p in (plural, name, subresource) if p]
    return "/".join(parts)


class Api:
    """A server, and who we are to it: a token, or nobody."""

    def __init__(self, host, port, ca, token=None, timeout_s=30):
        self.address = host, port
        self.context = ssl.create_default_context(cafile=ca)
        self.token = token
        self.timeout_s = timeout_s
        self.local = threading.local()

    def connection(self):
        c = getattr(self.local, "connection", None)
        if c is None:
            c = http.client.HTTPSConnection(*self.address, context=self.context,
                                            timeout=self.timeout_s)
            self.local.connection = c
        return c

    def close(self):
        c = getattr(self.local, "connection", None)
        if c is not None:
            c.close()
            self.local.connection = None

    def raw(self, method, path, body=None, content_type="application/json"):
        """(status, octets). A kept connection that the server has closed is opened again."""
        headers = {"Accept": "application/json", "User-Agent": "shmdns-cluster-tests"}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if body is not None:
            headers["Content-Type"] = content_type
        kept = self.connection().sock is not None
        try:
            return self.exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError,
                ssl.SSLEOFError):
            if not kept:
                raise
        return self.exchange(method, path, body, headers)

    def exchange(self, method, path, body, headers):
        c = self.connection()
        try:
            c.request(method, path, body, headers)
            reply = c.getresponse()
            return reply.status, reply.read()
        except BaseException:
            self.close()
            raise

    def call(self, method, path, obj=None, content_type="application/json"):
        body = None if obj is None else json.dumps(obj)
        status, octets = self.raw(method, path, body, content_type)
        try:
            out = json.loads(octets) if octets else {}
        except ValueError:
            out = {"message": octets.decode(errors="replace")[:200]}
        if status >= 300:
            raise ApiError(status, out.get("reason", ""), out.get("message", ""))
        return out

    # ---- objects ----

    def create(self, obj):
        meta = obj["metadata"]
        return self.call("POST", path_of(obj["kind"], meta.get("namespace")), obj)

    def replace(self, obj):
        meta = obj["metadata"]
        return self.call("PUT", path_of(obj["kind"], meta.get("namespace"), meta["name"]), obj)

    def put(self, obj):
        """Create it, or replace what has its name."""
        try:
            return self.create(obj)
        except ApiError as e:
            if e.reason != "AlreadyExists":
                raise
        return self.replace(obj)

    def get(self, kind, name, namespace=None):
        return self.call("GET", path_of(kind, namespace, name))

    def find(self, kind, name, namespace=None):
        """As get(); None: there is none."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as e:
            if e.code != 404:
                raise
        return None

    def patch(self, kind, name, namespace, change, how="merge", subresource=None):
        return self.call("PATCH", path_of(kind, namespace, name, subresource), change,
                         PATCHES[how])

    def delete(self, kind, name, namespace=None, grace_s=None):
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        return self.call("DELETE", path_of(kind, namespace, name), body)

    def delete_all(self, kind, namespace, selector=""):
        query = "?" + urllib.parse.urlencode({"labelSelector": selector}) if selector else ""
        return self.call("DELETE", path_of(kind, namespace) + query)

    def list(self, kind, namespace=None, selector=""):
        """Every object, newest state, with its kind, which lists leave out."""
        out, go_on = [], ""
        while True:
            query = {"limit": PAGE}
            if selector:
                query["labelSelector"] = selector
            if go_on:
                query["continue"] = go_on
            page = self.call("GET", f"{path_of(kind, namespace)}?{urllib.parse.urlencode(query)}")
            out += page.get("items") or []
            go_on = page["metadata"].get("continue", "")
            if not go_on:
                break
        for obj in out:
            obj["kind"] = kind
        return out

    def newest(self, kind):
        """resourceVersion of a kind's newest state."""
        return int(self.call("GET", path_of(kind) + "?limit=1")["metadata"]["resourceVersion"])

    def is_ready(self):
        try:
            return self.raw("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def parallel(function, items, threads=8):
    """function(item) for all, many at once; the first exception is raised."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
