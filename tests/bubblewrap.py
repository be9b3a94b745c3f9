"""Bubblewrap, which the tests of isolation need: found on this machine, or installed."""

import os
import shutil
import subprocess
import sys


def install_bubblewrap() -> None:
    """Bubblewrap is on this machine afterwards, Debian's where apt may be used; if not, a sentence says what to do."""
    if shutil.which("bwrap"):
        return
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        sys.exit("The tests of isolation need bubblewrap 0.8 or newer: install it with this system's package manager.")
    subprocess.run([apt, "update", "-q"], check=True)
    subprocess.run([apt, "install", "-y", "-q", "--no-install-recommends", "bubblewrap"], check=True)


if __name__ == "__main__":
    install_bubblewrap()
