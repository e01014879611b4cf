"""Real processes for the system tests (G3, G5, G9): appliances, files, questions, load.

An appliance here is a shmdnsd of the build tree with a configuration of its own in a
directory of its own, an instance name that nobody else has, and a port that was free.
It is stopped at the end of its test, and nothing may be left of it.
"""

import contextlib
import ctypes
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import logtext

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SHMDNS_BUILD", SOURCE)
FULL = os.environ.get("SHMDNS_FULL") == "1"
LONG = os.environ.get("SHMDNS_LONG") == "1"  # longer than a run of everything may last
SHM = "/dev/shm"
SYS_PIDFD_GETFD = 438  # on every architecture
PORTS = range(4000, 10240)  # forwarders draw theirs from 32768 on
BUSY = 0.25  # share of the machine that others may use where losses are counted
PATIENCE_S = 30  # an event that has not come by then never will


class Timeout(AssertionError):
    pass


def await_(what, condition, patience_s=PATIENCE_S, every_s=0.01):
    """Wait until condition() is true and return its value."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"not within {patience_s} s: {what}")
        time.sleep(every_s)


def alone(test):
    """Marks a test, or a class: it counts losses or time, and shares the machine with nobody."""
    test.alone = True
    return test


def program(name):
    """Path of a program of the build tree."""
    path = os.path.join(BUILD, name)
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{name} was not built")
    return path


def sanitized(name):
    """True if the program was built with --enable-sanitize."""
    with open(program(name), "rb") as f:
        return b"__asan_init" in f.read()


def noalloc():
    """Environment in which a worker that allocates between receive and send says so."""
    wrapper = os.path.join(BUILD, "tests/system/noalloc.so")
    if not os.path.exists(wrapper):
        raise AssertionError("tests/system/noalloc.so was not built")
    if sanitized("shmdns-worker"):
        raise unittest.SkipTest("a build with sanitizers has an allocator of its own")
    return {"LD_PRELOAD": wrapper}


def check_noalloc(appliance):
    """That environment was in force, and nothing was said."""
    text = appliance.log_text()
    assert "noalloc: armed" in text, text
    assert "between receive and send" not in text, text


def need(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            raise unittest.SkipTest(f"{tool} is not installed")


def promtool():
    """The program: installed, or unpacked beside the build from Debian's package of Prometheus,
    which would start a server if it were installed."""
    if shutil.which("promtool"):
        return "promtool"
    folder = os.path.join(BUILD, "tests", "promtool")
    program = os.path.join(folder, "usr", "bin", "promtool")
    if os.path.exists(program):
        return program
    need("apt-get", "dpkg-deb")
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["apt-get", "-qq", "download", "prometheus"], cwd=folder, text=True,
                          capture_output=True, timeout=120)
    packages = [n for n in os.listdir(folder) if n.endswith(".deb")]
    if done.returncode != 0 or not packages:
        raise unittest.SkipTest("no package with promtool: " + done.stderr.strip()[-200:])
    subprocess.run(["dpkg-deb", "-x", packages[0], "."], cwd=folder, check=True)
    return program


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root (namespaces)")


def need_namespace():
    """Skip where no mount and network namespace can be made."""
    need("unshare", "ip")
    done = subprocess.run(["unshare", "-mn", "true"], capture_output=True)
    if done.returncode != 0:
        raise unittest.SkipTest("unshare -mn: " + done.stderr.decode().strip())


def need_trace():
    need("strace")
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True)
    if done.returncode != 0:
        raise unittest.SkipTest("strace: " + done.stderr.decode().strip().split("\n")[0])


DRAWN = []  # ports, the latest last: two of a test are never the same


def free_port(family=socket.AF_INET):
    """A port of loopback that nobody has, neither for UDP nor for TCP; no recent one again.

    Below those that the kernel gives to clients, and forwarders to their questions: there
    nobody takes it before we do.
    """
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        low = min(PORTS[-1], int(f.read().split()[0]))
    while True:
        port = random.randrange(PORTS[0], low) if low > PORTS[0] + 100 else any_port(family, host)
        if port not in DRAWN[-50:] and all(is_free(family, kind, host, port) for kind in (
                socket.SOCK_DGRAM, socket.SOCK_STREAM)) and (
                    family == socket.AF_INET6 or is_free_on_ipv6(port)):
            DRAWN.append(port)
            return port


def any_port(family, host):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def is_free(family, kind, host, port):
    with socket.socket(family, kind) as s, contextlib.suppress(OSError):
        s.bind((host, port))
        return True
    return False


def is_free_on_ipv6(port):
    """True too where there is no IPv6: then nobody has it."""
    kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    return not has_ipv6() or all(is_free(socket.AF_INET6, k, "::1", port) for k in kinds)


def has_ipv6():
    try:
        return is_free(socket.AF_INET6, socket.SOCK_DGRAM, "::1", 0)
    except OSError:
        return False


def write_whole(path, text):
    """Put a file in its place at once, as kubectl, editors and ConfigMaps do."""
    # Not a name that the file source reads.
    aside = os.path.join(os.path.dirname(path), "." + os.path.basename(path) + ".new")
    with open(aside, "w") as f:
        f.write(text)
    os.rename(aside, path)


def start_of(pid):
    """Start time of a process: with its pid it names one life. None: it is gone."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    return None


