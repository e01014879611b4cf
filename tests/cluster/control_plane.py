#!/usr/bin/python3
"""A whole Kubernetes control plane on loopback: real servers and controllers, kubelets by kwok.

    tests/cluster/control_plane.py [--watch-list on|off] [--nodes N]

As a program it starts one and says how to use it; Ctrl-C ends it. Tests use ControlPlane, as a
context manager. Ports are free ones, every file stands in one directory of its own, and nothing
is left at the end. Programs come from tests/cluster/build.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
sys.dont_write_bytecode = True

import yaml  # noqa: E402

import harness  # noqa: E402
from kube_api import Api, ApiError  # noqa: E402
from pki import ISSUER, Pki  # noqa: E402
from processes import Process  # noqa: E402

SERVICE_RANGES = "10.96.0.0/16,fd00:96::/108"
POD_RANGE = "10.244.0.0/16"
CONTROLLERS = ("deployment-controller,replicaset-controller,statefulset-controller,"
               "daemonset-controller,endpointslice-controller,endpointslice-mirroring-controller,"
               "endpoints-controller,namespace-controller,garbage-collector-controller")
# They need what is not there: kubelets, volumes, quotas.
NO_ADMISSION = ("ServiceAccount,DefaultStorageClass,StorageObjectInUseProtection,"
                "TaintNodesByCondition,Priority,ResourceQuota,LimitRanger,RuntimeClass")
READY_S = 60
DNS_USER = "dns-under-test"
COMPARED_USER = "dns-compared-with"
SKIP = 77


def binaries():
    """Directory of the programs; built if they are not there. Skips where they cannot be."""
    done = subprocess.run([os.path.join(HERE, "build")], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode == SKIP:
        raise unittest.SkipTest(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def role_of_dns():
    """What a DNS server may do: the role that deploy/ ships, and nothing else."""
    with open(os.path.join(harness.SOURCE, "deploy", "base", "clusterrole.yaml")) as f:
        return yaml.safe_load(f)


def binding(title, role, **subject):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": title},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": role},
            "subjects": [subject]}


def user(name):
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}


def node(number):
    room = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
    return {"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": f"node-{number}",
                         "labels": {"kubernetes.io/hostname": f"node-{number}",
                                    "kubernetes.io/os": "linux",
                                    "topology.kubernetes.io/zone": "ab"[number % 2]}},
            "status": {"allocatable": room, "capacity": room}}


class ControlPlane:
    def __init__(self, watch_list=True, nodes=2, directory=None):
        self.bin = binaries()
        self.watch_list = watch_list
        self.nodes = nodes
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="shmdns-cluster-")
        self.pki = Pki(self.directory)
        self.tokens = {"admin": "admin-token", DNS_USER: "dns-token",
                       COMPARED_USER: "compared-token", "controllers": "controllers-token"}
        self.api_port = None
        self.processes = {}
        self.api = None

    # ---- files ----

    def path(self, name):
        return os.path.join(self.directory, name)

    def write_tokens(self):
        """Read by the API server at its start only."""
        groups = {"admin": "system:masters", "controllers": "system:masters"}
        with open(self.path("tokens.csv"), "w") as f:
            for name, token in self.tokens.items():
                f.write(f'{token},{name},{name},"{groups.get(name, "")}"\n')

    def kubeconfig(self, name, **who):
        """Path of a kubeconfig of this name; `who` is its user, by default that token."""
        text = {
            "apiVersion": "v1", "kind": "Config", "current-context": "cluster",
            "clusters": [{"name": "cluster", "cluster": {
                "server": f"https://127.0.0.1:{self.api_port}",
                "certificate-authority": self.pki.ca}}],
            "users": [{"name": name, "user": who or {"token": self.tokens[name]}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": name}}]}
        path = self.path(name + ".kubeconfig")
        harness.write_whole(path, json.dumps(text, indent=1))
        return path

    # ---- processes ----

    def program(self, name):
        return os.path.join(self.bin, name)

    def add(self, name, *arguments):
        self.processes[name] = Process(name, [self.program(name), *arguments], self.directory)

    def describe_etcd(self):
        client, peer = (f"http://127.0.0.1:{harness.free_port()}" for _ in range(2))
        self.etcd_url = client
        self.add("etcd", "--data-dir=" + self.path("etcd"), "--unsafe-no-fsync",
                 "--log-level=warn", "--listen-client-urls=" + client,
                 "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
                 "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer)

    def describe_api(self):
        gates = [] if self.watch_list else ["--feature-gates=WatchList=false"]
        self.add("kube-apiserver", "--etcd-servers=" + self.etcd_url, "--bind-address=127.0.0.1",
                 f"--secure-port={self.api_port}", "--advertise-address=192.0.2.10",
                 "--tls-cert-file=" + self.pki.cert, "--tls-private-key-file=" + self.pki.key,
                 "--client-ca-file=" + self.pki.ca,
                 "--token-auth-file=" + self.path("tokens.csv"), "--anonymous-auth=false",
                 "--authorization-mode=RBAC", "--service-account-issuer=" + ISSUER,
                 "--api-audiences=" + ISSUER,
                 "--service-account-signing-key-file=" + self.pki.account_key,
                 "--service-account-key-file=" + self.pki.account_public,
                 "--service-cluster-ip-range=" + SERVICE_RANGES,
                 "--disable-admission-plugins=" + NO_ADMISSION, "--allow-privileged=true",
                 "--profiling=false", "--event-ttl=5m",
                 "--shutdown-watch-termination-grace-period=2s", *gates)

    def describe_controllers(self):
        config = self.kubeconfig("controllers")
        common = ["--kubeconfig=" + config, "--leader-elect=false", "--bind-address=127.0.0.1"]
        self.add("kube-controller-manager", *common, f"--secure-port={harness.free_port()}",
                 "--service-account-private-key-file=" + self.pki.account_key,
                 "--root-ca-file=" + self.pki.ca, "--controllers=" + CONTROLLERS,
                 "--kube-api-qps=500", "--kube-api-burst=1000", "--concurrent-namespace-syncs=20",
                 "--concurrent-service-endpoint-syncs=10", "--node-monitor-grace-period=1h")
        self.add("kube-scheduler", *common, f"--secure-port={harness.free_port()}",
                 "--kube-api-qps=500", "--kube-api-burst=1000")
        self.add("kwok", "--kubeconfig=" + config, "--manage-all-nodes=true",
                 "--cidr=" + POD_RANGE, "--config=" + self.program("stages.yaml"))

    def start(self):
        self.pki.make()
        self.write_tokens()
        self.api_port = harness.free_port()
        self.describe_etcd()  # the first to start is the last to stop
        self.describe_api()
        self.describe_controllers()
        self.api = Api("127.0.0.1", self.api_port, self.pki.ca, self.tokens["admin"])
        self.processes["etcd"].start()
        self.start_api()
        self.bootstrap()
        self.start_controllers()

    def start_api(self):
        self["kube-apiserver"].start()
        self.await_ready()

    def await_ready(self):
        """Until the API server says that it is ready."""

        def ready():
            self["etcd"].assert_alive()
            self["kube-apiserver"].assert_alive()
            return self.api.is_ready()

        harness.await_("the API server is ready", ready, READY_S, 0.05)

    def bootstrap(self):
        """What an empty cluster lacks for the tests: rights of DNS servers, nodes."""
        role = role_of_dns()
        self.role = role["metadata"]["name"]
        self.api.put(role)
        for name in (DNS_USER, COMPARED_USER):
            self.bind(name)
        for number in range(self.nodes):
            self.api.put(node(number))
        for name in ("default", "kube-system"):  # made by the API server, a little later
            harness.await_("namespace " + name, lambda n=name: self.api.find("Namespace", n))

    def bind(self, name):
        """Give a user the rights of a DNS server."""
        self.api.put(binding(name, self.role, **user(name)))

    def unbind(self, name):
        self.api.delete("ClusterRoleBinding", name)

    CONTROLLING = ("kube-controller-manager", "kube-scheduler", "kwok")

    def start_controllers(self):
        for name in self.CONTROLLING:
            self[name].start()

    def stop_controllers(self):
        for name in self.CONTROLLING:
            self[name].ask_to_end()
        for name in self.CONTROLLING:
            self[name].stop()

    def __getitem__(self, name):
        return self.processes[name]

    def stop(self):
        for name in self.CONTROLLING:
            if name in self.processes:
                self[name].ask_to_end()
        for process in reversed(self.processes.values()):
            process.stop()
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            print(self.tails(), flush=True)
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.stop()

    def tails(self):
        return "\n".join(p.tail() for p in self.processes.values())

    # ---- faults ----

    def kill_api(self):
        self["kube-apiserver"].kill()

    def restart_api(self, gracefully=False):
        """A server that was running or was killed; ready when this returns."""
        if self["kube-apiserver"].alive():
            if gracefully:
                self["kube-apiserver"].stop(90)
            else:
                self.kill_api()
        self.start_api()

    def set_watch_list(self, on):
        """The server's gate of WatchList; restarts it if that is a change."""
        if on != self.watch_list:
            self.watch_list = on
            self.kill_api()
            self.describe_api()
            self.start_api()

    def pause_api(self):
        self["kube-apiserver"].pause()

    def resume_api(self):
        self["kube-apiserver"].resume()
        self.await_ready()

    def etcd(self, path, **body):
        request = urllib.request.Request(f"{self.etcd_url}/v3/{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)

    def compact(self):
        """etcd forgets every revision before its newest. Returns that revision."""
        revision = self.etcd("maintenance/status")["header"]["revision"]
        self.etcd("kv/compaction", revision=revision, physical=True)
        return int(revision)

    def restart_etcd(self):
        """kill -9 and a new start with the same data; the API server stays."""
        self["etcd"].kill()
        self["etcd"].start()
        self.await_ready()

    def down(self):
        """Everything that holds state of etcd in its memory, and etcd, ends."""
        self.stop_controllers()
        self.kill_api()
        self["etcd"].stop()

    def save_etcd(self):
        """A copy of the data as it stands, for restore_etcd()."""
        self["etcd"].pause()  # no fsync, no writer: the files are as they are
        shutil.rmtree(self.path("saved"), ignore_errors=True)
        shutil.copytree(self.path("etcd"), self.path("saved"))
        self["etcd"].resume()

    def replace_etcd(self, make):
        """The cluster goes down, make() replaces the data, the cluster comes back."""
        self.down()
        shutil.rmtree(self.path("etcd"))
        make()
        self["etcd"].start()
        self.start_api()
        self.bootstrap()
        self.start_controllers()

    def restore_etcd(self):
        """Back to what save_etcd() has kept: resourceVersions go back."""
        self.replace_etcd(lambda: os.rename(self.path("saved"), self.path("etcd")))

    def empty_etcd(self):
        """A cluster that knows nothing of what was."""
        self.replace_etcd(lambda: None)

    # ---- use ----

    def kubectl(self, *arguments, stdin=None, fails=False):
        """Standard output; with `fails` whatever the exit status is."""
        done = subprocess.run(
            [self.program("kubectl"), "--kubeconfig=" + self.kubeconfig("admin"),
             "--cache-dir=" + self.path("kubectl-cache"), *arguments],
            input=stdin, capture_output=True, text=True, timeout=120)
        assert fails or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def account(self, name, namespace="kube-system"):
        """A ServiceAccount with the rights of a DNS server; returns its uid."""
        try:
            made = self.api.create({"apiVersion": "v1", "kind": "ServiceAccount",
                                    "metadata": {"name": name, "namespace": namespace}})
        except ApiError as e:
            if e.reason != "AlreadyExists":
                raise
            made = self.api.get("ServiceAccount", name, namespace)
        self.api.put(binding(name, self.role, kind="ServiceAccount", name=name,
                             namespace=namespace))
        return made["metadata"]["uid"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--watch-list", choices=("on", "off"), default="on")
    parser.add_argument("--nodes", type=int, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ControlPlane(options.watch_list == "on", options.nodes) as plane:
        print(f"export KUBECONFIG={plane.kubeconfig('admin')}")
        print(f"alias kubectl={plane.program('kubectl')}")
        print(f"DNS servers: {plane.kubeconfig(DNS_USER)}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
