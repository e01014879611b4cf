"""layer_rules.py - who may include what (doc/ARCHITECTURE.md, "Layers")."""
import os
import re

from tree import Finding

# Which areas an area may include. An area is a folder of src/common or a program.
BELOW = {
    "base": {"base"},
    "dns": {"base", "dns"},
    "snap": {"base", "dns", "snap"},
    "cache": {"base", "dns", "snap", "cache"},
    "metrics": {"base", "dns", "snap", "cache", "metrics"},
    "conf": {"base", "dns", "conf"},
    "supervisor": {"base", "dns", "snap", "conf", "supervisor"},
    "controller": {"base", "dns", "snap", "conf", "controller"},
    "worker": {"base", "dns", "snap", "cache", "worker"},
    "forwarder": {"base", "dns", "snap", "cache", "forwarder"},
    "admin": {"base", "dns", "snap", "cache", "metrics", "admin"},
    "ctl": {"base", "dns", "snap", "cache", "metrics", "conf", "ctl"},
}

# Third-party headers and the only files (or folders) that may include them.
DOORS = (
    (r"curl/.*", ("src/controller/kube/kubehttp.c",)),
    (r"yajl/.*", ("src/controller/kube/kubejson.c",)),
    # two readers: objects stream and may hold no anchors, kubeconfigs are trees that do
    (r"yaml\.h", ("src/controller/kube/kubeyaml.c", "src/controller/kube/yamltree.c",
                   "src/controller/kube/yamlfault.c")),
    (r"libconfig\.h", ("src/common/conf/",)),
    (r"microhttpd\.h", ("src/admin/http.c",)),
    (r"openssl/.*", ("src/forwarder/tls.c",)),
    (r"ldns/.*", ("src/controller/records/rdatatext.c",)),
    (r"xxhash\.h", ("src/common/base/hash.c",)),
    (r"sys/mman\.h", ("src/common/snap/segment.c",)),
)

# Shell files: sockets, clocks, files, signals, maps, event loops, logging. Everything
# else in src/ is core, so a new file is core until somebody says otherwise here. A folder
# ends with "/"; a file stands without .c or .h.
SHELL = (
    "src/common/base/",
    "src/common/conf/checkfiles",
    "src/common/conf/read",
    "src/common/metrics/pages",
    "src/common/snap/fault",
    "src/common/snap/segment",
    "src/common/snap/board",
    "src/common/snap/reader",
    "src/supervisor/",
    "src/controller/control",
    "src/controller/engine",
    "src/controller/freeze",
    "src/controller/hostfile",
    "src/controller/main",
    "src/controller/ownaddr",
    "src/controller/report",
    "src/controller/resolvset",
    "src/controller/serialfile",
    "src/controller/watchfile",
    "src/controller/weightfile",
    "src/controller/zonedir",
    "src/controller/zonefiles",
    "src/controller/kube/access",
    "src/controller/kube/credfile",
    "src/controller/kube/execlogin",
    "src/controller/kube/execplug",
    "src/controller/kube/apilog",
    "src/controller/kube/apiprobe",
    "src/controller/kube/apisource",
    "src/controller/kube/fileload",
    "src/controller/kube/filesource",
    "src/controller/kube/kubehttp",
    "src/controller/publish/ctlsock",
    "src/controller/publish/apply",
    "src/controller/publish/idle",
    "src/controller/publish/past",
    "src/controller/publish/publish", "src/controller/publish/publisher", "src/controller/publish/reclaim",
    "src/forwarder/control",
    "src/forwarder/exchange",
    "src/forwarder/forwarder",
    "src/forwarder/kept",
    "src/forwarder/main",
    "src/forwarder/pairs",
    "src/forwarder/random",
    "src/forwarder/report",
    "src/forwarder/sockname",
    "src/forwarder/tcp",
    "src/forwarder/tls",
    "src/forwarder/udp",
    "src/worker/batch",
    "src/worker/control",
    "src/worker/listen",
    "src/worker/main",
    "src/worker/needs",
    "src/worker/park",
    "src/worker/peers",
    "src/worker/sandbox",
    "src/worker/tcp",
    "src/worker/udp",
    "src/worker/worker",
    "src/admin/admin",
    "src/admin/control",
    "src/admin/http",
    "src/admin/logwrite",
    "src/admin/main",
    "src/admin/probe",
    "src/ctl/",
)

