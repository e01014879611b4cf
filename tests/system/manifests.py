"""The manifests of deploy/ (KM-01 to KM-09): as they stand, or as kubectl renders them."""

import os
import subprocess

import yaml

import harness

DEPLOY = os.path.join(harness.SOURCE, "deploy")


def path(*names):
    return os.path.join(DEPLOY, *names)


def text(*names):
    with open(path(*names)) as f:
        return f.read()


def generated(overlay, generator):
    """The ConfigMap that kustomize makes of files."""
    options = generator.get("options", {})
    assert options.get("disableNameSuffixHash"), "the name must stay"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": generator["name"],
            "namespace": generator["namespace"],
            "labels": options["labels"],
        },
        "data": {os.path.basename(f): text(overlay, f) for f in generator["files"]},
    }


def read(overlay):
    """Objects of an overlay that has resources and generators alone."""
    kustomization = yaml.safe_load(text(overlay, "kustomization.yaml"))
    out = []
    for name in kustomization["resources"]:
        out += yaml.safe_load_all(text(overlay, name))
    return out + [generated(overlay, g) for g in kustomization["configMapGenerator"]]


def rendered(overlay):
    """What kustomize makes of it; a skip where there is no kubectl."""
    harness.need("kubectl")
    done = subprocess.run(["kubectl", "kustomize", path(overlay)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def key(o):
    return o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]


def only(objects, kind):
    found, = (o for o in objects if o["kind"] == kind)
    return found


def selects(selector, labels):
    """An empty selector would select everything: that is never meant here."""
    return bool(selector) and selector.items() <= labels.items()


# ---- Pod Security Standards, "restricted" ----

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
           "projected", "secret"}


def restricted_container(pod, container):
    own, shared = container.get("securityContext", {}), pod.get("securityContext", {})
    merged = {**shared, **own}
    dropped = own.get("capabilities", {}).get("drop", [])
    added = set(own.get("capabilities", {}).get("add", []))
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if "ALL" not in dropped:
        yield "capabilities.drop lacks ALL"
    if added - {"NET_BIND_SERVICE"}:
        yield f"capabilities.add {added}"
    if merged.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if not merged.get("runAsUser", 1) > 0:
        yield "runAsUser is root"
    if merged.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "no seccompProfile"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
    if any("hostPort" in p for p in container.get("ports", [])):
        yield "hostPort"


def restricted(pod):
    """What the profile "restricted" of the Pod Security Standards refuses in a pod's spec."""
    for word in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(word):
            yield word
    if pod.get("securityContext", {}).get("sysctls"):
        yield "sysctls"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']}: {kinds}"
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get(part, []):
            for finding in restricted_container(pod, container):
                yield f"{container['name']}: {finding}"
