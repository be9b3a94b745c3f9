"""A Ray cluster of several nodes on this machine alone, for measuring and for tests."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Ray takes 127.0.0.1 for a slip and advertises the host's address instead.
HOST = "127.0.0.1" if sys.platform == "darwin" else "127.0.0.2"
STORE_BYTES = 80_000_000


@contextmanager
def local_cluster(nodes: int, cpus: int) -> Iterator[Any]:
    """Ray's own Cluster: a head on which nothing is placed, and so many nodes with so many processors each.

    It listens on loopback, knows a token of its own, and writes nothing outside a folder that is gone afterwards. Ray
    must not have been imported before.
    """
    # The path of Ray's sockets may have 107 characters, and Ray itself takes 80 of them.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        token = Path(folder) / "token"
        token.touch(0o600)
        token.write_text(secrets.token_hex(32))
        surroundings = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_TMPDIR": folder,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
        }
        with _environment(surroundings):
            from ray.cluster_utils import Cluster

            each = {"node_ip_address": HOST, "object_store_memory": STORE_BYTES, "include_dashboard": False}
            cluster = Cluster(initialize_head=True, head_node_args={**each, "num_cpus": 0})
            try:
                for _ in range(nodes):
                    cluster.add_node(**each, num_cpus=cpus)
                yield cluster
            finally:
                cluster.shutdown()


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
