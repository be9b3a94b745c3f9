"""Gradio's sign-in session, opened for addresses of our own."""

from fastapi import FastAPI
from gradio.routes import App
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send


class OpenForPosts:
    """ASGI middleware that lets what is posted see the session; what is only read stays free of cookies."""

    def __init__(self, app: ASGIApp, session: Middleware) -> None:
        self.app = app
        self.known = session.cls(app, *session.args, **session.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        posted = scope["type"] == "http" and scope["method"] == "POST"
        await (self.known if posted else self.app)(scope, receive, send)


def share_session(site: FastAPI, api: FastAPI) -> None:
    """What is posted to `api` comes with the session of the Gradio pages mounted on `site`, if these have one."""
    for mount in site.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, App):
            found: list[Middleware] = [each for each in mount.app.user_middleware if _is_session(each.cls)]
            for each in found:
                api.add_middleware(OpenForPosts, session=each)


def _is_session(kind: object) -> bool:
    return kind is SessionMiddleware