def machine_s():
    """CPU seconds that all processes of the machine have used, and that others stole."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, _, _, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + steal) / os.sysconf("SC_CLK_TCK")


def used_s(pids):
    """CPU seconds of these processes and of their children that have ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat") as f:
                total += sum(map(int, f.read().rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def children(pid):
    """{pid: program} of the living children of a process."""
    out = {}
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in map(int, f.read().split()):
                with contextlib.suppress(OSError):
                    with open(f"/proc/{child}/cmdline", "rb") as c:
                        name = c.read().split(b"\0")[0].decode()
                    if start_of(child) is not None:
                        out[child] = os.path.basename(name)
    return out


def sockets_of(pid, kind, port):
    """Copies of the sockets of a process that are of this kind and bound to this port."""
    libc = ctypes.CDLL(None, use_errno=True)
    out = []
    pidfd = os.pidfd_open(pid)
    for link in glob.glob(f"/proc/{pid}/fd/*"):
        with contextlib.suppress(OSError):
            if not os.readlink(link).startswith("socket:"):
                continue
            fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(os.path.basename(link)), 0)
            if fd < 0:
                raise unittest.SkipTest("pidfd_getfd: " + os.strerror(ctypes.get_errno()))
            s = socket.socket(fileno=fd)
            if s.type == kind and s.family in (socket.AF_INET, socket.AF_INET6) and (
                    s.getsockname()[1] == port):
                out.append(s)
            else:
                s.close()
    os.close(pidfd)
    return out


def shm_path(instance, what):
    """Path of an object of the layout that the source has."""
    with open(os.path.join(SOURCE, "src/common/snap/layout.h")) as f:
        layout = re.search(r"#define SNAP_LAYOUT (\d+)", f.read())[1]
    return f"{SHM}/shmdns.{instance}.v{layout}.{what}"


def shm_objects(instance):
    return sorted(glob.glob(f"{SHM}/shmdns.{glob.escape(instance)}.*"))


# ---- objects ----


def service(name, namespace="shop", ip="10.96.0.1", ports=(("http", 80),), **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": ip,
            "clusterIPs": [ip],
            "ports": [{"name": n, "port": p, "protocol": "TCP"} for n, p in ports],
            **spec,
        },
    }


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def slice_(name, service_name, addresses, namespace="shop", hostnames=None):
    endpoints = []
    for i, address in enumerate(addresses):
        e = {"addresses": [address], "conditions": {"ready": True}}
        if hostnames:
            e["hostname"] = hostnames[i]
        endpoints.append(e)
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service_name},
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }


def object_list(*objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}, indent=1)


