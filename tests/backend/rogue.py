"""A model process that misbehaves as it is told: run by the isolation tests with a real pipe."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.isolation import Channel


def main() -> None:
    """Does what the first message says."""
    channel = Channel()
    asked = channel.receive()
    match asked["do"]:
        case "environment":
            channel.send({"environment": dict(os.environ), "cwd": str(Path.cwd()), "pid": os.getpid()})
        case "noise":
            print("a library greets you")
            os.write(1, b"and so does its C code\n")
            subprocess.run(["echo", "and a child of it"], check=True)
            channel.send({"said": "the one true message"})
        case "exit":
            sys.exit(asked["code"])
        case "write":
            channel._out.write(asked["text"].encode("utf-8", "surrogateescape") + b"\n")
            channel._out.flush()
        case "flood":
            while True:
                channel.send({"flood": "x" * 100_000})
        case "fork":
            child = subprocess.Popen(["sleep", "3600"])
            channel.send({"child": child.pid})
        case "escape":
            child = subprocess.Popen(["sleep", "3600"], start_new_session=True)
            channel.send({"child": child.pid})
        case "freeze":
            channel.send({"pid": os.getpid(), "cwd": str(Path.cwd())})
            os.kill(os.getpid(), signal.SIGSTOP)
        case "disown":
            shell = "exec setsid sleep 3600 > /dev/null 2>&1 &"
            subprocess.run(["/bin/sh", "-c", shell], env={"PATH": os.environ["PATH"]}, check=True)
            channel.send({"disowned": True})
        case "attack":
            channel.send(attacked(asked))
        case "bomb":
            channel.send({"bomb": True})
            while True:
                with suppress(BlockingIOError):
                    os.fork()
        case "grab":
            held: list[bytes] = []
            while len(held) < asked["megabytes"]:
                held.append(b"x" * 1_000_000)
            channel.send({"held": len(held)})
        case "fill":
            channel.send({"written": filled(asked["files"], asked["megabytes"])})
        case "shout":
            for _ in range(asked["megabytes"]):
                os.write(2, b"noise " * 166_666 + b"    ")
            os.write(2, b"the last words")
            channel.send({"said": True})
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            channel.send({"pid": os.getpid()})
    time.sleep(3600)


def attacked(asked: dict[str, Any]) -> dict[str, bool]:
    """Which attempts succeed: connecting, reading, writing, seeing and ending what is outside."""

    def succeeds(attempt: Callable[[], object]) -> bool:
        try:
            attempt()
        except OSError:
            return False
        return True

    def connect(kind: int, address: Any, family: int = socket.AF_INET) -> None:
        with socket.socket(family, kind) as made:
            made.settimeout(5)
            made.connect(address)

    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "reaches a server of this machine": succeeds(lambda: connect(socket.SOCK_STREAM, ("127.0.0.1", asked["port"]))),
        "reaches an abstract socket": succeeds(lambda: connect(socket.SOCK_STREAM, asked["abstract"], socket.AF_UNIX)),
        "reaches the outside": succeeds(lambda: connect(socket.SOCK_STREAM, ("192.0.2.1", 80))),
        "asks a name server": succeeds(lambda: connect(socket.SOCK_DGRAM, ("192.0.2.1", 53))),
        "reads the home": succeeds(lambda: Path(asked["canary"]).read_text()),
        "reads through its own links": succeeds(lambda: Path(asked["link"]).read_text()),
        "lists the project": succeeds(lambda: (Path(asked["project"]) / "README.md").read_text()),
        "reads a file of the system": succeeds(lambda: Path("/etc/passwd").read_text()),
        "writes into the model": succeeds(lambda: (Path(asked["model"]) / "evil").write_text("x")),
        "writes into our code": succeeds(lambda: (Path(asked["project"]) / "backend" / "evil").write_text("x")),
        "writes elsewhere": succeeds(lambda: Path("/var/evil").write_text("x")),
        "sets the program for crashes": succeeds(lambda: Path("/proc/sys/kernel/core_pattern").open("r+").close()),
        "signals its starter": succeeds(lambda: os.kill(asked["starter"], 0)),
        "mounts": libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, None) == 0,
        "becomes root of its own": libc.unshare(0x10000000) == 0
        and libc.mount(b"/", b"/dev/shm", None, 4096, None) == 0,
        "reads the model": succeeds(lambda: (Path(asked["model"]) / "config.json").read_text()),
        "writes into its scratch folder": succeeds(lambda: Path(os.environ["TMPDIR"], "a").write_text("x")),
    }


def filled(files: int, megabytes: int) -> int:
    """How many megabytes could be written in so many files."""
    written = 0
    for number in range(files):
        with suppress(OSError), Path(os.environ["TMPDIR"], str(number)).open("wb", buffering=0) as file:
            for _ in range(megabytes):
                written += file.write(b"x" * 1_000_000) // 1_000_000
    return written


if __name__ == "__main__":
    main()
