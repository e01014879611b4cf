#!/usr/bin/python3
"""test_shmdnsd.py - the supervisor with stand-ins for its children (fake_child.c).

Run in the build directory by `make check`; arguments are classes and tests (Life,
Life.test_start_and_stop). Each test has an instance, a directory and ports of its own.
Wildcards are tried in a network namespace, where one can be made (unshare -n for Namespaces).
"""
import concurrent.futures
import contextlib
import fcntl
import glob
import os
import queue
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(TESTS, "system"))
import logtext  # noqa: E402

BUILD = os.environ.get("SHMDNS_BUILD", os.getcwd())
JOBS = 4  # classes at a time
WAIT = 20  # seconds; how long anything awaited may take at most
PORTS = 10240, 32768
CHILDREN = ("shmdns-controller", "shmdns-worker", "shmdns-forwarder", "shmdns-admin")
NO_HTTP = ('health = { listen = ""; lameduck = "0s"; }; ready = { listen = ""; }; '
           'metrics = { listen = ""; };')


DRAWN = []  # ports, the latest last: two of a test are never the same


def free_port():
    """A port that nobody has at 127.0.0.1, neither for UDP nor for TCP; no recent one again.

    Below those that the kernel gives to clients, and above those that tests/system takes:
    there nobody gets it before we do.
    """
    while True:
        port = random.randrange(*PORTS)
        if port in DRAWN[-50:]:
            continue
        with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s,
              socket.socket(socket.AF_INET, socket.SOCK_STREAM) as t,
              contextlib.suppress(OSError)):
            s.bind(("127.0.0.1", port))
            t.bind(("127.0.0.1", port))
            DRAWN.append(port)
            return port


