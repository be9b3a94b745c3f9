"""Signing in and out in a real browser, and what other pages in that browser cannot do with it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Route as Routed
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from frontend_config.sessions import Visits
from tests.loopback.oidc import LoopbackProvider
from tests.loopback.serving import serve

from .gates import ADA, PEOPLE, Gate, gate

FORGED = """
<form method="post" enctype="text/plain" action="{address}/v1/submissions">
<input name='{{"model": "owner/forged", "x' value='": null}}'></form>
<form method="post" action="{address}/signout"></form>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    home: Path = tmp_path_factory.mktemp("home")
    with LoopbackProvider(people=dict(PEOPLE)).serving() as provider, gate(home, provider) as running:
        yield running


@pytest.fixture
def window(browser: Browser, site: Gate) -> Iterator[BrowserContext]:
    site.shelf.taken = []
    site.provider.people = {sub: dict(about) for sub, about in PEOPLE.items()}
    context = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    yield context
    context.close()


def sign_in(page: Page, site: Gate, path: str = "/about", name: str = "ada") -> None:
    page.goto(site.address + path)
    page.locator(".clue-account").get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=f"Go on as {name}", exact=True).click()
    expect(page.locator(".clue-account bdi")).to_have_text(name)


def test_from_the_form_to_the_provider_and_back_with_what_was_typed(window: BrowserContext, site: Gate) -> None:
    page = window.new_page()
    page.goto(f"{site.address}/submit")
    way = page.get_by_role("link", name="Sign in with 127.0.0.1 to submit")
    expect(way).to_be_visible()
    page.get_by_role("combobox", name="Model").fill("acme/notes-7b")
    page.get_by_label("Biomedical").check()
    page.get_by_label("Base model").fill("acme/base")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Sign in with 127.0.0.1 first")
    way.click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.get_by_role("button", name="Go on as ada").click()
    expect(page).to_have_url(f"{site.address}/submit?model=acme%2Fnotes-7b&domain=biomedical&base=acme%2Fbase")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("acme/notes-7b")
    expect(page.get_by_label("Base model")).to_have_value("acme/base")
    expect(page.get_by_label("Biomedical")).to_be_checked()
    expect(page.locator(".clue-account bdi")).to_have_text("ada")
    expect(way).to_be_hidden()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator(".accepted")).to_be_visible()
    ((form, who),) = site.shelf.taken
    assert (form.model_id, form.base_model, who) == ("acme/notes-7b", "acme/base", site.subject(ADA))
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".clue-account").get_by_role("link", name="Sign in")).to_be_visible()
    expect(way).to_be_visible()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Sign in with 127.0.0.1 first")
    assert len(site.shelf.taken) == 1
    assert window.cookies() == []


def test_a_session_that_ended_meanwhile_is_said_with_the_way_to_go_on(window: BrowserContext, site: Gate) -> None:
    page = window.new_page()
    sign_in(page, site, "/submit?model=acme/notes-7b")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("acme/notes-7b")
    Visits(site.shelf.settings).sessions.end_all(site.subject(ADA))
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still here.")
    expect(page.locator(".clue-account").get_by_role("link", name="Sign in")).to_be_visible()
    page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Go on as ada").click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("acme/notes-7b")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator(".accepted")).to_be_visible()


