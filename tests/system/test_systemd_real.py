"""The unit under systemd itself, in namespaces: what no stand-in for it shows (SD, SY).

One machine for all tests; each begins with the service in a new life.
"""

import contextlib
import glob
import http.client
import os
import re
import signal
import socket
import threading
import time
import unittest

import dns.message
import dns.rcode

import harness
from harness import await_
from machine import Machine

NAME = "svc-001.shop.svc.cluster.local."
RIGHT = ("NOERROR", ["10.96.1.1"])
PACE_S = 0.01  # between queries: what waits through a slow restart fits into small buffers
OBJECTS = "/etc/shmdns/objects"
DROP_IN = "/etc/systemd/system/shmdns.service.d/test.conf"
WORKERS = 2
BATCH = 32  # that a worker holds in its hands at most
CAP_NET_BIND_SERVICE = 1 << 10
ONE_ADDRESS = ["127.0.0.1"]
HELD, LATE = "127.0.0.9", "10.53.0.1"  # by somebody else; not there at first


def first_ttl(reply):
    return reply.answer[0].ttl if reply.answer else None


class Stream:
    """Queries at an even pace while the block runs; then those without an answer are known."""

    def __init__(self, machine):
        with machine.network():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PACE_S)
        self.wire = dns.message.make_query(NAME, "A").to_wire()[2:]
        self.sent = 0
        self.waiting = set()
        self.wrong = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *why):
        self.over.set()
        self.thread.join()
        self.socket.close()

    def run(self):
        while not self.over.wait(PACE_S):
            self.waiting.add(self.sent)
            self.socket.sendto(self.sent.to_bytes(2, "big") + self.wire, ("127.0.0.1", 53))
            self.sent += 1
            self.receive()

    def receive(self):
        with contextlib.suppress(BlockingIOError, socket.timeout):
            while True:
                octets = self.socket.recv(4096, socket.MSG_DONTWAIT)
                if harness.outcome(dns.message.from_wire(octets)) != RIGHT:
                    self.wrong.append(octets)
                self.waiting.discard(int.from_bytes(octets[:2], "big"))

    def finish(self, most=0):
        """All but so many were answered, rightly."""
        more = self.sent + 20  # the service answers again, and has got to what had waited
        await_("more queries", lambda: self.sent > more)
        self.over.set()
        self.thread.join()

        def answered():
            self.receive()
            return len(self.waiting) <= most

        await_(f"answers to all of {self.sent} queries but {most}", answered)
        assert not self.wrong, self.wrong