def cluster(services=50, namespace_="shop"):
    """A small cluster: Services svc-000... with addresses 10.96.1.0 and up."""
    items = [namespace("default"), namespace(namespace_)]
    for i in range(services):
        items.append(service(f"svc-{i:03d}", namespace_, f"10.96.{1 + i // 250}.{i % 250}"))
    items.append(service("db", namespace_, "None"))
    items.append(slice_("db-1", "db", ["10.244.1.7", "10.244.1.8", "10.244.1.9"], namespace_))
    return object_list(*items)


def cluster_questions(services=50, namespace_="shop"):
    """[(name, type, rcode, sorted rdata)] of cluster()."""
    zone = f"{namespace_}.svc.cluster.local."
    out = []
    for i in range(services):
        ip = f"10.96.{1 + i // 250}.{i % 250}"
        out.append((f"svc-{i:03d}.{zone}", "A", "NOERROR", [ip]))
        out.append((f"nope-{i:03d}.{zone}", "A", "NXDOMAIN", []))
        if i % 5 == 0:
            back = ".".join(reversed(ip.split("."))) + ".in-addr.arpa."
            out.append((back, "PTR", "NOERROR", [f"svc-{i:03d}.{zone}"]))
            out.append((f"svc-{i:03d}.{zone}", "AAAA", "NOERROR", []))
            out.append((f"_http._tcp.svc-{i:03d}.{zone}", "SRV", "NOERROR",
                        [f"0 100 80 svc-{i:03d}.{zone}"]))
    out.append((f"db.{zone}", "A", "NOERROR", ["10.244.1.7", "10.244.1.8", "10.244.1.9"]))
    return out


# ---- questions ----


def ask(server, name, type_, timeout_s=2.0, port=53, source=None, **options):
    """One query over UDP, decoded by dnspython. Raises dns.exception.Timeout."""
    query = dns.message.make_query(name, type_, **options)
    return dns.query.udp(query, server, timeout=timeout_s, port=port, source=source,
                         ignore_unexpected=False)


def rdatas(reply):
    """Sorted text of all answer RRs of the type asked for, CNAMEs included."""
    return sorted(rr.to_text() for rrset in reply.answer for rr in rrset)


def outcome(reply):
    return dns.rcode.to_text(reply.rcode()), rdatas(reply)


# ---- appliances ----