def eventually(what, condition):
    """Wait until condition() is true and return its value."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain for " + what)


def alive(pid):
    """True if the process is there and not a zombie."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Appliance:
    """A supervisor in a directory of its own."""

    count = 0

    def __init__(self, listen=None, workers=2):
        Appliance.count += 1
        self.instance = "sup%dt%d" % (os.getpid(), Appliance.count)
        self.dir = tempfile.mkdtemp(prefix="shmdnsd.")
        for name in ("shmdnsd", *CHILDREN):
            source = name if name == "shmdnsd" else "fake_child"
            shutil.copy(os.path.join(BUILD, source), self.path(name))
        self.port = free_port()
        self.configure(listen or ["127.0.0.1"], workers)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path("notify"))
        self.heard = queue.Queue()
        threading.Thread(target=self.hear, daemon=True).start()
        self.process = None

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def configure(self, listen, workers, more="", http=NO_HTTP):
        self.listen, self.workers = listen, workers
        entries = ", ".join('{ address = "%s"; port = %d; }' % (a, self.port) for a in listen)
        with open(self.path("conf.new"), "w", encoding="ascii") as f:
            f.write('instance = "%s";\nrun_dir = "%s";\nstate_dir = "%s";\nworkers = %d;\n'
                    'listen = ( %s );\nkubernetes = { source = "files"; path = "%s"; };\n%s\n%s\n'
                    % (self.instance, self.path("run"), self.path("state"), workers, entries,
                       self.dir, http, more))
        os.rename(self.path("conf.new"), self.path("conf"))  # it is watched

    def ask_for(self, listen, workers, more=""):
        """Another configuration, by signal: it comes with the notice of the change, or there
        might be a reload for each."""
        self.process.send_signal(signal.SIGSTOP)
        self.configure(listen, workers, more)
        self.process.send_signal(signal.SIGHUP)
        self.process.send_signal(signal.SIGCONT)

    def lock(self):
        return self.path("run", self.instance, "instance.lock")

    def environment(self):
        return dict(os.environ, FAKE_DIR=self.dir, NOTIFY_SOCKET=self.path("notify"))

    def start(self, *options, wait=True, files=None, under=()):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        log = open(self.path("stderr"), "ab")
        self.process = subprocess.Popen(
            [*under, self.path("shmdnsd"), "-c", self.path("conf"), *options],
            stderr=log, stdin=subprocess.DEVNULL, env=self.environment(),
            preexec_fn=limit if files else None)
        log.close()
        if wait:
            self.line("supervisor: ready workers")
        return self

    def run(self, *options):
        """A second supervisor, to its end."""
        done = subprocess.run([self.path("shmdnsd"), "-c", self.path("conf"), *options],
                              capture_output=True, text=True, timeout=WAIT,
                              env=self.environment(), check=False)
        done.stderr = logtext.plain(done.stderr)
        return done

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                text = f.read()
                return logtext.plain(text) if name == "stderr" else text
        except FileNotFoundError:
            return ""

    def line(self, pattern, name="stderr", count=1):
        """Wait for the count-th line that matches, and return the match."""
        def find():
            found = list(re.finditer(pattern, self.read(name)))
            return found[count - 1] if len(found) >= count else None
        return eventually("%r in %s:\n%s" % (pattern, name, self.read(name)), find)

    def pid(self, role, slot):
        """The last process that was started in that slot."""
        pids = re.findall(r"%s started slot=%d pid=(\d+)" % (role, slot), self.read("stderr"))
        return int(pids[-1])

    def pids(self):
        return [int(p) for p in re.findall(r"started slot=\d+ pid=(\d+)", self.read("stderr"))]

    def ask(self, address="127.0.0.1", wait=WAIT):
        """Send one packet from a fresh port; (slot, share) that answered."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(wait)
            s.connect((address, self.port))
            s.send(b"?")
            words = s.recv(512).decode().split()
            return int(words[1]), int(words[3])

    def closed(self, address):
        """Wait until nobody has that address: workers close their sockets when they can."""
        def refused():
            try:
                self.ask(address, wait=0.2)
            except ConnectionRefusedError:
                return True
            except socket.timeout:
                pass
            return False
        eventually("end of " + address, refused)

    def hear(self):
        """Be a service manager that keeps no descriptors; "" to its socket ends it."""
        with self.notify:
            while message := self.notify.recv(4096).decode():
                self.heard.put(message)

    def told(self, text):
        """Wait for a message to the service manager that contains `text`."""
        end = time.monotonic() + WAIT
        while True:  # there is a STATUS every few seconds
            message = self.heard.get(timeout=max(0, end - time.monotonic()))
            if text in message:
                return message

    def touch(self, name):
        with open(self.path(name), "w", encoding="ascii"):
            pass

    def shm(self):
        return glob.glob("/dev/shm/shmdns.%s.*" % self.instance)

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT)
        for pid in self.pids():
            eventually("end of %d" % pid, lambda p=pid: not alive(p))
        for path in self.shm():
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.path("notify"))
        shutil.rmtree(self.dir)


class Base(unittest.TestCase):
    def appliance(self, *args, **kwargs):
        a = Appliance(*args, **kwargs)
        self.addCleanup(a.close)
        return a


class Life(Base):
    def test_start_and_stop(self):
        """SD-01, SD-02, SH-10: READY when all serve; nothing is left behind."""
        a = self.appliance().start()
        a.told("READY=1")
        self.assertEqual(len(a.shm()), 9)
        self.assertEqual({a.ask() for _ in range(64)}, {(0, 0), (1, 1)})
        self.assertEqual(a.stop(), 0)
        a.told("STOPPING=1")
        self.assertEqual(a.shm(), [])
        self.assertFalse(os.path.exists(a.lock()))
        self.assertFalse(any(alive(p) for p in a.pids()))
        told = re.findall(r"(\w+) slot=\d life=\d RETIRE", a.read("log"))
        self.assertEqual(told, ["worker", "worker", "forwarder", "controller"])

    def test_descriptors_of_children(self):
        """Nothing is inherited but stdin, stdout, stderr and the pair."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        fds = "/proc/%d/fd" % a.pid("controller", 0)
        self.assertEqual(sorted(os.listdir(fds))[:4], ["0", "1", "2", "3"])
        # the stat page's descriptor is the stand-in's own: it came by message
        eventually("five descriptors", lambda: len(os.listdir(fds)) <= 5)
        env = open("/proc/%d/environ" % a.pid("worker", 0), encoding="utf-8").read()
        self.assertNotIn("NOTIFY_SOCKET", env)

    def test_lingering_children_are_killed(self):
        a = self.appliance()
        a.touch("linger")
        a.start()
        self.assertEqual(a.stop(), 0)
        self.assertEqual(a.read("stderr").count("reason=stop"), 4)
        self.assertEqual(a.shm(), [])

    def test_second_signal_ends_at_once(self):
        a = self.appliance()
        a.touch("linger")
        a.start()
        a.process.send_signal(signal.SIGINT)
        a.line("RETIRE", "log")
        self.assertEqual(a.stop(), 0)
        self.assertEqual(a.read("stderr").count("signal=9"), 4)

    def test_second_supervisor_refuses(self):
        """M-14, SH-10: by run_dir, and with another run_dir by the lock object."""
        a = self.appliance().start()
        second = a.run()
        self.assertEqual(second.returncode, 1)
        self.assertIn("instance in use", second.stderr)
        self.assertIn("pid=%d" % a.process.pid, second.stderr)
        with open(a.path("conf"), encoding="ascii") as f:
            text = f.read().replace(a.path("run"), a.path("elsewhere"))
        with open(a.path("conf"), "w", encoding="ascii") as f:
            f.write(text)
        lock = open("/dev/shm/shmdns.%s.lock" % a.instance, "rb")
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the controller does
        second = a.run()
        self.assertEqual(second.returncode, 1)
        self.assertIn("a controller with another run_dir", second.stderr)
        self.assertEqual(len(a.shm()), 9)

    def test_supervisor_killed(self):
        """G5: with it all end; the next one removes what is left and starts."""
        a = self.appliance().start()
        a.process.kill()
        a.process.wait(WAIT)
        for pid in a.pids():
            eventually("death of %d" % pid, lambda p=pid: not alive(p))
        self.assertEqual(len(a.shm()), 9)
        a.start(wait=False)
        a.line("leftovers removed instance=%s objects=8" % a.instance)
        a.line("supervisor: ready workers", count=2)
        self.assertEqual(a.stop(), 0)
        self.assertEqual(a.shm(), [])

    def test_replaced_programs(self):
        """M-10: programs replaced on disk: the old ones are started again."""
        a = self.appliance().start()
        old = os.stat("/proc/%d/exe" % a.pid("worker", 0)).st_ino
        os.rename(a.path("shmdns-worker"), a.path("gone"))
        a.touch("shmdns-worker")
        os.kill(a.pid("worker", 0), signal.SIGKILL)
        a.line("worker ready slot=0", count=2)
        self.assertEqual(os.stat("/proc/%d/exe" % a.pid("worker", 0)).st_ino, old)

    def test_moved_installation(self):
        a = self.appliance()
        os.makedirs(a.path("libexec", "shmdns"))
        os.mkdir(a.path("sbin"))
        for name in CHILDREN:
            os.rename(a.path(name), a.path("libexec", "shmdns", name))
        os.rename(a.path("shmdnsd"), a.path("sbin", "shmdnsd"))
        os.symlink("sbin/shmdnsd", a.path("shmdnsd"))
        a.start()
        self.assertEqual(a.stop(), 0)

    def test_program_missing(self):
        a = self.appliance()
        os.unlink(a.path("shmdns-worker"))
        if os.path.exists("/usr/local/libexec/shmdns/shmdns-worker"):
            self.skipTest("shmdns is installed")
        run = a.run()
        self.assertEqual(run.returncode, 1)
        self.assertIn("program missing name=shmdns-worker", run.stderr)