class SystemdReal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need_root()
        harness.need("unshare", "nsenter", "systemctl", "systemd-sysusers", "systemd-tmpfiles",
                     "journalctl", "setpriv", "ip")
        if harness.sanitized("shmdnsd"):
            raise unittest.SkipTest("the unit's filter of system calls is none for sanitizers")
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.start()
        cls.install()

    @classmethod
    def install(cls):
        """What a package does, and an administrator."""
        m = cls.machine
        m.must("systemd-sysusers")
        m.must("systemd-tmpfiles", "--create")
        usage = m.must("/usr/local/sbin/shmdnsd", "-h")
        cls.config = re.search(r"default (/\S+)\)", usage)[1]
        m.write(OBJECTS + "/cluster.json", harness.cluster())
        m.must("systemctl", "daemon-reload")
        m.must("systemctl", "enable", "-q", "shmdns")

    @classmethod
    def configure(cls, addresses=ONE_ADDRESS, ttl=30, more=""):
        listen = ", ".join(f'{{ address = "{a}"; port = 53; }}' for a in addresses)
        cls.machine.write(cls.config, f"""
listen = ( {listen} );
workers = {WORKERS};
kubernetes = {{ source = "files"; path = "{OBJECTS}"; ttl = {ttl}; }};
forward = ();
health = {{ lameduck = "0s"; listen = ""; }};
ready = {{ listen = ""; }};
metrics = {{ listen = "127.0.0.1:9153"; }};
{more}
""")

    def setUp(self):
        self.m = self.machine
        self.m.must("systemctl", "stop", "shmdns")  # nothing is stored any more
        self.configure()
        self.m.must("systemctl", "start", "shmdns")
        self.await_answer()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print("---- journal\n" + self.machine.journal("-n", "80"), flush=True)

    def ask(self, server="127.0.0.1", tcp=False, take=harness.outcome):
        """The outcome of one query, or None."""
        query = dns.message.make_query(NAME, "A")
        with self.m.network():
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        with s, contextlib.suppress(OSError):
            s.settimeout(0.5)
            s.connect((server, 53))
            if tcp:
                harness.dns.query.send_tcp(s, query)
                return take(harness.dns.query.receive_tcp(s)[0])
            s.send(query.to_wire())
            return take(dns.message.from_wire(s.recv(4096)))
        return None

    def scrape(self):
        connection = http.client.HTTPConnection("127.0.0.1", 9153, timeout=10)
        with self.m.network(), contextlib.closing(connection):
            connection.request("GET", "/metrics")
            return connection.getresponse().read()

    def await_answer(self, *where):
        await_(f"an answer {where}", lambda: self.ask(*where) == RIGHT)

    @property
    def supervisor(self):
        """The service's main process, by the pid that the host has. None: there is none."""
        inside = self.m.show("MainPID")
        for pid in self.processes("shmdnsd"):  # or a child that is not yet what it will be
            with contextlib.suppress(OSError):
                if self.status_of(pid)["NSpid"].split()[-1] == inside:
                    return pid
        return None

    def processes(self, program):
        """Pids of the service's processes of this program, as the host has them."""
        out = []
        for path in glob.glob(f"{self.m.group}/**/shmdns.service/cgroup.procs", recursive=True):
            with open(path) as f:
                for pid in map(int, f.read().split()):
                    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline") as c:
                        if os.path.basename(c.read().split("\0")[0]) == program:
                            out.append(pid)
        return out

    def await_successor(self, old):
        """Another supervisor than `old`, which systemd has heard READY=1 of."""
        await_("another supervisor", lambda: self.supervisor not in (None, old))
        await_("an active service",
               lambda: self.m.show("ActiveState") == "active")
        self.await_answer()

    def invocation(self):
        """What journalctl knows the present life of the service by."""
        return "_SYSTEMD_INVOCATION_ID=" + self.m.show("InvocationID")

    def objects(self):
        return sorted(os.path.basename(p) for p in glob.glob(self.m.path("/dev/shm/shmdns.*")))

    def status_of(self, pid):
        with open(f"/proc/{pid}/status") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)

    def test_start(self):
        """SD-01, SD-02, SY-01, SY-07, SY-09: active by READY=1, as user shmdns, fenced in"""
        self.assertEqual(self.ask(tcp=True), RIGHT)
        uid = int(self.m.must("id", "-u", "shmdns"))
        programs = {"shmdnsd": 1, "shmdns-controller": 1, "shmdns-worker": WORKERS,
                    "shmdns-forwarder": 1, "shmdns-admin": 1}
        for program, count in programs.items():
            await_(program, lambda: len(self.processes(program)) == count)
            for pid in self.processes(program):
                s = self.status_of(pid)
                self.assertEqual({int(u) for u in s["Uid"].split()}, {uid}, program)
                self.assertEqual(s["NoNewPrivs"], "1", program)
                self.assertEqual(s["Seccomp"], "2", program)
                self.assertEqual(int(s["CapBnd"], 16) & ~CAP_NET_BIND_SERVICE, 0, program)
        for path, mode in (("/run/shmdns", 0o750), ("/var/lib/shmdns", 0o700)):
            s = os.stat(self.m.path(path))
            self.assertEqual((s.st_uid, s.st_mode & 0o7777), (uid, mode), path)
        self.assertEqual(self.m.must("journalctl", "-q", "-p", "err", self.invocation()), "")
        self.assertNotRegex(self.m.must("journalctl", "-q", "_PID=1"), r"shmdns\.service:\d+")
        self.assertIn(b"shmdns_", self.scrape())
        status = self.m.must("systemctl", "status", "--no-pager", "shmdns")
        self.assertRegex(status, rf'Status: "generation [1-9]\d*, [1-9]\d* names, {WORKERS} workers')

    def test_tools(self):
        """SD-05, OP-05: shmdnsctl of root, and of who is in group shmdns; nobody else's"""
        self.assertIn(NAME, self.m.must("shmdnsctl", "query", "@127.0.0.1", NAME, "A"))
        self.assertIn("2 workers", self.m.must("shmdnsctl", "status"))
        self.assertIn("2 workers", self.m.must(*self.nobody("shmdns"), "shmdnsctl", "status"))
        self.assertIn("not permitted", self.m.run(*self.nobody("shmdns"), "shmdnsctl", "freeze")[1])
        self.m.must("shmdnsctl", "freeze")
        self.m.must("shmdnsctl", "thaw")
        for verb in ("status", "freeze"):
            code, text = self.m.run(*self.nobody("nogroup"), "shmdnsctl", verb)
            self.assertNotEqual(code, 0, text)
            self.assertIn("ermission denied", text)
            self.assertIn("group", text)

    def nobody(self, group):
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", f"--groups={group}"]

    def await_ttl(self, ttl):
        await_(f"a TTL of {ttl}", lambda: self.ask(take=first_ttl) == ttl)

    def test_reload(self):
        """SD-03, RL-02: `systemctl reload` is done by ExecReload; errors change nothing"""
        self.configure(ttl=71)
        self.m.must("systemctl", "reload", "shmdns")
        self.await_ttl(71)
        done = len(re.findall("reload done", self.m.journal()))
        self.m.must("systemctl", "reload", "shmdns")  # nothing is new: it is by the command
        await_("a reload", lambda: len(re.findall("reload done", self.m.journal())) > done)
        pid = self.supervisor
        self.configure(ttl=72, more="no_such_key = 1;")
        self.assertNotEqual(self.m.run("systemctl", "reload", "shmdns")[0], 0)
        await_("a complaint", lambda: "no_such_key" in self.m.journal("-p", "err"))
        self.assertEqual((self.ask(take=first_ttl), self.supervisor), (71, pid))
        self.m.must("systemctl", "restart", "shmdns")
        self.await_ttl(71)
        self.assertIn("no_such_key", self.m.journal("-p", "err", self.invocation()))
        await_("a word of it", lambda: "the last good one" in self.m.must(
            "systemctl", "status", "--no-pager", "shmdns"))
        self.configure()
        self.m.must("systemctl", "reload", "shmdns")
        self.await_ttl(30)

    def test_restart(self):
        """DE-08, SY-04, EV-05: queries wait in the stored sockets while it is restarted"""
        self.assertEqual(self.m.show("NFileDescriptorStore"), str(2 * WORKERS))
        with Stream(self.m) as stream:
            await_("queries", lambda: stream.sent > 5)
            old = self.supervisor
            self.m.must("systemctl", "restart", "shmdns")
            self.await_successor(old)
            stream.finish()
        self.assertIn("sockets taken back", self.m.journal())

    def test_killed(self):
        """SY-02, SY-04: a killed supervisor and a killed worker are replaced, batches are lost"""
        restarts = int(self.m.show("NRestarts"))
        with Stream(self.m) as stream:
            old = self.supervisor
            os.kill(old, signal.SIGKILL)
            self.await_successor(old)
            self.assertEqual(int(self.m.show("NRestarts")), restarts + 1)
            pid = self.supervisor
            worker = self.processes("shmdns-worker")[0]
            os.kill(worker, signal.SIGKILL)
            await_("another worker", lambda: worker not in self.processes("shmdns-worker") and
                   len(self.processes("shmdns-worker")) == WORKERS)
            stream.finish(most=(WORKERS + 1) * BATCH)
        self.assertEqual(self.supervisor, pid)

    def test_address(self):
        """SY-02, SD-07: an address that comes late is served, however many starts failed before"""
        self.assertEqual(self.m.show("StartLimitIntervalUSec"), "0")
        os.unlink(self.m.path("/var/lib/shmdns/last-good.conf"))
        self.configure([HELD, LATE])
        with self.m.network():
            stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with stranger:
            stranger.bind((HELD, 53))
            began = time.monotonic()
            self.m.run("systemctl", "restart", "shmdns")
            self.assertGreaterEqual(time.monotonic() - began, 1)  # not ten times a second
            self.assertRegex(self.m.journal(), f"port held listen={HELD}:53.* uid 0 ")
        await_("a complaint", lambda: f"address unknown listen={LATE}:53" in self.m.journal())
        self.m.must("ip", "address", "add", LATE + "/32", "dev", "lo")
        self.await_answer(LATE)
        self.await_answer(HELD)

    def test_watchdog(self):
        """SY-03: a supervisor that stands still is killed by systemd, and another started"""
        self.m.write(DROP_IN, "[Service]\nWatchdogSec=3s\n")
        self.m.must("systemctl", "daemon-reload")
        self.m.must("systemctl", "restart", "shmdns")
        old = self.supervisor
        os.kill(old, signal.SIGSTOP)
        self.await_successor(old)
        self.assertIn("Watchdog timeout", self.m.journal())
        os.unlink(self.m.path(DROP_IN))
        self.m.must("systemctl", "daemon-reload")

    def test_stop(self):
        """SY-05, DE-09: `systemctl stop` leaves no process, no object, no socket"""
        self.assertTrue(self.objects())
        self.m.must("systemctl", "stop", "shmdns")
        self.assertEqual(self.m.show("Result"), "success")
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.m.show("NFileDescriptorStore"), "0")
        self.assertIsNone(self.supervisor)
        self.assertIsNone(self.ask())