def test_a_page_of_another_port_holds_the_cookie_and_can_do_nothing_with_it(window: BrowserContext, site: Gate) -> None:
    def forged(request: Request) -> Response:
        cookies.append(request.headers.get("cookie", ""))
        return HTMLResponse(FORGED.format(address=site.address))

    cookies: list[str] = []
    page = window.new_page()
    sign_in(page, site)
    with serve(Starlette(routes=[Route("/", forged)])) as elsewhere:
        page.goto(elsewhere)
        assert "clue-session" in cookies[0], "a browser tells hosts apart, not ports"
        told = page.evaluate(
            """async (address) => {
                const body = JSON.stringify({model: "owner/forged"});
                const kind = {"Content-Type": "application/json"};
                const ways = [
                    ["/v1/submissions", {method: "POST", credentials: "include", headers: kind, body}],
                    ["/v1/submissions", {method: "POST", credentials: "include", mode: "no-cors", body}],
                    ["/signout", {method: "POST", credentials: "include", mode: "no-cors"}],
                    ["/signin/who", {credentials: "include"}],
                ];
                const ends = [];
                for (const [path, how] of ways)
                    ends.push(await fetch(address + path, how).then((each) => each.type, () => "refused"));
                return ends;
            }""",
            site.address,
        )
        assert told == ["refused"] * 4, "and it is not even told what it may not read"
        for number in range(2):
            page.goto(elsewhere)
            with page.expect_navigation():
                page.evaluate(f"document.forms[{number}].submit()")
    assert site.shelf.taken == []
    page.goto(f"{site.address}/about")
    expect(page.locator(".clue-account bdi")).to_have_text("ada")


@pytest.mark.parametrize("wanted", ["//evil.example/x", "/\\evil.example", "/%09/evil.example", "https:evil.example"])
def test_no_address_makes_the_sign_in_end_on_another_site(window: BrowserContext, site: Gate, wanted: str) -> None:
    page = window.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.address}/signin?next={wanted}")
    page.get_by_role("button", name="Go on as bob").click()
    expect(page.locator(".clue-account bdi")).to_have_text("bob")
    assert {url.split("/")[2] for url in asked} == {site.address[7:], site.provider.issuer[7:]}


def test_inside_another_page_signing_in_opens_a_tab_of_its_own(window: BrowserContext, site: Gate) -> None:
    def let_frame(route: Routed) -> None:
        """As on a Space, where the Hub's page may frame ours, but for the one that frames here."""
        answer = route.fetch()
        policy = answer.headers["content-security-policy"].replace("frame-ancestors 'none'", "frame-src 'self'")
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    page = window.new_page()
    page.route(re.compile(r"/(about|submit)\b"), let_frame)
    page.goto(f"{site.address}/about")
    page.evaluate(
        """() => document.querySelector("main").replaceChildren(
            Object.assign(document.createElement("iframe"), {src: "/submit?model=acme/notes-7b", width: 900})
        )"""
    )
    inner = page.frame_locator("iframe")
    expect(inner.get_by_text("You see this page inside another one")).to_be_visible()
    with window.expect_page() as opened:
        inner.get_by_role("link", name="Sign in with 127.0.0.1 to submit").click()
    opened.value.get_by_role("button", name="Go on as ada").click()
    expect(opened.value.get_by_role("combobox", name="Model")).to_have_value("acme/notes-7b")
    assert page.url == f"{site.address}/about"


def test_a_long_name_leaves_room_on_a_phone_and_markup_in_it_stays_text(window: BrowserContext, site: Gate) -> None:
    name = "<img src=x onerror=alert(1)>" + "w" * 36
    site.provider.people[ADA] = {"preferred_username": name}
    page = window.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, site, name=name)
    for path in ("/", "/submit"):
        page.goto(site.address + path)
        expect(page.locator(".clue-account bdi")).to_have_text(name)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.locator(".clue-header img")).to_have_count(0)
    parts = page.locator(".clue-brand, .clue-account, .clue-theme")
    row = parts.evaluate_all("(parts) => parts.map((part) => part.offsetTop)")
    assert max(row) - min(row) < 12, "one row"
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport()


def test_who_says_no_finds_the_way_back(window: BrowserContext, site: Gate) -> None:
    page = window.new_page()
    page.goto(f"{site.address}/plot")
    page.locator(".clue-account").get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Go on as nobody").click()
    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    expect(page.get_by_text("was told not to say who you are")).to_be_visible()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Go on as ada").click()
    expect(page).to_have_url(f"{site.address}/plot")
