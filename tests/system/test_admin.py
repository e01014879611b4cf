"""shmdns-admin: health, readiness, metrics (HR, HT, ME, CM and the rows of families)."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import dns.message
import dns.query

import harness
from scrape import Scrape

NAME = "svc-001.shop.svc.cluster.local."
TABLE = os.path.join(harness.SOURCE, "doc", "METRICS.md")
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
RULES = os.path.join(harness.SOURCE, "deploy", "prometheus", "shmdns.rules.yaml")
# Of families that files as the source of objects have no series of.
API_ONLY = {"shmdns_api_credentials_expiry_timestamp_seconds"}


class Lab(unittest.TestCase):
    forward = "()"

    def setUp(self):
        ports = {harness.free_port() for _ in range(20)}
        self.http = dict(zip(("health", "ready", "metrics"), ports))
        self.a = self.enterContext(self.appliance())
        self.await_metrics()

    def enterContext(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def appliance(self):
        return harness.Appliance(harness.cluster(5), http=self.http, forward=self.forward,
                                 http_more={"metrics": 'coredns_compat = "extra";'})

    def await_metrics(self):
        harness.await_("a listener", lambda: self.status("metrics", "/") == 404)

    def request(self, kind, path, method="GET", headers=None, body=None):
        to = http.client.HTTPConnection("127.0.0.1", self.http[kind], timeout=30)
        to.request(method, path, body, headers or {})
        reply = to.getresponse()
        self.assertEqual(reply.getheader("Connection"), "close")
        self.assertTrue(reply.getheader("Content-Type"))
        text = reply.read().decode()
        to.close()
        return reply, text

    def status(self, kind, path):
        try:
            return self.request(kind, path)[0].status
        except OSError:
            return 0

    def scrape(self, openmetrics=False):
        headers = {"Accept": "application/openmetrics-text;version=1.0.0"} if openmetrics else {}
        reply, text = self.request("metrics", "/metrics", headers=headers)
        self.assertEqual(reply.getheader("Content-Type"), OPEN if openmetrics else PLAIN)
        self.text = text
        return Scrape(text, openmetrics)

    @property
    def admin_pid(self):
        pids = self.a.role("shmdns-admin")
        return pids[0] if pids else None

    def ask_tcp(self, name=NAME, type_="A"):
        query = dns.message.make_query(name, type_)
        return dns.query.tcp(query, "127.0.0.1", port=self.a.port, timeout=30)

    def raw(self, kind, octets=b""):
        s = socket.create_connection(("127.0.0.1", self.http[kind]), timeout=30)
        self.addCleanup(s.close)
        s.sendall(octets)
        return s


def read_all(s):
    out = b""
    try:
        while chunk := s.recv(65536):
            out += chunk
    except ConnectionError:
        pass
    return out


class Probes(Lab):
    def test_health_and_ready(self):
        """HR-01, HR-02: both are 200, without the controller too (HR-03)"""
        self.assertEqual(self.request("health", "/health")[1], "OK")
        harness.await_("readiness", lambda: self.status("ready", "/ready") == 200)
        os.kill(self.a.controller_pid, signal.SIGSTOP)
        self.assertEqual(self.status("health", "/health"), 200)
        self.assertEqual(self.status("ready", "/ready"), 200)
        os.kill(self.a.controller_pid, signal.SIGCONT)

    def test_worker_missing(self):
        """HR-02: who is missing is named; /health goes on (HR-01)"""
        harness.await_("readiness", lambda: self.status("ready", "/ready") == 200)
        os.kill(self.a.pid, signal.SIGSTOP)  # nobody replaces it
        self.addCleanup(os.kill, self.a.pid, signal.SIGCONT)
        os.kill(self.a.worker_pids[0], signal.SIGKILL)
        harness.await_("503", lambda: self.status("ready", "/ready") == 503)
        self.assertRegex(self.request("ready", "/ready")[1], r"\Aworker \d: no heartbeat\n\Z")
        self.assertEqual(self.status("health", "/health"), 200)

    def test_replaced(self):
        """HR-01: requests wait for the successor; names never do"""
        before = self.admin_pid
        os.kill(before, signal.SIGKILL)
        self.assertEqual(self.request("health", "/health")[1], "OK")
        self.assertNotEqual(self.admin_pid, before)
        said = self.a.status()["admin"]
        self.assertEqual((said["pid"], said["running"]), (self.admin_pid, True))
        self.assertRegex(self.a.ctl("status", "-c", self.a.config)[1],
                         rf"(?m)^admin +{self.admin_pid}  running ")
        self.assertEqual(harness.outcome(self.a.ask(NAME, "A"))[0], "NOERROR")
        self.assertEqual(self.scrape().value("shmdns_process_exits_total", process="admin",
                                             reason="signal"), 1)

    def test_crash_loop(self):
        """HR-03, MP-03, AL-15: the controller dies again and again: all goes on, one metric says so"""
        harness.await_("readiness", lambda: self.status("ready", "/ready") == 200)
        for _ in range(5):
            pids = harness.await_("a controller", lambda: self.a.role("shmdns-controller"))
            os.kill(pids[0], signal.SIGKILL)
            harness.await_("its end", lambda: pids[0] not in self.a.role("shmdns-controller"))
            self.assertEqual(self.status("health", "/health"), 200)
            self.assertEqual(self.status("ready", "/ready"), 200)
            self.assertEqual(harness.outcome(self.a.ask(NAME, "A"))[0], "NOERROR")
        # One that is about to end has no name any more, and is not counted yet.
        harness.await_("the fifth", lambda: self.scrape().value(
            "shmdns_process_exits_total", process="controller") == 5)
        self.assertEqual(self.scrape().value("shmdns_process_exits_total", process="controller",
                                             reason="signal"), 5)

    def test_self_probe(self):
        """HR-05, MN-04, CM-29: it asks by itself, and says so when nobody answers"""
        def asked():
            return self.scrape().value("shmdns_self_probe_duration_seconds_count")
        harness.await_("a reply", lambda: asked() >= 1)
        scrape = self.scrape()
        self.assertEqual(scrape.value("coredns_health_request_duration_seconds_count"),
                         scrape.value("shmdns_self_probe_duration_seconds_count"))
        self.assertEqual(scrape.value("shmdns_self_probe_failures_total"), 0)
        pids = [self.a.pid, *self.a.worker_pids]  # nobody is replaced, nobody answers
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(os.kill, pid, signal.SIGCONT)
        harness.await_("a failure", lambda: self.scrape().value(
            "coredns_health_request_failures_total") >= 1)
        self.a.await_log(r'self-probe: no reply name=cluster\.local\.')

    def test_hung(self):
        """HR-01: one that hangs is replaced after 10 s; names are answered meanwhile"""
        before = self.admin_pid
        os.kill(before, signal.SIGSTOP)
        self.assertEqual(self.request("health", "/health")[1], "OK")
        self.assertNotEqual(self.admin_pid, before)
        self.a.await_log("admin hangs")


class OneOff(Lab):
    def appliance(self):
        del self.http["health"]
        return super().appliance()

    def test_off(self):
        """HR-01: "" switches a listener off, and the others are there"""
        self.assertEqual(self.status("metrics", "/metrics"), 200)
        self.assertEqual(self.status("ready", "/ready"), 200)
        self.assertNotIn("health", self.http)


class Requests(Lab):
    def test_methods_and_paths(self):
        """HT-02, HT-05: GET and HEAD; a fixed table; nothing of the request comes back"""
        reply, text = self.request("metrics", "/metrics", "HEAD")
        self.assertEqual((reply.status, text), (200, ""))
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            reply, _ = self.request("metrics", "/metrics", method)
            self.assertEqual(reply.status, 405, method)
            self.assertEqual(reply.getheader("Allow"), "GET, HEAD")
        for path in ("/", "/metrics/", "//metrics", "/../metrics", "/health", "/<script>"):
            reply, text = self.request("metrics", path)
            self.assertEqual((reply.status, text), (404, "not found\n"), path)

    def test_body_is_not_awaited(self):
        """HT-02: 405 before the body that was announced"""
        s = self.raw("metrics", b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                     b"Connection: keep-alive\r\n\r\n")
        self.assertTrue(read_all(s).startswith(b"HTTP/1.1 405 "))

    def test_one_request(self):
        """HT-04: a second request on the connection is not answered"""
        one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        self.assertEqual(read_all(self.raw("health", one * 2)).count(b"HTTP/1.1 "), 1)

    def test_too_long(self):
        """HT-03: headers over 16 KiB are refused"""
        s = self.raw("health", b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n")
        self.assertRegex(read_all(s), rb"\A(HTTP/1.1 4(31|13|14) |\Z)")
        self.assertEqual(self.status("health", "/health"), 200)

    def test_crowd_of_many(self):
        """HT-03: those who say nothing keep nobody out, from however many addresses they come"""
        crowd = []
        for i in range(160):
            s = socket.socket()
            self.addCleanup(s.close)
            s.bind((f"127.0.0.{2 + i // 16}", 0))
            s.connect(("127.0.0.1", self.http["health"]))
            crowd.append(s)
            if i % 16 == 15:
                to = http.client.HTTPConnection("127.0.0.1", self.http["health"], timeout=2)
                to.request("GET", "/health")  # less than the 5 s that one of them may take
                self.assertEqual(to.getresponse().status, 200, i)
                to.close()

    def test_crowd(self):
        """HT-03: idle and half requests end by our own time; 16 from an address"""
        crowd = [self.raw("metrics", b"GET /met" if i % 2 else b"") for i in range(80)]
        drip = self.raw("health", b"GET /")
        began = time.monotonic()
        self.assertEqual(harness.outcome(self.a.ask(NAME, "A"))[0], "NOERROR")
        self.assertEqual(harness.outcome(self.ask_tcp())[0], "NOERROR")
        self.assertEqual(self.status("ready", "/ready"), 200)
        drip.settimeout(0.5)
        while True:  # an octet each half second is no idle connection
            try:
                if drip.recv(100) == b"":
                    break
            except TimeoutError:
                drip.sendall(b"x")
            except ConnectionError:
                break
            self.assertLess(time.monotonic() - began, 30)
        for s in crowd:
            read_all(s)
        harness.await_("a scrape", lambda: self.status("metrics", "/metrics") == 200)
        self.assertEqual(self.a.log_lines("admin died"), [])


class Metrics(Lab):
    def test_table(self):
        """ME-10: families are those of doc/METRICS.md, with their types, labels and help"""
        self.a.ask(NAME, "A")
        scrape = self.scrape()
        want, labels = {}, {}
        with open(TABLE) as f:
            for row in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", f.read(), re.M):
                want[row[0]] = (row[1], row[3])
                labels[row[0]] = {word for word in row[2].split(", ") if word != "-"}
        got = {n: (f.type, f.help) for n, f in scrape.families.items()}
        self.assertEqual({n: v for n, v in got.items() if n in want}, {
            n: v for n, v in want.items() if n in got})
        self.assertEqual(set(got), set(want))
        for name, family in scrape.families.items():
            if family.samples:
                self.assertEqual({label for _, pairs in family.samples for label, _ in pairs} -
                                 {"le"}, labels[name], name)

    def test_promtool(self):
        """ME-10: promtool finds nothing, neither in a scrape nor in our alerts"""
        promtool = harness.promtool()
        self.scrape()
        done = subprocess.run([promtool, "check", "metrics"], input=self.text, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        done = subprocess.run([promtool, "check", "rules", RULES], text=True, capture_output=True)
        self.assertIn("SUCCESS", done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_openmetrics(self):
        """ME-04: the same series in both formats"""
        plain, other = self.scrape(), self.scrape(openmetrics=True)
        self.assertEqual(set(plain.series()), set(other.series()))

    def test_counts(self):
        """MQ-01, MQ-02, MQ-03, CM-04 to CM-09: what was asked is what was counted"""
        before = self.scrape()
        query = dns.message.make_query(NAME, "A", want_dnssec=True)
        sent = len(query.to_wire())
        reply = dns.query.udp(query, "127.0.0.1", port=self.a.port, timeout=30)
        got = len(reply.to_wire())
        self.ask_tcp("nope.shop.svc.cluster.local.", "AAAA")
        after = self.scrape()

        def rise(name, **labels):
            return after.value(name, **labels) - (before.value(name, **labels) or 0)

        own = rise("shmdns_queries_total", qtype="SOA")  # HR-05
        own_octets = own * len(dns.message.make_query("cluster.local.", "SOA").to_wire())
        self.assertEqual(rise("shmdns_queries_total", proto="udp", family="ipv4", qtype="A"), 1)
        self.assertEqual(rise("shmdns_queries_total", proto="tcp", qtype="AAAA"), 1)
        self.assertEqual(rise("shmdns_answers_total", source="cluster", rcode="NXDOMAIN"), 1)
        self.assertEqual(rise("shmdns_query_duration_seconds_count", source="cluster"), 2 + own)
        server = {"server": f"dns://:{self.a.port}", "zone": ".", "view": ""}
        self.assertEqual(rise("coredns_dns_requests_total", proto="udp", family="1", type="A",
                              **server), 1)
        self.assertEqual(rise("coredns_dns_request_duration_seconds_count", **server), 2 + own)
        self.assertEqual(rise("coredns_dns_request_duration_seconds_bucket", le="8.192"),
                         2 + own)
        self.assertEqual(rise("coredns_dns_request_size_bytes_sum", proto="udp", **server),
                         sent + own_octets)
        sizes = rise("coredns_dns_response_size_bytes_sum", proto="udp", **server)
        self.assertEqual(sizes, got) if own == 0 else self.assertGreater(sizes, got)
        self.assertEqual(rise("coredns_dns_do_requests_total", **server), 1)
        self.assertEqual(rise("coredns_dns_responses_total", rcode="NXDOMAIN",
                              plugin="kubernetes", **server), 1)
        self.assertEqual(rise("shmdns_tcp_connections_total"), 1)

    def test_buckets(self):
        """ME-03: bounds of coredns_* are CoreDNS's, as it writes them"""
        scrape = self.scrape()

        def bounds(name):
            return sorted({dict(ls)["le"] for (n, ls) in scrape.series() if n == name + "_bucket"},
                          key=float)

        times = [repr(0.00025 * 2 ** k).removesuffix(".0") for k in range(16)] + ["+Inf"]
        sizes = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000]
        self.assertEqual(bounds("coredns_dns_request_duration_seconds"), times)
        for name in ("request", "response"):
            self.assertEqual(bounds(f"coredns_dns_{name}_size_bytes"), [*map(str, sizes), "+Inf"])

    def never_back(self, before, after):
        for key, value in before.counters().items():
            self.assertGreaterEqual(after.counters().get(key, -1), value, key)

    def test_kills(self):
        """ME-05, ME-06: no counter goes back over the death of any process"""
        for _ in range(20):
            self.a.ask(NAME, "A")
        for name in ("shmdns-worker", "shmdns-worker", "shmdns-controller", "shmdns-forwarder",
                     "shmdns-admin"):
            before = self.scrape()
            pid = self.a.role(name)[0]
            os.kill(pid, signal.SIGKILL)
            harness.await_("a successor", lambda: pid not in self.a.role(name) and
                           len(self.a.role(name)) == (2 if name == "shmdns-worker" else 1))
            harness.await_("readiness", lambda: self.status("ready", "/ready") == 200)
            self.never_back(before, self.scrape())

    def test_drops(self):
        """MP-09: what the kernel drops at a full socket is counted"""
        for pid in self.a.worker_pids:
            os.kill(pid, signal.SIGSTOP)  # until it is replaced because it hangs
        query = dns.message.make_query(NAME, "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.a.port))
            for _ in range(40000):
                s.send(query)
        harness.await_("drops", lambda: self.scrape().value(
            "shmdns_socket_dropped_packets_total") > 0)
        self.assertEqual(self.scrape().value("shmdns_worker_share_withdrawn"), 0)

    def test_processes(self):
        """ME-08, CM-44: sums over all processes, the start of the supervisor"""
        scrape = self.scrape()
        self.assertGreater(scrape.value("process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(scrape.value("process_open_fds"), 20)
        started = scrape.value("process_start_time_seconds")
        self.assertLess(abs(time.time() - started), 600)
        for name, n in (("worker", 2), ("controller", 1), ("forwarder", 1), ("admin", 1)):
            self.assertEqual(scrape.value("shmdns_processes", process=name), n)


class Upstream(Lab):
    """With an upstream that answers, so that every series has a reason to be there."""

    def setUp(self):
        self.stub_port = harness.free_port()
        self.forward = f'( {{ from = "."; to = [ "127.0.0.1:{self.stub_port}" ]; }} )'
        stub = subprocess.Popen([harness.program("demo-stub"), str(self.stub_port)],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(stub.stdout.close)
        self.addCleanup(stub.wait)
        self.addCleanup(stub.kill)
        self.assertIn("ready", stub.stdout.readline())
        super().setUp()


class Compat(Upstream):
    def test_alerts(self):
        """AL-10 to AL-21: each selector of our own alerts finds series"""
        self.a.ask("www.example.test.", "A", timeout_s=10)
        names = {n for n, _ in self.scrape().series()}
        with open(RULES) as f:
            used = set(re.findall(r"\b(shmdns_\w+)\{", f.read()))
        self.assertGreater(len(used), 12)
        self.assertEqual(used - names - API_ONLY, set())

    def test_upstreams(self):
        """CM-19: exchanges under both names; our own families name the upstream"""
        self.a.ask("www.example.test.", "A", timeout_s=10)
        scrape, to = self.scrape(), f"127.0.0.1:{self.stub_port}"
        for name, more in (("coredns_proxy_request_duration_seconds_count",
                            {"proxy_name": "forward"}),
                           ("coredns_forward_request_duration_seconds_count", {}),
                           ("coredns_forward_responses_total", {})):
            self.assertEqual(scrape.value(name, to=to, rcode="NOERROR", **more), 1, name)
        self.assertEqual(scrape.value("shmdns_upstream_queries_total", upstream=to), scrape.value(
            "coredns_forward_requests_total", to=to))
        self.assertEqual(scrape.value("shmdns_cache_misses_total"), 1)
        self.a.ask("www.example.test.", "A")
        scrape = self.scrape()
        self.assertEqual(scrape.value("coredns_cache_hits_total", type="success", zones="."), 1)
        self.assertEqual(scrape.value("shmdns_answers_total", source="cache"), 1)

    def test_forwarder_killed(self):
        """ME-05: what was counted of an upstream stays when its forwarder is replaced"""
        self.a.ask("www.example.test.", "A", timeout_s=10)
        before = self.scrape()
        pid = self.a.role("shmdns-forwarder")[0]
        os.kill(pid, signal.SIGKILL)
        self.a.await_log(r"forwarding slot=0 .* cache=adopted")
        after = self.scrape()
        for key, value in before.counters().items():
            self.assertGreaterEqual(after.counters().get(key, -1), value, key)


class Off(unittest.TestCase):
    def test_no_admin(self):
        """HR-01: where nothing listens there is no admin"""
        with harness.Appliance(harness.cluster(3)) as a:
            self.assertEqual(a.role("shmdns-admin"), [])
            self.assertNotIn("admin", a.status())

    def test_held(self):
        """HR-01: a port that is held is named with its holder, and names are answered"""
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
            with harness.Appliance(harness.cluster(3), http={"health": port}) as a:
                a.await_log(rf"port held health\.listen=127\.0\.0\.1:{port} holder=\"process")


if __name__ == "__main__":
    unittest.main()
