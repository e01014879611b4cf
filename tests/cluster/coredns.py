"""CoreDNS on the same API server, to compare answers with."""

import contextlib
import os
import urllib.request

import dns.exception

import harness
import isolation
from processes import Process

# kubeadm's Corefile without what is not ours to compare: forward, loop and reload; cache, which
# would show reverse names as they were; fallthrough, because nothing stands behind.
COREFILE = """.:{port} {{
    errors
    {bind}
    ready 127.0.0.1:{ready}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig} cluster
        pods insecure
        ttl 30
    }}
}}
"""


class CoreDns:
    """Use as a context manager; restart() for one that has just read everything anew."""

    def __init__(self, plane, kubeconfig):
        self.port = harness.free_port()
        self.ready_port = harness.free_port()
        path = os.path.join(plane.directory, f"Corefile-{self.port}")
        harness.write_whole(path, COREFILE.format(
            port=self.port, ready=self.ready_port, kubeconfig=kubeconfig,
            bind="" if isolation.isolated() else "bind 127.0.0.1"))
        self.process = Process("coredns", [plane.program("coredns"), "-conf", path],
                               plane.directory)

    def start(self):
        self.process.start()
        harness.await_("CoreDNS is ready", self.is_ready, every_s=0.05)

    def is_ready(self):
        self.process.assert_alive()
        with contextlib.suppress(OSError, dns.exception.Timeout):
            url = f"http://127.0.0.1:{self.ready_port}/ready"
            with urllib.request.urlopen(url, timeout=5) as reply:
                if reply.status == 200:  # its sockets are opened after that
                    harness.ask("127.0.0.1", "cluster.local.", "SOA", port=self.port)
                    return True
        return False

    def stop(self):
        self.process.stop()

    def restart(self):
        self.stop()
        self.start()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
