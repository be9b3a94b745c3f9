"""Serves the site on one address until it is told to stop."""

import resource
import socket

import uvicorn
from fastapi import FastAPI

from backend.errors import HomeInUse
from backend.settings import Settings
from frontend_config.impatience import Impatient

GRACE_SECONDS = 2
LONGEST_HEAD = 32 * 1024
MOST_CONNECTIONS, FILES_OF_OURS = 4096, 512


def check_port(settings: Settings) -> None:
    """HomeInUse unless the page's address is free."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise HomeInUse(
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. Set CLUE_PORT to another."
            ) from None


def run_site(site: FastAPI, settings: Settings) -> None:
    """Answers requests until SIGINT or SIGTERM; open requests get a moment to end."""
    uvicorn.Server(server_config(site, settings)).run()


def server_config(site: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the server is run; what stands in the environment for other programs (FORWARDED_ALLOW_IPS) is not read.

    Which proxy is believed says the site itself.
    """
    return uvicorn.Config(
        site,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        http=Impatient,
        ws="none",
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        limit_concurrency=_most_connections(),
    )


def _most_connections() -> int:
    """As many as this process may open files for, with some left for what it keeps."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + FILES_OF_OURS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed - FILES_OF_OURS, allowed // 2)
