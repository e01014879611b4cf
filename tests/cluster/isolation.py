"""A network namespace of our own, where there is nothing but our traffic, and addresses that
the servers may call theirs. For root; others have loopback, and what needs addresses is left
out.
"""

import os
import subprocess
import sys

OWN = ["10.250.0.53", "fd00:53::53"]
MARK = "SHMDNS_CLUSTER_ISOLATED"


def isolated():
    return os.environ.get(MARK) == "1"


def enter():
    """Go on in a namespace: the program begins anew in it. Not where that cannot be, and not
    with SHMDNS_CLUSTER_ISOLATED=0."""
    if MARK not in os.environ and os.geteuid() == 0:
        if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0:
            os.environ[MARK] = "1"
            os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    if isolated():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in OWN:
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