# A shell's header that core files may include: it takes octets, and what it does with
# maps and descriptors is behind it.
CORE_MAY = {"controller/publish/publish.h"}

# What core files must not include.
SHELL_HEADERS = re.compile(
    r"(sys/(socket|un|select|epoll|eventfd|timerfd|signalfd|inotify|time|stat|file|wait|mman"
    r"|syscall|prctl|uio|ioctl)|netinet/.*|net/.*|arpa/.*|netdb|poll|time|fcntl|unistd|dirent"
    r"|signal|pthread|linux/.*|event2/.*)(\.h)?$")

# Headers of base/ that core files may use: the others log, ask clocks or open things.
CORE_BASE = {"base/base.h", "base/backoff.h", "base/hash.h", "base/logfold.h", "base/logline.h",
             "base/mem.h", "base/pattern.h",
             "base/sha256.h"}


def area_of(path):
    parts = path.split("/")
    if parts[:2] == ["src", "common"]:
        return parts[2] if len(parts) > 3 else None
    return parts[1] if len(parts) > 2 else None


def is_shell(path):
    stem = os.path.splitext(path)[0]
    return any(path.startswith(s) if s.endswith("/") else stem == s for s in SHELL)


def resolve(tree, name):
    """Path in the tree of a quoted include, or None."""
    for folder in ("src/common/", "src/"):
        if folder + name in tree.files:
            return folder + name
    return None


def check_areas(tree):
    """No file includes what stands above it, and no program another's files."""
    for path in tree.c_paths("src/"):
        area = area_of(path)
        if area not in BELOW:
            yield Finding(path, 1, "area %s is unknown" % area,
                          "add it to BELOW in tests/lint/layer_rules.py")
            continue
        for line, name, quoted in tree.source(path).includes():
            if not quoted or name == "config.h":
                continue
            target = resolve(tree, name)
            if target is None:
                yield Finding(path, line, 'include "%s" is not a path from src or src/common' % name,
                              'write it as "base/log.h" or "worker/query.h"')
            elif area_of(target) not in BELOW[area]:
                yield Finding(path, line, "%s may not include %s" % (area, area_of(target)),
                              "move what both need into src/common, or pass it as an argument")


def check_doors(tree):
    """Each third-party library enters by one door."""
    for path in tree.c_paths("src/"):
        for line, name, _ in tree.source(path).includes():
            for pattern, doors in DOORS:
                if re.fullmatch(pattern, name) and not path.startswith(doors):
                    yield Finding(path, line, "<%s> is included outside its door" % name,
                                  "call what %s offers" % " or ".join(doors))
            if name.startswith("event2/") and not is_shell(path):
                yield Finding(path, line, "libevent in a core file",
                              "move the event handling into a shell file")


def check_core(tree):
    """Core files touch no socket, clock, file, signal or map."""
    for path in tree.c_paths("src/"):
        if is_shell(path):
            continue
        for line, name, quoted in tree.source(path).includes():
            if name in CORE_MAY:
                continue
            if not quoted and SHELL_HEADERS.match(name):
                yield Finding(path, line, "core file includes <%s>" % name,
                              "move that part into a shell file (SHELL in tests/lint/layer_rules.py)")
            target = resolve(tree, name) if quoted else None
            if target is None:
                continue
            if (target.startswith("src/common/base/") and name not in CORE_BASE) or (
                    not target.startswith("src/common/base/") and is_shell(target)):
                yield Finding(path, line, 'core file includes the shell header "%s"' % name,
                              "return the fact and let the shell act; time is an argument")


def check_clock(tree):
    """Clocks are asked in shell files only."""
    for path in tree.c_paths("src/"):
        if is_shell(path):
            continue
        for line, name in tree.source(path).calls(
                r"clock_\w+|time|gettimeofday|timespec_get|fopen|open|getenv|socket"):
            yield Finding(path, line, "core file calls %s()" % name,
                          "take now_ns, or what it reads, as an argument")


CHECKS = (check_areas, check_doors, check_core, check_clock)
