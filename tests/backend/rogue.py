"""A model process that misbehaves as it is told: run by the isolation tests with a real pipe."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            channel.send({"pid": os.getpid()})
    time.sleep(3600)


if __name__ == "__main__":
    main()