class Deaths(Base):
    def test_killed_worker(self):
        """DE-03: what is asked while nobody reads is answered by the successor."""
        a = self.appliance(workers=1).start()
        for k in range(3):
            old = a.pid("worker", 0)
            os.kill(old, signal.SIGKILL)
            self.assertEqual(a.ask(), (0, 0))
            a.line("worker died slot=0 pid=%d signal=9 lived_ms=" % old)
            a.line("worker ready slot=0", count=k + 2)
            self.assertNotEqual(a.pid("worker", 0), old)

    def test_killed_controller(self):
        """The successor gets the current configuration; workers do not notice."""
        a = self.appliance().start()
        a.line("controller ready")
        a.line("COMMIT number=1", "log")
        os.kill(a.pid("controller", 0), signal.SIGKILL)
        a.line("controller ready", count=2)
        a.line("COMMIT number=1", "log", count=2)
        self.assertEqual(a.read("stderr").count("worker started"), 2)

    def test_hung_worker(self):
        """EV-04, DE-05, M-04."""
        a = self.appliance().start()
        hung = a.pid("worker", 1)
        os.kill(hung, signal.SIGSTOP)
        a.line("worker died slot=1 pid=%d signal=9 .*reason=heartbeat" % hung)
        still_ms = int(a.line(r"worker hangs slot=1 pid=%d still_ms=(\d+)" % hung).group(1))
        self.assertGreaterEqual(still_ms, 3000)
        a.line("worker ready slot=1", count=2)
        self.assertEqual(a.read("stderr").count("worker died"), 1)

    def test_crash_loop(self):
        """EV-03: steered around; healthy workers drain; steered back after it is over."""
        a = self.appliance(workers=3).start()
        a.touch("die-1")
        os.kill(a.pid("worker", 1), signal.SIGKILL)
        a.line("crash loop: steered around share=1")
        a.line("worker slot=0 .* SOCKET share=1", "log")
        a.line("worker slot=2 .* SOCKET share=1", "log")
        self.assertTrue({a.ask() for _ in range(64)} <= {(0, 0), (2, 2), (0, 1), (2, 1)})
        self.assertEqual({a.ask() for _ in range(64)}, {(0, 0), (2, 2)})
        os.unlink(a.path("die-1"))
        a.line("crash loop over: steered back share=1")
        a.line("worker slot=0 .* SOCKET_GONE share=1 kind=0", "log")
        a.line("worker slot=2 .* SOCKET_GONE share=1 kind=0", "log")
        self.assertEqual({a.ask() for _ in range(128)}, {(0, 0), (1, 1), (2, 2)})


class Forwarders(Base):
    """What workers and forwarders share outlives them; lives: controller 1, workers 2 and 3,
    the forwarder 4."""

    def kill(self, a, role, slot):
        """kill -9 when it is ready; waits until its successor is."""
        count = len(re.findall("%s started slot=%d" % (role, slot), a.read("stderr")))
        a.line("%s ready slot=%d" % (role, slot), count=count)
        os.kill(a.pid(role, slot), signal.SIGKILL)
        a.line("%s ready slot=%d" % (role, slot), count=count + 1)

    def test_what_they_get(self):
        """The order of messages, and what stands in them."""
        a = self.appliance().start()
        for worker in (0, 1):
            a.line("HEARD worker=%d life=%d" % (worker, worker + 2), "log")
            a.line("worker slot=%d .* SOCKET " % worker, "log", count=2)  # its last
        said = [line.split(" ", 3) for line in a.read("log").splitlines()]
        kinds = {role: [words[3].split()[0] for words in said if words[0] == role]
                 for role in ("worker", "forwarder")}
        one = ["START", "START", "PARK", "PEER", "SOCKET", "SOCKET"]
        self.assertEqual(sorted(kinds["worker"]), sorted(one * 2))
        self.assertEqual([w[3].split()[0] for w in said if w[:2] == ["worker", "slot=1"]], one)
        self.assertEqual(kinds["forwarder"][:4], ["START", "START", "CACHE", "PEER"])
        self.assertEqual(sorted(kinds["forwarder"][4:]), ["HEARD", "HEARD", "PEER"])
        a.line("worker slot=0 .* START slots=512 forwarders=1", "log")
        a.line(r"worker slot=0 .* PARK octets=\d{6,} sealed=1 was=0", "log")
        a.line(r"forwarder slot=0 .* CACHE success=\d{6,} denial=\d{6,} was=0", "log")

    def test_killed_forwarder(self):
        """G9: what was queued before the kill is read by the successor."""
        a = self.appliance()
        a.touch("deaf")
        a.start()
        a.line("forwarder slot=0 .* PEER number=1", "log")
        os.unlink(a.path("deaf"))
        self.assertNotIn("HEARD", a.read("log"))
        self.kill(a, "forwarder", 0)
        for worker in (0, 1):
            a.line("forwarder slot=0 life=5 HEARD worker=%d life=%d" % (worker, worker + 2),
                   "log")
        a.line("forwarder slot=0 life=5 CACHE .* was=4", "log")
        self.assertEqual(a.read("stderr").count("worker started"), 2)

    def test_killed_worker(self):
        """G9: the successor gets the park memory and the pair of the dead one."""
        a = self.appliance().start()
        a.line("HEARD worker=1 life=3", "log")
        self.kill(a, "worker", 1)
        a.line("worker slot=1 life=5 PARK .* was=3", "log")
        a.line("forwarder slot=0 life=4 HEARD worker=1 life=5", "log")
        self.assertEqual(a.read("log").count("PEER number=1\n"), 1)

    def test_killed_again_and_again(self):
        """Both sides, in turn: no descriptor is lost here or there."""
        a = self.appliance().start()
        a.line("HEARD worker=1 life=3", "log")
        fds = "/proc/%d/fd" % a.process.pid
        before = len(os.listdir(fds))
        for _ in range(5):
            self.kill(a, "worker", 0)
            self.kill(a, "forwarder", 0)
        a.line("HEARD worker=0 life=13", "log")
        eventually("no more descriptors", lambda: len(os.listdir(fds)) <= before)

    def test_hung_forwarder(self):
        """EV-04: 3 s, like workers; who serves clients does not notice."""
        a = self.appliance().start()
        a.line("forwarder ready slot=0")
        hung = a.pid("forwarder", 0)
        os.kill(hung, signal.SIGSTOP)
        a.line("forwarder died slot=0 pid=%d signal=9 .*reason=heartbeat" % hung)
        still_ms = int(a.line(r"forwarder hangs slot=0 pid=%d still_ms=(\d+)" % hung).group(1))
        self.assertGreaterEqual(still_ms, 3000)
        a.line("forwarder ready slot=0", count=2)
        self.assertEqual(a.read("stderr").count("worker started"), 2)

    def test_ready_without(self):
        """A forwarder that cannot live keeps nobody from serving names of the cluster."""
        a = self.appliance()
        a.touch("die-f0")
        a.start()
        a.told("READY=1")
        self.assertIn(a.ask(), ((0, 0), (1, 1)))
        a.line("forwarder died slot=0", count=3)
        os.unlink(a.path("die-f0"))
        a.line("forwarder ready slot=0")
        a.line("HEARD worker=1 life=3", "log")
        self.assertNotIn("crash loop", a.read("stderr"))