class Appliance:
    """A shmdnsd and its children. Use as a context manager; stop() checks what is left."""

    close_fds = True
    preexec = None  # called in the child before the program is executed

    def __init__(self, objects=None, workers=2, listen=None, extra="", directory=None,
                 instance=None, wrap=(), env=None, kubernetes="", forward="()",
                 health='lameduck = "0s";', http=None, http_more=None):
        self.directory = directory or tempfile.mkdtemp(prefix="shmdns-test-")
        self.own_directory = directory is None
        self.instance = instance or f"t{os.getpid()}-{random.randrange(1 << 24):06x}"
        self.objects = os.path.join(self.directory, "objects")
        os.makedirs(self.objects, exist_ok=True)
        self.port = free_port()
        self.listen = listen or [f"127.0.0.1:{self.port}"]
        self.workers = workers
        self.extra = extra
        self.kubernetes = kubernetes
        self.forward = forward  # nobody: no test sends anything off loopback by itself
        # Ports of the admin by key ("health", ...); none: many appliances run at once.
        self.http = http or {}
        self.http_more = {"health": health, **(http_more or {})}  # {"ready": "max_stale = ..."}
        self.wrap = list(wrap)
        self.env = {**os.environ, **(env or {})}
        self.env.pop("JOURNAL_STREAM", None)
        self.config = os.path.join(self.directory, "shmdns.conf")
        self.log_path = os.path.join(self.directory, "log")
        self.process = None
        if objects is not None:
            self.put("cluster.json", objects)
        self.write_config()

    def write_config(self):
        listen = ", ".join(f'{{ address = "{a}"; }}' for a in self.listen)
        write_whole(self.config, f"""
instance = "{self.instance}";
run_dir = "{self.directory}/run";
state_dir = "{self.directory}/state";
workers = {self.workers};
listen = ( {listen} );
kubernetes: {{
    {self.source()}
    {self.kubernetes}
}};
forward = {self.forward};
{self.http_keys()}
{self.extra}
""")

    def http_keys(self):
        """Keys of the admin's listeners, with those that a test has for the same groups."""
        ports = {k: f"127.0.0.1:{self.http[k]}" if k in self.http else ""
                 for k in ("health", "ready", "metrics")}
        return " ".join(f'{k} = {{ listen = "{a}"; {self.http_more.get(k, "")} }};'
                        for k, a in ports.items())

    def source(self):
        """Where objects come from, as keys of `kubernetes`."""
        return f'source = "files"; path = "{self.objects}";'

    def put(self, name, text):
        write_whole(os.path.join(self.objects, name), text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None and not issubclass(kind, unittest.SkipTest)
        try:
            self.stop(check=not failed)
        except AssertionError:
            failed = True
            raise
        finally:
            if failed:
                print(self.tail(), flush=True)
            if self.own_directory:
                shutil.rmtree(self.directory, ignore_errors=True)

    def spawn(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            self.wrap + [program("shmdnsd"), "-c", self.config],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.env,
            preexec_fn=self.preexec, close_fds=self.close_fds)

    def start(self):
        self.spawn()
        self.await_ready()

    @property
    def pid(self):
        return self.process.pid

    def role(self, name):
        return sorted(p for p, program_ in children(self.pid).items() if program_ == name)

    @property
    def worker_pids(self):
        return self.role("shmdns-worker")

    @property
    def controller_pid(self):
        pids = self.role("shmdns-controller")
        return pids[0] if pids else None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def await_ready(self):
        """Until records are complete and somebody serves them."""

        def answers():
            assert self.alive(), f"shmdnsd ended with {self.process.poll()}\n{self.tail()}"
            with contextlib.suppress(dns.exception.Timeout, OSError):
                reply = self.ask("not.there.svc.cluster.local.", "A", timeout_s=0.5)
                return reply.rcode() == dns.rcode.NXDOMAIN  # SERVFAIL before (RU-03)
            return False

        await_("a complete answer from " + self.listen[0], answers)
        await_(f"{self.workers} workers", lambda: len(self.worker_pids) == self.workers)

    def ask(self, name, type_, **options):
        return ask("127.0.0.1", name, type_, port=self.port, **options)

    def outcome(self, name, type_):
        return outcome(self.ask(name, type_))

    def await_outcome(self, name, type_, rcode, expected=(), patience_s=PATIENCE_S):
        """Until every one of many replies in a row says so: each worker was asked."""
        want = (rcode, sorted(expected))

        def agreed():
            with contextlib.suppress(dns.exception.Timeout):
                return all(self.outcome(name, type_) == want for _ in range(8 * self.workers))
            return False

        await_(f"{name} {type_} = {want}", agreed, patience_s)

    def ctl(self, *arguments, timeout_s=20):
        """shmdnsctl on this instance: (exit status, standard output, standard error)."""
        done = subprocess.run([program("shmdnsctl"), *arguments], capture_output=True,
                              text=True, timeout=timeout_s, env=self.env)
        return done.returncode, done.stdout, done.stderr

    def status(self):
        code, out, err = self.ctl("status", "-c", self.config, "-o", "json")
        assert code == 0, f"status: {code} {out} {err}"
        return json.loads(out)

    def log_text(self):
        with open(self.log_path, errors="replace") as f:
            return logtext.plain(f.read())

    def log_lines(self, pattern):
        return [line for line in self.log_text().splitlines() if re.search(pattern, line)]

    def await_log(self, pattern, patience_s=PATIENCE_S):
        return await_(f"a log line like {pattern}", lambda: self.log_lines(pattern), patience_s)

    def tail(self, lines=60):
        text = self.log_text() if os.path.exists(self.log_path) else ""
        return "---- log of " + self.instance + "\n" + "\n".join(text.splitlines()[-lines:])

    def stop(self, check=True):
        """SIGTERM; then no process and no object in shared memory may be left."""
        if self.process is None:
            return
        family = {p: start_of(p) for p in [self.pid, *children(self.pid)]}
        if self.alive():
            self.process.terminate()
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            code = "still running after 15 s"
            for p, started in family.items():
                if started is not None and start_of(p) == started:
                    os.kill(p, signal.SIGKILL)
            self.process.wait()
        self.process = None
        self.log.close()
        left = [p for p, s in family.items() if s is not None and start_of(p) == s]
        objects = shm_objects(self.instance)
        for path in objects:
            os.unlink(path)
        if check:
            assert code == 0, f"shmdnsd ended with {code}\n{self.tail()}"
            assert not left, f"processes left: {left}"
            assert not objects, f"objects left: {objects}"

    def kill(self):
        """SIGKILL to the supervisor: what is left stays for the next one to find."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.log.close()


# ---- load ----


class Load:
    """bench/gen against an appliance: expectations learnt, checked by dnspython, then paced."""

    def __init__(self, appliance, questions):
        self.appliance = appliance
        self.questions = questions
        self.server = appliance.listen[0]
        self.file = os.path.join(appliance.directory, "expectations")
        self.learn()

    def learn(self):
        asked = os.path.join(self.appliance.directory, "questions")
        with open(asked, "w") as f:
            f.writelines(f"{name} {type_}\n" for name, type_, _, _ in self.questions)
        subprocess.run([program("bench/gen"), "learn", "-s", self.server, "-f", asked,
                        "-o", self.file], check=True, timeout=60)
        with open(self.file) as f:
            learnt = [line.split() for line in f]
        assert len(learnt) == len(self.questions)
        for (name, type_, rcode, expected), fields in zip(self.questions, learnt):
            assert fields[:2] == [name, type_]
            got = outcome(dns.message.from_wire(b"\0\0" + bytes.fromhex(fields[2])))
            assert got == (rcode, sorted(expected)), f"{name} {type_}: {got}"

    def allow_addresses(self, name, type_, addresses):
        """Any of these single addresses is right for the name: it changes during the run."""
        lines = []
        with open(self.file) as f:
            for line in f:
                fields = line.split()
                if fields[:2] == [name, type_]:
                    now = fields[2]
                    fields[2:] = [now[:-8] + socket.inet_aton(a).hex() for a in addresses]
                lines.append(" ".join(fields) + "\n")
        with open(self.file, "w") as f:
            f.writelines(lines)

    def others_s(self, own):
        return machine_s() - used_s([*own, *children(self.appliance.pid)])

    def lost_at_most(self, run, most):
        """Few enough were lost; where others had the machine, more prove nothing."""
        if run.result["lost"] > most and run.others > BUSY:
            raise unittest.SkipTest(f"other processes used {run.others:.0%} of the machine: "
                                    f"{run.result['lost']} lost prove nothing")
        assert run.result["lost"] <= most, run.result

    @contextlib.contextmanager
    def running(self, rate, seconds, *options):
        """Runs while the block does something; yields an object whose .result is filled."""
        gen = subprocess.Popen(
            [program("bench/gen"), "paced", "-s", self.server, "-f", self.file,
             "-r", str(rate), "-t", str(seconds), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        run = type("Run", (), {"result": None, "over": lambda: gen.poll() is not None})
        own = self.appliance.pid, os.getpid()
        before, began = self.others_s(own), time.monotonic()
        try:
            yield run
            out, err = gen.communicate(timeout=seconds + 30)
        finally:
            if gen.poll() is None:
                gen.kill()
                gen.wait()
        assert out.startswith("{"), f"gen: {err}"
        run.result = json.loads(out)
        run.errors = err
        took = (time.monotonic() - began) * os.cpu_count()
        run.others = (self.others_s(own) - before) / took
        if not run.result["valid"]:
            raise unittest.SkipTest(run.result["reason"] + ": 4 MiB of receive buffer not granted")
