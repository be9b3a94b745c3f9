"""Who comes in by the provider, who does not, and what nobody can make the sign-in do."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from backend.errors import ProviderSilent, SignInFailed
from backend.submission import Person
from frontend_config.sessions import Visits
from frontend_config.sign_in.provider import Provider
from frontend_config.sign_in.ways import own_path
from frontend_config.site import build_site
from tests.loopback.oidc import LoopbackProvider
from tests.storage.records import Clock

from .gates import ADA, BOB, BROWSER, PENDING, PEOPLE, SESSION, Gate, apart, gate, request, settings_of
from .serving import Shelf

EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider().serving() as running:
        yield running


@pytest.fixture(scope="module")
def opened(provider: LoopbackProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with gate(tmp_path_factory.mktemp("home"), provider) as running:
        yield running


@pytest.fixture
def site(opened: Gate) -> Gate:
    opened.provider.well()
    opened.provider.people = {sub: dict(about) for sub, about in PEOPLE.items()}
    opened.shelf.taken, opened.shelf.met = [], []
    return opened


@pytest.fixture
def visitor(site: Gate) -> Iterator[httpx.Client]:
    with site.visitor() as client:
        yield client


def refused(answer: httpx.Response, *, words: str, status: int = 403) -> None:
    assert answer.status_code == status and words in answer.text
    assert SESSION not in answer.headers.get("set-cookie", "")
    assert answer.headers["cache-control"] == "no-store"


def test_who_signs_in_is_known_by_a_subject_that_stays_and_submits_under_it(site: Gate, visitor: httpx.Client) -> None:
    assert site.who(visitor) is None and site.submit(visitor) == 401
    asked = site.begin(visitor, "/queue?id=s0007")
    assert asked["redirect_uri"] == f"{site.address}/login/callback" and asked["code_challenge_method"] == "S256"
    assert min(len(asked["state"]), len(asked["nonce"])) >= 20
    back = visitor.get(site.decide(asked, ADA))
    assert (back.status_code, back.headers["location"]) == (303, "/queue?id=s0007")
    assert site.who(visitor) == "ada" and site.shelf.met == [Person(site.subject(ADA), "ada")]
    assert site.submit(visitor) == 201 and [who for _, who in site.shelf.taken] == [site.subject(ADA)]


def test_the_cookie_is_out_of_reach_and_names_nobody(site: Gate, visitor: httpx.Client) -> None:
    told = site.sign_in(visitor).headers.get_list("set-cookie")
    (session,) = [each for each in told if each.startswith(SESSION)]
    flags = {each.strip().lower() for each in session.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=28800"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert "ada" not in session and ADA not in session
    assert any(each.startswith(f'{PENDING}=""') for each in told), "and nothing is under way any more"


def test_over_https_the_cookies_are_for_this_host_alone(tmp_path: Path, provider: LoopbackProvider) -> None:
    settings = settings_of(tmp_path, provider, public_url="https://clue.example", hosts=("other.example", "10.0.0.7"))
    with TestClient(build_site(Shelf(settings=settings).desk()), base_url="https://clue.example") as client:
        sent = client.get("/signin", follow_redirects=False).headers["set-cookie"]
        assert sent.startswith(f"__Host-{PENDING}=") and "Secure" in sent
        elsewhere = client.get("/signin?next=/plot", headers={"Host": "other.example"}, follow_redirects=False)
        moved = elsewhere.headers["location"]
        assert moved.startswith("https://clue.example/signin?") and "set-cookie" not in elsewhere.headers
        # A proxy that hides the host from us must not make it go round.
        hidden = client.get(urlsplit(moved)._replace(scheme="", netloc="").geturl(), headers={"Host": "10.0.0.7"})
        assert urlsplit(str(hidden.url)).path == "/oauth/authorize" or hidden.history


def test_somebody_renamed_is_the_same_person_and_equal_subs_of_two_providers_are_not(
    site: Gate, visitor: httpx.Client, tmp_path: Path
) -> None:
    site.sign_in(visitor)
    site.provider.people[ADA] = {"preferred_username": "countess"}
    site.sign_in(visitor)
    assert site.who(visitor) == "countess"
    assert {person.subject for person in site.shelf.met} == {site.subject(ADA)}
    with LoopbackProvider(people={ADA: PEOPLE[ADA]}).serving() as other, gate(tmp_path, other) as second:
        with second.visitor() as client:
            second.sign_in(client)
        assert second.shelf.met == [Person(second.subject(ADA), "ada")] and second.subject(ADA) != site.subject(ADA)


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"preferred_username": "ada@ward.example"}, "ada"),
        ({"preferred_username": "\u202eada\u200b\x00 \n love\u2066lace"}, "ada love lace"),
        ({"preferred_username": "a" * 500}, "a" * 64),
        ({"preferred_username": "<img src=x onerror=alert(1)>"}, "<img src=x onerror=alert(1)>"),
        ({"preferred_username": ["x"], "name": "Ada L."}, "Ada L."),
        ({"preferred_username": " \u2060 "}, "no name"),
    ],
    ids=["address", "invisible", "long", "markup", "no text", "empty"],
)
def test_a_name_is_made_fit_to_be_shown(
    site: Gate, visitor: httpx.Client, claims: dict[str, object], shown: str
) -> None:
    site.provider.claims = claims
    site.sign_in(visitor)
    assert site.who(visitor) == shown


@pytest.mark.parametrize("name", ["local", "The Operator", "ｓｙｓｔｅｍ", "no name"])
def test_nobody_submits_under_a_name_that_the_program_uses(site: Gate, visitor: httpx.Client, name: str) -> None:
    site.provider.claims = {"preferred_username": name}
    site.sign_in(visitor)
    assert site.submit(visitor) == 403 and site.shelf.taken == []


def test_a_name_that_the_token_keeps_to_itself_is_asked_for(site: Gate, visitor: httpx.Client) -> None:
    site.provider.talkative = True
    site.sign_in(visitor, BOB)
    assert site.who(visitor) == "bob"


@pytest.mark.parametrize(
    "mood",
    [
        {"claims": {"nonce": "another"}}, {"claims": {"nonce": None}}, {"claims": {"aud": "another-client"}},
        {"claims": {"aud": ["another-client"], "azp": "clue-board"}}, {"claims": {"aud": None}},
        {"claims": {"iss": EVIL}}, {"claims": {"exp": 1_600_000_000}}, {"claims": {"exp": None}},
        {"claims": {"sub": None}}, {"claims": {"sub": "a\u202eb"}}, {"claims": {"sub": "x" * 256}},
        {"claims": {"sub": 7}}, {"wrong_key": True}, {"algorithm": "none", "offered": ("none", "ES256")},
        {"algorithm": "none", "offered": ("none",)}, {"silent_token": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_wholly_right_signs_nobody_in(
    site: Gate, visitor: httpx.Client, mood: dict[str, object]
) -> None:
    for name, value in mood.items():
        setattr(site.provider, name, value)
    refused(site.sign_in(visitor), words="could not be accepted")
    assert site.who(visitor) is None and site.shelf.met == []
    site.provider.well()
    site.sign_in(visitor)
    assert site.who(visitor) == "ada", "and the next time it may be right"


def test_a_provider_may_change_its_keys(site: Gate, visitor: httpx.Client) -> None:
    site.sign_in(visitor)
    site.provider.turn_key()
    assert site.sign_in(visitor, BOB).status_code == 303 and site.who(visitor) == "bob"


def test_who_says_no_is_told_so_and_the_providers_words_are_not_shown(site: Gate, visitor: httpx.Client) -> None:
    answer = site.sign_in(visitor, sub="")
    refused(answer, words="was told not to say who you are")
    assert "The user said no" not in answer.text


def test_a_code_works_once_and_only_in_the_browser_that_began(site: Gate, visitor: httpx.Client) -> None:
    asked = site.begin(visitor)
    address = site.decide(asked, ADA)
    with site.visitor() as thief:
        refused(thief.get(address), words="begun in another browser")
        site.begin(thief)
        refused(thief.get(address), words="begun in another browser")
    held = visitor.cookies[PENDING]
    assert visitor.get(address).status_code == 303
    with site.visitor() as again:
        again.cookies.set(PENDING, held, domain="127.0.0.1", path="/")
        refused(again.get(address), words="could not be accepted")
    assert visitor.get(address).headers["location"] == "/", "somebody who goes back is signed in all the same"


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=", "?state=x", "?code=x&state=None", "?error=x"])
def test_coming_back_from_nowhere_signs_nobody_in(site: Gate, visitor: httpx.Client, query: str) -> None:
    site.begin(visitor)
    assert visitor.get(f"/login/callback{query}").status_code == 403 and site.who(visitor) is None


def test_a_sign_in_is_new_each_time_and_the_one_before_is_over(site: Gate, visitor: httpx.Client) -> None:
    with site.visitor() as attacker:
        site.sign_in(attacker, BOB)
        planted = attacker.cookies[SESSION]
    visitor.cookies.set(SESSION, planted, domain="127.0.0.1", path="/")
    site.sign_in(visitor, ADA)
    mine = next(each.value for each in visitor.cookies.jar if each.name == SESSION and each.value != planted)
    assert mine and site.who(visitor) == "ada"
    with site.visitor() as attacker:
        attacker.cookies.set(SESSION, planted)
        assert site.who(attacker) is None


def test_a_cookie_that_is_not_ours_to_the_letter_is_nobodys(site: Gate, visitor: httpx.Client) -> None:
    site.sign_in(visitor)
    good = visitor.cookies[SESSION]
    session_id, _, signature = good.rpartition(".")
    bad = [session_id, f"{session_id}.", f"{session_id}x.{signature}", good[:-1], "", ".", "é.é", "a" * 4000, good * 2]
    for value in bad:
        answer = BROWSER.get(f"{site.address}/signin/who", headers={b"Cookie": f"{SESSION}={value}".encode("latin-1")})
        assert answer.json() == {"name": None}, value
    with site.visitor() as elsewhere:
        elsewhere.cookies.set(SESSION, good)
        assert site.who(elsewhere) == "ada"


def test_signing_out_ends_the_session_for_whoever_holds_its_cookie(site: Gate, visitor: httpx.Client) -> None:
    site.sign_in(visitor)
    stolen = visitor.cookies[SESSION]
    assert visitor.get("/signout").status_code in (404, 405) and site.who(visitor) == "ada"
    assert visitor.post("/signout").status_code == 204
    with site.visitor() as thief:
        thief.cookies.set(SESSION, stolen)
        assert site.who(visitor) is None and site.who(thief) is None and site.submit(thief) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
    ],
    ids=str,
)  # fmt: skip
def test_another_sites_page_neither_submits_nor_signs_out(
    site: Gate, visitor: httpx.Client, headers: dict[str, str]
) -> None:
    site.sign_in(visitor)
    assert site.submit(visitor, **headers) == 403 and site.shelf.taken == []
    assert visitor.post("/signout", headers=headers).status_code == 403 and site.who(visitor) == "ada"


ABROAD = [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "/signout", "/signin?next=/",
    "/login/callback", "/" + "x" * 3000, "/é", "https:/evil.example", "///evil.example", "/%0a/x y",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ABROAD)
def test_no_way_leads_to_another_site(wanted: str) -> None:
    assert own_path(wanted) == "/"


def test_the_way_back_is_decided_before_and_after_the_provider(site: Gate, visitor: httpx.Client) -> None:
    for wanted in ("/submit?model=a%2Fb&base=c", "/plot#x"):
        assert site.sign_in(visitor, wanted=wanted).headers["location"] == wanted
    assert site.sign_in(visitor, wanted="//evil.example").headers["location"] == "/"
    address = site.decide(site.begin(visitor), ADA)
    assert visitor.get(f"{address}&next=//evil.example").headers["location"] == "/"


def test_sessions_outlive_a_restart_and_end_when_their_time_is_up(tmp_path: Path, provider: LoopbackProvider) -> None:
    provider.people = dict(PEOPLE)
    with gate(tmp_path, provider) as first, first.visitor() as client:
        first.sign_in(client)
        again = request(cookie=f"{SESSION}={client.cookies[SESSION]}")
    found = Visits(first.shelf.settings).session_of(again)
    assert found and found.person == Person(first.subject(ADA), "ada")
    late = Visits(first.shelf.settings, Clock(time.time() + 8 * 3600 + 1).pair)
    assert late.session_of(again) is None
    assert late.cookies.session_named(again), "it is the server that says so, not the cookie"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*") if path.is_file()} == {0o600}


def test_a_provider_that_is_down_is_said_so_and_left_alone_for_a_moment(
    tmp_path: Path, provider: LoopbackProvider
) -> None:
    provider.well()
    with (
        LoopbackProvider(people=dict(PEOPLE), down=True).serving() as ailing,
        gate(tmp_path, ailing) as site,
        site.visitor() as client,
    ):
        for _ in range(20):
            refused(client.get("/signin"), words="does not answer just now", status=503)
        assert len(ailing.requests) <= 2, "and is left alone for a moment"
        assert client.get("/v1/health").status_code == 200
        ailing.down = False
        time.sleep(2.1)
        assert site.sign_in(client).status_code == 303
        asked = site.begin(client)
        address = site.decide(asked, BOB)
        ailing.down = True
        refused(client.get(address), words="does not answer just now", status=503)
        assert site.who(client) == "ada"


NONSENSE = ["", "[]", "7", '{"issuer": 7}', "<html>", '{"issuer": "https://evil.example"}']


@pytest.mark.parametrize("says", NONSENSE)
def test_a_provider_that_answers_nonsense_sends_nobody_anywhere(says: str) -> None:
    with LoopbackProvider(says=says).serving() as odd:
        door = Provider(settings_of(Path(), odd, public_url="http://127.0.0.1:7860"))
        with pytest.raises(SignInFailed, match="could not be accepted"):
            apart(door.send_off(request()))


def test_a_provider_that_is_slow_keeps_nobody_waiting_for_long() -> None:
    with LoopbackProvider(delay=5).serving() as slow:
        door = Provider(settings_of(Path(), slow, public_url="http://127.0.0.1:7860"), patience=0.2)
        for _ in range(2):
            with pytest.raises(ProviderSilent):
                apart(door.send_off(request()))


def test_a_flood_of_sign_ins_leaves_nothing_on_the_server(site: Gate) -> None:
    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_size for path in site.shelf.settings.home.iterdir()}

    before = kept()
    for _ in range(30):
        assert BROWSER.get(f"{site.address}/signin").status_code == 302
    assert kept() == before


def test_a_client_may_have_to_prove_itself_in_the_form(tmp_path: Path) -> None:
    strict = LoopbackProvider(people=dict(PEOPLE), methods=("client_secret_post",))
    with strict.serving(), gate(tmp_path, strict) as site, site.visitor() as client:
        assert site.sign_in(client).status_code == 303 and site.who(client) == "ada"


def test_what_is_the_same_for_all_stays_so(site: Gate, visitor: httpx.Client) -> None:
    before = visitor.get("/")
    site.sign_in(visitor)
    after = visitor.get("/", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 304 and "Cookie" not in before.headers.get("vary", "")
    assert re.search(r'class="clue-account"><a href="/signin">Sign in</a>', before.text)
    assert parse_qs(urlsplit(str(before.url)).query) == {}


def test_nothing_of_sign_in_exists_where_it_is_not_configured(tmp_path: Path) -> None:
    shelf = Shelf()
    client = TestClient(build_site(shelf.desk()), base_url="http://127.0.0.1:7860", client=("127.0.0.1", 50_000))
    for path in ("/signin", "/signin/who", "/login/callback", "/login/huggingface"):
        assert client.get(path, follow_redirects=False).status_code == 404, path
    assert "clue-account" not in client.get("/").text