class Reload(Base):
    def hup(self, a):
        a.process.send_signal(signal.SIGHUP)

    def wait(self, a):
        """A reload that is waited for; no controller of these tests has a control socket."""
        return subprocess.Popen([os.path.join(BUILD, "shmdnsctl"), "reload", "--wait", "-i",
                                 a.instance], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def refused(self, waiting, pattern):
        out, err = waiting.communicate(timeout=WAIT)
        self.assertEqual((waiting.returncode, out), (4, ""), err)
        self.assertRegex(err, pattern)

    def test_reload(self):
        """EV-06, SD-01: the controller takes the new file; needs-restart keys are named."""
        a = self.appliance().start()
        a.told("READY=1")
        a.line("COMMIT number=1", "log")
        a.ask_for(["127.0.0.1"], 2, more="forwarders = 2;")
        a.line("reload done config=2")
        a.line("setting needs restart key=forwarders")
        self.assertIn("MONOTONIC_USEC=", a.told("RELOADING=1"))
        a.told("READY=1")
        os.kill(a.pid("controller", 0), signal.SIGKILL)
        a.line("life=5 COMMIT number=2", "log")

    def test_bad_file(self):
        """RL-02: the old settings stay, each error with file and line."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.ask_for(["127.0.0.1"], 2, more="wrokers = 3;")
        a.line(r"config file=\S*conf:8:.*wrokers.* - did you mean workers\?\"")
        a.line("reload refused by=supervisor .*kept=1")
        a.ask_for(["127.0.0.1"], 2)
        a.line("reload done config=2")

    def test_refused_by_controller(self):
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.touch("refuse")
        self.refused(self.wait(a), r"refused; configuration 1 goes on\ntold to refuse\n$")
        a.line('reload refused by=controller error="told to refuse" kept=1')

    def test_controller_dies_over_it(self):
        """RL-02: it may have died of something else: its successors are asked, two at most."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.touch("die-over")
        a.configure(["127.0.0.1"], 3)
        self.refused(self.wait(a), "\nthe controller died over it\n$")  # not of the first try
        self.assertEqual(a.read("stderr").count("it died over it"), 3)
        a.line("COMMIT number=1", "log", count=4)
        a.configure(["127.0.0.1"], 3, more="# another")
        a.line('reload refused by=controller error="it died over it"', count=4)
        os.unlink(a.path("die-over"))
        a.line("worker ready slot=2")
        self.assertLessEqual(a.read("stderr").count("config changed"), 2)
        self.assertLess(a.read("stderr").count("it died over it"), 7)

    def test_many_signals(self):
        """EV-06: a hundred signals are two reloads."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        for _ in range(100):
            self.hup(a)
        a.line("reload done config=2")
        self.hup(a)
        a.line("reload done config=3")
        self.assertNotIn("config=4", a.read("stderr"))

    def test_restart_is_of_what_runs(self):
        """RL-04: a key that cannot change is named at each reload until it is as it was."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        for count in (1, 2):
            a.ask_for(["127.0.0.1"], 2, more="forwarders = 2;")
            a.line("reload done", count=count)
            a.line("setting needs restart key=forwarders", count=count)
        a.ask_for(["127.0.0.1"], 2)
        a.line("reload done", count=3)
        self.assertEqual(a.read("stderr").count("needs restart"), 2)

    def test_refused_at_start(self):
        a = self.appliance()
        a.touch("refuse")
        a.start(wait=False)
        self.assertEqual(a.process.wait(WAIT), 1)
        a.line('config refused by=controller error="told to refuse"')
        self.assertEqual(a.shm(), [])


class Watch(Base):
    """RL-01, CR-02: changed files are read without a signal."""

    def put(self, path, text):
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def test_renamed_file(self):
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        self.put(a.path("conf"), a.read("conf") + "# more\n")
        a.line("config changed")
        a.line("reload done config=2")

    def test_written_file(self):
        """What is being written is left alone: an empty file would be all defaults."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        text = a.read("conf")
        with open(a.path("conf"), "w", encoding="ascii") as f:
            f.flush()
            f.write(text + "# more\n")
        a.line("reload done config=2")
        self.assertNotIn("listen failed", a.read("stderr"))

    def test_changed_again(self):
        """A reload that had to wait reads no file that is being written by then."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        os.kill(a.pid("controller", 0), signal.SIGSTOP)
        a.ask_for(a.listen, 2, more="forwarders = 2;")
        a.told("RELOADING=1")
        a.line("setting needs restart")  # it has been read
        a.configure(a.listen, 3)
        a.line("config changed")
        time.sleep(1)  # until the next reload waits for the controller alone
        text = a.read("conf")
        with open(a.path("conf"), "w", encoding="ascii") as f:
            f.write(text[:text.index("workers")] + "workers = 4;\n")
            f.flush()
            os.kill(a.pid("controller", 0), signal.SIGCONT)
            a.told("RELOADING=1")
            a.told("READY=1")
            f.write(text[text.index("listen"):])
        a.line("worker ready slot=3")
        if a.read("stderr").count("config changed") < 3:  # it was not at rest in between
            self.assertNotIn("listen=", a.read("stderr"))

    def test_directory(self):
        """conf.d comes to be; a file in it comes and goes."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        os.mkdir(a.path("conf.d"))
        self.put(a.path("conf.d", "1.conf"), 'log = { level = "debug"; };\n')
        a.line("reload done config=2")
        os.unlink(a.path("conf.d", "1.conf"))
        a.line("reload done config=3")

    def test_config_map(self):
        """CR-02: the directory of a ConfigMap changes by one rename of ..data."""
        a = self.appliance()
        text = a.read("conf")
        os.unlink(a.path("conf"))
        for version in ("..1", "..2"):
            os.mkdir(a.path(version))
            self.put(a.path(version, "conf"), text + "# %s\n" % version)
        os.symlink("..1", a.path("..data"))
        os.symlink("..data/conf", a.path("conf"))
        a.start()
        a.line("COMMIT number=1", "log")
        os.symlink("..2", a.path("..data_tmp"))
        os.rename(a.path("..data_tmp"), a.path("..data"))
        a.line("reload done config=2")

    def test_without_notices(self):
        """What a link leads to elsewhere is looked at from time to time."""
        a = self.appliance()
        a.configure(["127.0.0.1"], 2, more='reload = { interval = "1s"; jitter = "0s"; };')
        os.mkdir(a.path("else"))
        os.rename(a.path("conf"), a.path("else", "conf"))
        os.symlink("else/conf", a.path("conf"))
        a.start()
        a.line("COMMIT number=1", "log")
        self.put(a.path("else", "conf"), a.read("conf") + "# more\n")
        a.line("reload done config=2")

    def test_bad_file(self):
        """RL-02: the same bad content is not tried again until it changes."""
        more = 'reload = { interval = "1s"; jitter = "0s"; };'
        a = self.appliance()
        a.configure(["127.0.0.1"], 2, more)
        a.start()
        a.line("COMMIT number=1", "log")
        a.configure(["127.0.0.1"], 2, more + "wrokers = 3;")
        a.line("reload refused by=supervisor")
        with open(a.path("other"), "w", encoding="ascii"):
            pass  # a notice that means nothing
        a.configure(["127.0.0.1"], 2, more + "wrokers = 4;")
        a.line("reload refused by=supervisor", count=2)
        a.configure(["127.0.0.1"], 2, more)
        a.line("reload done config=2")
        self.assertEqual(a.read("stderr").count("reload refused"), 2)

    def test_single_file(self):
        """CR-01: a file that is mounted by itself never follows its ConfigMap."""
        under = ["unshare", "-rm", "sh", "-c", 'mount --bind "$2" "$2" && exec "$0" "$@"']
        if subprocess.run(under + ["true", "", "/etc/hostname"], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("no mount namespace can be made here")
        a = self.appliance().start(under=under)
        a.line("config is mounted by itself.* file=%s " % re.escape(a.path("conf")))


class LastGood(Base):
    """OP-26: a bad file at the start runs the last good one."""

    def test_bad_file_at_start(self):
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.configure(["127.0.0.1"], 3)
        a.line("reload done config=2")
        kept = a.path("state", a.instance, "last-good.conf")
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
        self.assertEqual(a.stop(), 0)
        a.configure(["127.0.0.1"], 3, more="wrokers = 4;")
        a.start(wait=False)
        a.line("error: wrokers")
        a.line("running the last good one file=")
        a.line("supervisor: ready workers=3")
        eventually("all shares", lambda: len({a.ask() for _ in range(64)}) == 3)
        a.told("the file has errors")
        a.configure(["127.0.0.1"], 2)
        a.line("workers changed to=2")
        self.assertEqual(a.stop(), 0)

    def test_none(self):
        """Without one, or with another file's, a bad file ends the start."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.told("READY=1")
        self.assertEqual(a.stop(), 0)
        with open(a.path("other"), "w", encoding="ascii") as f:
            f.write(a.read("conf") + "wrokers = 4;\n")
        run = subprocess.run([a.path("shmdnsd"), "-c", a.path("other")], capture_output=True,
                             text=True, timeout=WAIT, env=a.environment(), check=False)
        self.assertEqual(run.returncode, 1)
        self.assertNotIn("last good", run.stderr)


class Resize(Base):
    """RL-04, R-16: the number of workers changes by a reload; nobody else is replaced."""

    def resize(self, a, workers):
        a.ask_for(a.listen, workers)

    def shares(self, a, address="127.0.0.1"):
        return {a.ask(address) for _ in range(128)}

    def test_more_and_fewer(self):
        a = self.appliance().start()
        a.line("HEARD worker=1", "log")
        pids = [a.pid("worker", i) for i in (0, 1)] + [a.pid("forwarder", 0)]
        self.resize(a, 5)
        for slot in (0, 1):
            a.line("worker slot=%d .* WORKERS number=5" % slot, "log")
        for slot in (2, 3, 4):
            a.line("worker ready slot=%d" % slot)
            a.line("forwarder slot=0 .* HEARD worker=%d" % slot, "log")
        self.assertEqual(self.shares(a), {(i, i) for i in range(5)})
        self.resize(a, 1)
        a.line("workers changed to=1")
        a.told("FDSTOREREMOVE=1\nFDNAME=1.tcp")
        a.told("BARRIER=1")  # what the manager holds on to would get connections
        self.assertEqual(self.shares(a), {(0, 0)})
        for slot in (1, 2, 3, 4):
            a.line("worker ended slot=%d" % slot)
        self.resize(a, 3)
        for slot in (1, 2):
            a.line("worker ready slot=%d" % slot, count=2)
        self.assertEqual(self.shares(a), {(i, i) for i in range(3)})
        for pid in (pids[0], pids[2]):
            self.assertTrue(alive(pid))
        self.assertEqual(a.stop(), 0)
        self.assertEqual(a.shm(), [])

    def test_tail_is_still_heard(self):
        """The slots behind the workers' have moved: their processes are still ours."""
        a = self.appliance().start()
        self.resize(a, 4)
        a.line("reload done config=2")
        a.line("worker ready slot=3")
        for role, life in (("controller", 8), ("forwarder", 9)):
            a.line("%s ready slot=0" % role)
            os.kill(a.pid(role, 0), signal.SIGKILL)
            a.line("%s ready slot=0" % role, count=2)
        a.line("COMMIT number=2", "log", count=2)
        self.resize(a, 4)
        a.line("reload done config=3")

    def test_new_worker_that_cannot_live(self):
        """It gets no query before it is ready."""
        a = self.appliance()
        a.touch("die-2")
        a.start()
        self.resize(a, 3)
        a.line("worker died slot=2", count=3)
        self.assertEqual(self.shares(a), {(0, 0), (1, 1)})
        os.unlink(a.path("die-2"))
        a.line("worker ready slot=2")
        eventually("all shares", lambda: len(self.shares(a)) == 3)

    def test_who_lingers(self):
        """A worker that does not end is killed in the end; its share goes."""
        a = self.appliance()
        a.configure(["127.0.0.1"], 2, more='limits = { query_deadline = "1s"; };')
        a.start()
        a.touch("linger")
        a.ask_for(["127.0.0.1"], 1, more='limits = { query_deadline = "1s"; };')
        a.line("worker died slot=1 .*reason=resize")
        a.line("workers changed to=1")
        os.unlink(a.path("linger"))

    def test_killed_on_the_way(self):
        """G9: what it has parked is for a successor, which then ends as well."""
        a = self.appliance()
        a.touch("linger")
        a.start()
        self.resize(a, 1)
        a.line("worker slot=1 .* RETIRE", "log")
        os.unlink(a.path("linger"))
        os.kill(a.pid("worker", 1), signal.SIGKILL)
        a.line("worker slot=1 .* RETIRE", "log", count=2)
        a.line("workers changed to=1")

    def test_loop_on_the_way(self):
        """EV-03: who leaves in a crash loop leaves no socket with others when it has gone."""
        more = 'limits = { query_deadline = "4s"; };'
        a = self.appliance()
        a.configure(["127.0.0.1"], 2, more)
        a.touch("linger")
        a.start()
        a.ask_for(["127.0.0.1"], 1, more)
        a.line("worker slot=1 .* RETIRE", "log")
        a.touch("die-1")
        os.unlink(a.path("linger"))
        os.kill(a.pid("worker", 1), signal.SIGKILL)
        a.line("crash loop: steered around share=1")
        a.line("workers changed to=1")
        self.assertNotRegex(a.read("log"), "worker slot=0 .* SOCKET share=1")
        os.unlink(a.path("die-1"))
        self.resize(a, 2)
        a.line("worker ready slot=1", count=2)
        self.assertEqual(self.shares(a), {(0, 0), (1, 1)})

    def test_few_descriptors(self):
        """No room for so many: refused as a whole."""
        a = self.appliance().start(files=200)
        self.resize(a, 100)
        a.line("reload refused by=supervisor .*kept=1")
        self.assertEqual(self.shares(a), {(0, 0), (1, 1)})
        self.resize(a, 3)
        a.line("worker ready slot=2")
        self.assertEqual(len(self.shares(a)), 3)


class Addresses(Base):
    """RL-04: listen addresses change by a reload."""

    def listen(self, a, *addresses, workers=2):
        a.ask_for(list(addresses), workers, more='limits = { query_deadline = "2s"; };')

    def test_added_and_removed(self):
        a = self.appliance().start()
        self.listen(a, "127.0.0.1", "127.0.0.2")
        a.line("reload done config=2")
        for address in a.listen:
            self.assertEqual({a.ask(address) for _ in range(64)}, {(0, 0), (1, 1)})
        self.listen(a, "127.0.0.2")
        a.line("address leaves listen=127.0.0.1:")
        self.assertIn(a.ask("127.0.0.1"), ((0, 0), (1, 1)))  # a while longer
        a.line("address removed listen=127.0.0.1:", count=2)
        for share in (0, 1):
            a.line("SOCKET_GONE share=%d kind=2 addr=127.0.0.1 " % share, "log")
        a.closed("127.0.0.1")
        self.assertEqual(len({a.ask("127.0.0.2") for _ in range(64)}), 2)
        self.assertEqual(a.read("stderr").count("worker started"), 2)

    def test_wanted_again(self):
        """An address that leaves and is wanted again in time stays as it is."""
        a = self.appliance(listen=["127.0.0.1", "127.0.0.2"]).start()
        a.ask_for(["127.0.0.1"], 2)
        a.line("address leaves listen=127.0.0.2:")
        a.ask_for(["127.0.0.1", "127.0.0.2"], 2)
        a.line("reload done config=3")
        self.assertEqual(len({a.ask("127.0.0.2") for _ in range(64)}), 2)
        self.assertNotIn("address new", a.read("stderr"))

    def test_busy_port(self):
        """EV-11: the whole reload is refused, and says who holds the port."""
        a = self.appliance().start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            s.bind(("127.0.0.3", a.port))
            self.listen(a, "127.0.0.2", "127.0.0.3", workers=3)
            a.line("port held listen=127.0.0.3:%d .*process %d " % (a.port, os.getpid()))
            a.line("reload refused by=supervisor .*kept=1")
        a.closed("127.0.0.2")
        self.assertEqual({a.ask() for _ in range(64)}, {(0, 0), (1, 1)})
        self.listen(a, "127.0.0.2", "127.0.0.3", workers=3)
        a.line("worker ready slot=2")
        self.assertEqual(len({a.ask("127.0.0.3") for _ in range(128)}), 3)

    def test_refused_by_controller(self):
        """What was opened for it is closed again."""
        a = self.appliance().start()
        a.line("COMMIT number=1", "log")
        a.touch("refuse")
        self.listen(a, "127.0.0.1", "127.0.0.2", workers=4)
        a.line("reload refused by=controller")
        a.line("address not added listen=127.0.0.2:")
        a.closed("127.0.0.2")
        self.assertEqual({a.ask() for _ in range(64)}, {(0, 0), (1, 1)})


class Options(Base):
    def test_check(self):
        a = self.appliance()
        self.assertEqual(a.run("-t").returncode, 0)
        a.configure(["127.0.0.1"], 2, more="wrokers = 3;")
        run = a.run("-t")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"conf:8:\d+: error: .*wrokers")
        run = a.run()
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"conf:8:\d+: error: .*wrokers")
        self.assertEqual(a.shm(), [])

    def test_missing_file(self):
        a = self.appliance()
        os.unlink(a.path("conf"))
        run = a.run("-t")
        self.assertEqual(run.returncode, 1)
        self.assertIn("config unreadable", run.stderr)

    def test_version_and_usage(self):
        a = self.appliance()
        self.assertRegex(a.run("-V").stdout, r"^shmdnsd \d")
        for bad in (["-x"], ["-p", "0"], ["-p", "65536"], ["-p", "5x"], ["word"]):
            self.assertEqual(a.run(*bad).returncode, 2, bad)

    def test_port_and_quiet(self):
        a = self.appliance()
        asked = a.port
        a.port = free_port()
        self.assertNotEqual(asked, a.port)
        a.start("-q", "-p", str(a.port), wait=False)
        a.told("READY=1")
        self.assertIn(a.ask(), ((0, 0), (1, 1)))
        self.assertNotIn("info ", a.read("stderr"))
        self.assertEqual(a.stop(), 0)


