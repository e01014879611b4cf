#!/usr/bin/python3
"""cases.py - the conformance cases of tests/data/cases, each as a scenario.

They prove RS, RH, RE, RP, RV and RX rows (RS-01, RH-01, RP-04, RV-01, RX-01, ...).

Writes one dialogue for each case (and one over TCP) and has the scenario runner play it.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "cases")
RUNNER = os.environ.get("SCENARIO", "tests/scenario/scenario")
FLAGS = ("ignore_empty_service", "endpoint_pod_names", "noendpoints")
LATER = ("zonal", "multicluster_zones")


def quoted(names):
    return "[" + ", ".join('"%s"' % n for n in names) + "]"


def config(c):
    lines = [
        "zones = %s;" % quoted(c["zones"]),
        "namespaces = %s;" % quoted(c["namespaces"]),
        'pods = "%s";' % c["pods"],
        "ttl = %d;" % c["ttl"],
        "server_addresses = %s;" % quoted(c["local_ips"] or ["192.0.2.53"]),
    ]
    lines += ["%s = true;" % k for k in FLAGS if c[k]]
    return "kubernetes = { %s };" % " ".join(lines)


def dialogue(case, words):
    flags = "".join(" " + f for f in ("aa", "tc") if case["flags"][f])
    out = [
        "scenario %s %s" % (case["id"], words),
        "config { %s }" % config(case["config"]),
        "apply file %s" % os.path.join(DATA, case["objects"]),
    ]
    if case["config"]["synced"]:
        out.append("synced")
    out.append("ask %s %s %s" % (case["qname"], case["qtype"], words))
    out.append("expect %s%s" % (case["rcode"], flags))
    for section in ("answer", "authority", "additional"):
        out += ["%s %s" % (section, rr) for rr in case[section]]
    return "\n".join(out) + "\n"


def main():
    with open(os.path.join(DATA, "cases.json"), encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    due = [c for c in cases
           if not any(c["config"][k] for k in LATER) and "upstream" not in c
           and c["config"]["pods"] != "verified"]
    for c in cases:
        if c not in due:
            print("not yet: %s" % c["id"])
    if not due:
        print("no cases")
        return 1
    with tempfile.NamedTemporaryFile("w", suffix=".scn", encoding="utf-8") as f:
        for c in due:
            f.write(dialogue(c, "edns 4096"))
            f.write(dialogue(c, "tcp"))
        f.flush()
        print("%d cases" % len(due))
        return subprocess.run([RUNNER, f.name], check=False).returncode


sys.exit(main())
