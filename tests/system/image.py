"""The container image without a container engine: deploy/Containerfile, carried out (IM-01).

The build stage runs in a copy of this machine's own file system (overlayfs, in a mount
namespace of its own), as if that were the base image. What is installed here already is not
installed again. A build tree that is there serves for what the recipe compiles, unless the
long form is asked for.

    image.py SPEC    carry out the build stage; run by build() in namespaces of its own
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import harness

RECIPE = os.path.join(harness.SOURCE, "deploy", "Containerfile")
COMPILES = "tests/build "  # how the step begins that a build tree can stand in for


class Recipe:
    """Steps of a Containerfile: [(word, text)], comments gone, lines joined, by stage."""

    def __init__(self, path=RECIPE):
        with open(path) as f:
            text = re.sub(r"^\s*#.*\n", "", f.read(), flags=re.M)
        steps = [tuple(line.split(None, 1)) for line in
                 re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
        self.args = dict(t.split("=", 1) for word, t in steps if word == "ARG")
        self.stages, self.bases = [], []
        for word, rest in steps:
            if word == "FROM":
                self.stages.append([])
                self.bases.append(self.filled(rest))
            elif word != "ARG":
                self.stages[-1].append((word, rest))

    def filled(self, text):
        return re.sub(r"\$\{(\w+)\}", lambda m: self.args[m[1]], text)

    def texts(self, stage, word):
        return [text for w, text in self.stages[stage] if w == word]

    def one(self, stage, word):
        text, = self.texts(stage, word)
        return text

    def packages(self):
        """What the build stage installs."""
        install, = (t for t in self.texts(0, "RUN") if "apt-get install" in t)
        words = install.split(" apt-get install ")[1].split()
        return [w for w in words if not w.startswith("-")]


def build(directory):
    """Carry out the recipe; the path of the image's root, below `directory`."""
    harness.need_root()
    harness.need_namespace()
    harness.need("dpkg-query", "setcap")
    if harness.sanitized("shmdnsd"):
        raise unittest.SkipTest("a build with sanitizers needs /proc and more libraries")
    missing = [p for p in Recipe().packages() if subprocess.run(
        ["dpkg-query", "-W", p], capture_output=True).returncode != 0]
    if missing:
        raise unittest.SkipTest("not installed, so no base image here: " + " ".join(missing))
    spec = {"directory": directory, "source": harness.SOURCE,
            "built": None if harness.FULL else harness.BUILD}
    done = subprocess.run(["unshare", "-m", sys.executable, os.path.abspath(__file__),
                           json.dumps(spec)], capture_output=True, text=True)
    if done.returncode == 77:
        raise unittest.SkipTest(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return os.path.join(directory, "image")


def mount_copy(top):
    """A writable view of / at top/root; only in this namespace, gone with it."""
    def mount(*words):
        done = subprocess.run(["mount", *words], capture_output=True, text=True)
        if done.returncode != 0:
            sys.stderr.write(f"mount {' '.join(words)}: {done.stderr}")
            sys.exit(77)

    mount("-t", "tmpfs", "tmpfs", top)
    for name in ("upper", "scratch", "root"):
        os.mkdir(os.path.join(top, name))
    root = os.path.join(top, "root")
    mount("-t", "overlay", "overlay", "-o",
          f"lowerdir=/,upperdir={top}/upper,workdir={top}/scratch", root)
    for name in ("proc", "dev"):
        mount("--rbind", "/" + name, os.path.join(root, name))
    return root


def copy_in(source, root, workdir, text):
    *names, target = text.split()
    target = os.path.normpath(os.path.join(workdir, target))
    for name in names:
        path = os.path.join(source, name)
        if os.path.isdir(path):
            shutil.copytree(path, root + target, dirs_exist_ok=True)
        else:
            os.makedirs(root + target, exist_ok=True)
            shutil.copy(path, root + target)


def run_in(root, workdir, script):
    script = f"cd {workdir} && {script}"
    subprocess.run(["chroot", root, "/bin/sh", "-c", script], check=True,
                   stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})


def carry_out(spec):
    recipe, workdir = Recipe(), "/"
    top = os.path.join(spec["directory"], "build")
    os.mkdir(top)
    root = mount_copy(top)
    for word, text in recipe.stages[0]:
        if word == "WORKDIR":
            workdir = text
            os.makedirs(root + workdir, exist_ok=True)
        elif word == "COPY":
            copy_in(spec["source"], root, workdir, text)
        elif "apt-get" in text:
            pass  # build() has looked that all of it is there
        elif spec["built"] and text.startswith(COMPILES):
            subprocess.run(["make", "-s", "-C", spec["built"], "install-strip", "prefix=/usr",
                            "sysconfdir=/etc", f"DESTDIR={root}/installed"], check=True)
        else:
            run_in(root, workdir, text)
    copied = recipe.one(1, "COPY").split()
    assert copied == ["--from=build", "/image/", "/"], copied
    subprocess.run(["cp", "-a", root + "/image", spec["directory"] + "/image"], check=True)


if __name__ == "__main__":
    carry_out(json.loads(sys.argv[1]))