class Ports(Base):
    def test_held_port(self):
        """EV-11, SD-07: the holder is named; a group of the same uid is not joined."""
        for reuse in (0, 1):
            a = self.appliance()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse)
                s.bind(("127.0.0.1", a.port))
                run = a.run()
            self.assertEqual(run.returncode, 1)
            self.assertIn("port held listen=127.0.0.1:%d" % a.port, run.stderr)
            self.assertIn("process %d (" % os.getpid(), run.stderr)
            self.assertEqual(a.shm(), [])

    def test_unknown_address(self):
        a = self.appliance(listen=["192.0.2.1"])
        run = a.run()
        self.assertEqual(run.returncode, 1)
        self.assertIn("address unknown listen=192.0.2.1", run.stderr)

    def test_two_addresses(self):
        a = self.appliance(listen=["127.0.0.1", "127.0.0.2"]).start()
        for address in a.listen:
            self.assertEqual({a.ask(address) for _ in range(64)}, {(0, 0), (1, 1)})


class Namespaces(Base):
    """In namespaces, where addresses may come and go, and somebody is pid 1."""

    def setUp(self):
        """Not on the machine's own loopback, where what is left behind is everybody's."""
        if os.readlink("/proc/self/ns/net") == os.environ.get("OUTER_NET"):
            self.skipTest("no network namespace of its own: run it without names, or by unshare -n")
        super().setUp()

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True)

    def test_specific_and_catch_all(self):
        self.ip("link", "set", "lo", "up")
        a = self.appliance(listen=["0.0.0.0", "::"]).start()
        for share in (0, 1):  # the last that each is told of
            a.line("SOCKET share=%d kind=0 addr=::1 " % share, "log")
        log = a.read("log")
        for socket_ in ("share=0 kind=1 addr=0.0.0.0", "share=0 kind=0 addr=127.0.0.1",
                        "share=0 kind=2 addr=0.0.0.0", "share=1 kind=2 addr=::",
                        "share=1 kind=0 addr=::1"):
            self.assertEqual(len(re.findall("SOCKET %s " % socket_, log)), 1, socket_)
        self.assertEqual(len(re.findall("SOCKET share=. kind=2 ", log)), 4)
        for address in ("127.0.0.1", "127.0.0.77", "::1"):
            self.assertEqual({a.ask(address) for _ in range(64)}, {(0, 0), (1, 1)})

    def test_addresses_come_and_go(self):
        self.ip("link", "set", "lo", "up")
        a = self.appliance(listen=["0.0.0.0"]).start()
        self.ip("address", "add", "10.9.8.7/32", "dev", "lo")
        for share in (0, 1):
            a.line("SOCKET share=%d kind=0 addr=10.9.8.7 " % share, "log")
        self.assertIn(a.ask("10.9.8.7"), ((0, 0), (1, 1)))
        self.ip("address", "del", "10.9.8.7/32", "dev", "lo")
        for share in (0, 1):
            a.line("SOCKET_GONE share=%d kind=0 addr=10.9.8.7 " % share, "log")
        self.assertEqual(a.read("stderr").count("died"), 0)
        self.ip("address", "add", "10.9.8.7/32", "dev", "lo")
        a.line("SOCKET share=0 kind=0 addr=10.9.8.7 ", "log", count=2)
        os.kill(a.pid("worker", 0), signal.SIGKILL)
        a.line("worker slot=0 life=5 SOCKET share=0 kind=0 addr=10.9.8.7 ", "log")

    def test_address_comes_during_a_reload(self):
        """It was not there when the reload asked for addresses, and stays after it."""
        self.ip("link", "set", "lo", "up")
        more = 'limits = { query_deadline = "1s"; };'
        a = self.appliance(listen=["0.0.0.0", "::"]).start()
        a.line("COMMIT number=1", "log")
        os.kill(a.pid("controller", 0), signal.SIGSTOP)
        a.ask_for(["0.0.0.0", "::1"], 2, more)
        a.line(r"address new listen=\[::1\]")
        self.ip("address", "add", "10.9.8.6/32", "dev", "lo")
        a.line("SOCKET share=1 kind=0 addr=10.9.8.6 ", "log")
        os.kill(a.pid("controller", 0), signal.SIGCONT)
        a.line(r"address removed listen=\[::\]:", count=2)
        self.assertNotIn("address removed listen=10.9.8.6", a.read("stderr"))
        self.ip("address", "del", "10.9.8.6/32", "dev", "lo")
        a.line("address gone listen=10.9.8.6")

    def test_somebody_holds_one(self):
        """127.0.0.53:53 is systemd-resolved's: one line says so, the rest is served."""
        self.ip("link", "set", "lo", "up")
        a = self.appliance(listen=["0.0.0.0"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.53", a.port))
            a.start()
            self.assertIn(a.ask(), ((0, 0), (1, 1)))
            held = re.findall("port held listen=(.*):", a.read("stderr"))
        self.assertEqual(held, ["0.0.0.0"])

    def test_wildcard_and_back(self):
        """RL-04: sockets of ours are no strangers to a wildcard, nor the other way round."""
        self.ip("link", "set", "lo", "up")
        a = self.appliance().start()
        for count, listen in ((2, ["0.0.0.0"]), (3, ["127.0.0.1", "127.0.0.9"])):
            a.ask_for(listen, 2, more='limits = { query_deadline = "1s"; };')
            a.line("reload done config=%d" % count)
            for address in ("127.0.0.1", "127.0.0.9"):
                self.assertEqual({a.ask(address) for _ in range(64)}, {(0, 0), (1, 1)})
        a.line("address removed listen=0.0.0.0:", count=2)
        self.assertNotIn("port held", a.read("stderr"))
        a.closed("127.0.0.4")

    def test_first_process(self):
        """As pid 1 of a container: orphans are reaped, children know their parent."""
        a = self.appliance()
        a.pids = lambda: []  # they count in another namespace
        a.configure(a.listen, a.workers, more='log = { level = "debug"; };')
        a.touch("orphan")
        a.start(under=["unshare", "-pf", "--kill-child"])
        a.line(r"orphan reaped pid=\d")
        a.line("COMMIT number=1", "log")
        with open("/proc/%d/task/%d/children" % (a.process.pid, a.process.pid),
                  encoding="ascii") as f:
            first = int(f.read())
        with open("/proc/%d/task/%d/children" % (first, first), encoding="ascii") as f:
            self.assertEqual(len(f.read().split()), 4)
        os.kill(first, signal.SIGTERM)
        self.assertEqual(a.process.wait(WAIT), 0)
        self.assertEqual(a.shm(), [])

    def test_few_descriptors(self):
        """EV-08: addresses beyond the limit go to the catch-all; workers are replaced."""
        self.ip("link", "set", "lo", "up")
        a = self.appliance(listen=["0.0.0.0"]).start(files=120)
        for k in range(60):
            self.ip("address", "add", "10.9.7.%d/32" % (k + 1), "dev", "lo")
        a.line("few descriptors")
        self.assertIn("addr=10.9.7.1 ", a.read("log"))
        self.assertNotIn("addr=10.9.7.60 ", a.read("log"))
        for address in ("10.9.7.1", "10.9.7.60"):
            self.assertIn(a.ask(address), ((0, 0), (1, 1)))
        for _ in range(3):
            os.kill(a.pid("worker", 0), signal.SIGKILL)
            self.assertEqual({a.ask("10.9.7.60") for _ in range(64)}, {(0, 0), (1, 1)})
        self.assertNotIn("start failed", a.read("stderr"))
        for k in range(60):
            self.ip("address", "del", "10.9.7.%d/32" % (k + 1), "dev", "lo")


def in_namespace():
    """How to run in a network namespace, or None."""
    for how in (["unshare", "-n"], ["unshare", "-rn"]):
        try:
            if subprocess.run(how + ["ip", "link", "set", "lo", "up"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return how
        except FileNotFoundError:
            pass
    return None


def run_here(names):
    """Classes, or tests of them, one after the other."""
    suite = unittest.TestLoader().loadTestsFromNames(names, sys.modules[__name__])
    return unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()


def run_class(name, prefix=()):
    """In a process of its own: (it went well, what it printed)"""
    done = subprocess.run([*prefix, sys.executable, __file__, name], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout.decode(errors="replace")


def main():
    os.environ.setdefault("OUTER_NET", os.readlink("/proc/self/ns/net"))
    if sys.argv[1:]:
        return 0 if run_here(sys.argv[1:]) else 1
    how, good = in_namespace(), True
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:  # they wait, mostly
        runs = [pool.submit(run_class, c.__name__)
                for c in (Resize, Life, Forwarders, Watch, Reload, Deaths, Addresses, LastGood,
                          Options, Ports)]
        if how is None:
            print("skipped: Namespaces: no network namespace can be made here")
        else:
            runs.append(pool.submit(run_class, "Namespaces", how))
        for run in runs:
            well, text = run.result()
            print(text, end="", flush=True)
            good &= well
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
