"""The web application: pages of ours and of Gradio, the interface under /v1, and the files the browser keeps."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gradio as gr
from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from gradio.components import Navbar
from gradio.route_utils import BUILD_PATH_LIB
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backend.settings import Settings
from frontend_config.agents.server import keep_to_tools
from frontend_config.agents.tools import add_tools
from frontend_config.assets import Folder, asset_router
from frontend_config.boards import BoardForm, Boards
from frontend_config.bundle import MODULE, bundles
from frontend_config.dated_pages import DatedPages
from frontend_config.desk import Desk
from frontend_config.frame import NAME, Frame, Place
from frontend_config.guard import Guard
from frontend_config.guard.headers import Manners
from frontend_config.guard.rates import Rates
from frontend_config.guard.ways import PROPOSING, SIGN_IN, WAYS, Ways, page_ways
from frontend_config.handbook import PLACE as HANDBOOK
from frontend_config.handbook import handbook_router
from frontend_config.identity import Door, door
from frontend_config.metrics import RequestCount, instruments, metrics_router
from frontend_config.own_pages import Content, own_page
from frontend_config.pages import about, compare, delta, leaderboard, model, plot, queue, submission, submit
from frontend_config.proposing.rules import offered
from frontend_config.sessions import KnowVisitors, Visits, subject_of
from frontend_config.shell import Shell
from frontend_config.sign_in.routes import sign_in_router
from frontend_config.theme import clinical_theme
from frontend_config.v1 import build_api
from frontend_config.v1.manners import BROKEN

STATIC = Path(__file__).parent / "static"
OWN = Folder(STATIC, bundles(STATIC))
GRADIO_CHAIN = ("runtime-", "core-", "Blocks-", "statustracker-", "HTML-")
MOST_SESSIONS, MOST_HANDLERS, MOST_WAITING = 256, 16, 64
Build = Callable[[Desk, str], None]


def _place(
    path: str,
    title: str,
    island: str,
    *uses: str,
    listed: bool = True,
    asks: BoardForm | None = None,
    dated: bool = False,
) -> Place:
    """A page whose island is static/`island`, and which also needs the style sheets of the folders in `uses`."""
    sheets = tuple(sheet for folder in (island, "common", *uses) for sheet in OWN.sheets(folder))
    return Place(path, title, listed, f"{island}/{MODULE}", sheets, island, asks, dated)


# A page is HTML of ours, or built by Gradio where the browser calls functions of the server.
PAGES: tuple[tuple[Place, str | Build], ...] = (
    (_place("/", "Leaderboard", "board", asks=BoardForm.FIRST, dated=True), leaderboard.CONTENT),
    (_place("/delta", "Does training help?", "delta", "differences", "charts", dated=True), delta.CONTENT),
    (
        _place("/compare", "Compare", "compare", "differences", "charts", asks=BoardForm.WHOLE, dated=True),
        compare.CONTENT,
    ),
    (_place("/plot", "Plot", "plot", "charts", asks=BoardForm.WHOLE, dated=True), plot.CONTENT),
    (_place("/submit", "Submit", "submit", "submissions"), submit.build),
    (_place("/queue", "Queue", "queue", "submissions"), queue.build),
    (_place("/submission", "Submission", "submission", "submissions", listed=False), submission.build),
    (_place("/model", "Model", "model", "charts", listed=False, dated=True), model.CONTENT),
)
ABOUT = Place("/about", "About", module=f"about/{MODULE}", sheets=("about/about.css",))


def build_site(desk: Desk) -> FastAPI:
    """The whole site over this desk, ready for uvicorn; building it asks nothing of the network."""
    gradio = Folder(Path(BUILD_PATH_LIB))
    digest = OWN.digest()
    static = f"/static/clue/{digest}"
    app = FastAPI(title=NAME, docs_url=None, redoc_url=None, openapi_url=None)
    boards = Boards(desk)
    dated = DatedPages(desk, boards)
    api = build_api(desk, boards)
    gradio_places = [place for place, made in PAGES if not isinstance(made, str)]
    chain = sorted(f"/assets/{file.name}" for file in gradio.path.glob("*.js") if file.name.startswith(GRADIO_CHAIN))
    visits = Visits(desk.settings) if door(desk.settings) is Door.SIGN_IN else None
    frame = Frame([*(place for place, _ in PAGES), ABOUT], static, chain, signs_in=visits is not None)
    for place, content in PAGES:
        if isinstance(content, str):
            app.include_router(own_page(frame, place, _always(content), partial(dated.around, place)))
    app.include_router(own_page(frame, ABOUT, lambda: about.about_html(desk.tasks, desk.settings)))
    app.include_router(handbook_router(api, frame))
    app.mount("/v1", api)
    registry = instruments(desk)
    app.include_router(metrics_router(registry))
    app.include_router(asset_router(OWN, digest, gradio))
    app.include_router(model.short_links())
    if visits:
        app.include_router(sign_in_router(desk, frame, visits))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SSR mode is not supported", category=UserWarning)
        _mount(app, desk, static)
    app.add_middleware(Shell, frame=frame, places=gradio_places)
    _enclose(app, desk.settings)
    if visits:
        app.add_middleware(KnowVisitors, visits=visits)
    app.add_middleware(RequestCount, registry=registry)
    return app


def public_ways(settings: Settings) -> Ways:
    """All that the site lets anybody ask for."""
    places = [(place.path, place.title) for place in (*(place for place, _ in PAGES), ABOUT, HANDBOOK)]
    signing_in = SIGN_IN if door(settings) is Door.SIGN_IN else ()
    return Ways((*page_ways(places), *WAYS, *signing_in, *(PROPOSING if offered(settings) else ())))


def _enclose(app: FastAPI, settings: Settings) -> None:
    manners = Manners(settings)
    app.add_middleware(Guard, settings=settings, ways=public_ways(settings), rates=Rates(subject_of), manners=manners)
    if settings.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies))

    # What handles an error stands outside of all middleware.
    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": BROKEN}, 500, manners.alone())


def _always(html: str) -> Content:
    return lambda: html


def _mount(app: FastAPI, desk: Desk, static: str) -> None:
    pages = build_pages(desk, static)
    gr.mount_gradio_app(
        app,
        pages,
        path="/",
        server_name=desk.settings.host,
        server_port=desk.settings.port,
        footer_links=[],
        run_history=False,
        favicon_path=str(STATIC / "favicon.svg"),
        show_error=False,
        max_file_size=1,
        ssr_mode=False,
        pwa=False,
        mcp_server=True,
        theme=clinical_theme(),
        css=(STATIC / "gradio.css").read_text(encoding="utf-8"),
    )
    keep_to_tools(pages)


def build_pages(desk: Desk, static: str) -> gr.Blocks:
    """The Gradio pages, none of whose handlers is offered as a public endpoint, and the four tools, which are."""
    pages: gr.Blocks = gr.Blocks(title=NAME, analytics_enabled=False)
    with pages:
        Navbar(visible=False)
    for place, made in PAGES:
        if not isinstance(made, str):
            with pages.route(place.title, place.path, show_in_navbar=False):
                made(desk, static)
    for handler in pages.fns.values():
        handler.api_visibility = "private"
    with pages:
        add_tools(desk)
    # One visitor can name as many sessions as he likes, and each costs memory; of the queue only sign-in makes use.
    pages.state_session_capacity = MOST_SESSIONS
    pages.limiter = CapacityLimiter(MOST_HANDLERS)  # type: ignore[assignment]
    pages.queue(max_size=MOST_WAITING, default_concurrency_limit=4, api_open=False)
    # Told its Space, Gradio's page would fetch fonts from Google and its own status from the Hub.
    pages.space_id = None
    return pages
