"""A page of another origin in the real browser can submit nothing, read nothing of a person's, and frame nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser

from .conftest import Site

LURE = b"""<!doctype html><title>lure</title><body></body><script>
const tried = async (address, options) => {
  try {
    const answer = await fetch(address, options);
    return answer.type === "opaque" ? "opaque" : `${answer.status} ${(await answer.text()).length > 0}`;
  } catch { return "refused"; }
};
</script>"""
WISH = '{"data":{"model":"owner/name","edition":"full"},"component_id":5,"fn_name":"submit","session_hash":"x"}'
ATTEMPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "post as text": ("/v1/submissions", {"method": "POST", "mode": "no-cors", "body": '{"model":"owner/name"}'}),
    "post as json": (
        "/v1/submissions",
        {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": '{"model":"owner/name"}'},
    ),
    "call a function": ("/gradio_api/component_server/", {"method": "POST", "mode": "no-cors", "body": WISH}),
    "read with credentials": ("/v1/queue", {"credentials": "include"}),
    "read": ("/v1/queue", {}),
    "read a page": ("/submit", {}),
    "take a page blindly": ("/submit", {"mode": "no-cors"}),
}


@contextmanager
def lure(name: str) -> Iterator[str]:
    """A page of somebody else, at another origin of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(LURE)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((name, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{name}:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.2"])
def test_a_page_of_another_origin_gets_nowhere(browser: Browser, site: Site, name: str) -> None:
    with lure(name) as elsewhere, browser.new_context() as context:
        page = context.new_page()
        page.goto(elsewhere)
        asked = "([address, options]) => tried(address, options)"
        found = {
            what: page.evaluate(asked, [site.address + path, {"credentials": "include", **options}])
            if what != "read"
            else page.evaluate(asked, [site.address + path, options])
            for what, (path, options) in ATTEMPTS.items()
        }
        assert found.pop("read") == "200 true", "what is open to all stays so"
        assert set(found.values()) <= {"refused", "opaque"}, found
        assert found["take a page blindly"] == found["read with credentials"] == found["read a page"] == "refused"
    assert site.shelf.taken == []


def test_a_page_of_another_origin_frames_nothing_and_sends_no_form(browser: Browser, site: Site) -> None:
    with lure("127.0.0.2") as elsewhere, browser.new_context() as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(elsewhere)
        for path in ("/submit", "/", "/v1/queue"):
            page.evaluate(
                """(address) => new Promise((done) => {
                    const frame = Object.assign(document.createElement("iframe"), { src: address, onload: done });
                    document.body.append(frame);
                })""",
                site.address + path,
            )
        assert len([text for text in said if "frame-ancestors" in text]) == 3, said
        assert all("CLUE" not in (frame.title() or "") for frame in page.frames[1:])
        page.evaluate(
            """(address) => {
                const form = Object.assign(document.createElement("form"), {
                    method: "post", action: address, enctype: "text/plain",
                });
                const field = { name: '{"model":"owner/name","a":"', value: '"}' };
                form.append(Object.assign(document.createElement("input"), field));
                document.body.append(form);
                form.submit();
            }""",
            f"{site.address}/v1/submissions",
        )
        page.wait_for_url(f"{site.address}/v1/submissions")
        assert "a page of another site" in page.content()
    assert site.shelf.taken == []


def test_a_script_that_got_into_a_page_does_not_run(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        for path in ("/", "/submit"):
            page.goto(site.address + path)
            page.wait_for_load_state("networkidle")
            page.evaluate(
                """() => {
                    const script = document.createElement("script");
                    script.textContent = "window.ran = 1";
                    document.body.append(script);
                    document.body.insertAdjacentHTML("beforeend", '<img src="/none" onerror="window.ran = 2">');
                    const far = Object.assign(document.createElement("img"), { src: "http://127.0.0.2:9/x" });
                    document.body.append(far);
                }"""
            )
            page.wait_for_timeout(300)
            assert page.evaluate("window.ran ?? null") is None
