"""Serves the site on one address until it is told to stop."""

import socket

import uvicorn
from fastapi import FastAPI

from backend.errors import HomeInUse
from backend.settings import Settings

GRACE_SECONDS = 2


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
    config = uvicorn.Config(
        site,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run()
