"""What HTTP calls a representation: bytes that are serialised, compressed and named by an ETag once."""

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import Response

SMALLEST_COMPRESSED = 512
BROTLI_QUALITY = 5
PARQUET = "application/vnd.apache.parquet"
ZIP = "application/zip"
PACKED_ALREADY = frozenset({PARQUET, ZIP})
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link",
    "Link": '</v1/licence>; rel="license", </v1/openapi.json>; rel="service-desc", </v1/>; rel="service-doc"',
}


class Representation:
    """Bytes with a strong ETag for each of the encodings they can be had in; compressed when first asked for."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self.media_type = media_type
        self.digest = hashlib.sha256(body).hexdigest()[:32]
        self._encoded: dict[str, bytes] = {"": body}

    @classmethod
    def of_json(cls, content: object) -> "Representation":
        """The answer that says `content` as JSON, the same bytes for the same content; half a letter is U+FFFD."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return cls(_encoded(text), "application/json")

    def etag(self, encoding: str = "") -> str:
        """The strong ETag of these bytes in this encoding."""
        return f'"{self.digest}-{encoding}"' if encoding else f'"{self.digest}"'

    def respond(self, request: Request, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """304 without a body when the request already holds these bytes, else the bytes in an encoding it accepts."""
        encoding = self._encoding(request.headers.get("accept-encoding", ""))
        common = {
            "ETag": self.etag(encoding),
            "Vary": "Accept-Encoding",
            "Cache-Control": "no-cache",
            **(headers or {}),
        }
        if status == 200 and self._held(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=common)
        if encoding:
            common["Content-Encoding"] = encoding
        return Response(self._bytes(encoding), status, common, self.media_type)

    def _encoding(self, accepted: str) -> str:
        if len(self.body) < SMALLEST_COMPRESSED or self.media_type in PACKED_ALREADY:
            return ""
        offers = (part.partition(";") for part in accepted.split(","))
        wanted = {name.strip() for name, _, weight in offers if weight.strip() != "q=0"}
        return next((name for name in ("br", "gzip") if name in wanted), "")

    def _held(self, if_none_match: str) -> bool:
        held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in held or any(self.etag(encoding) in held for encoding in ("", "br", "gzip"))

    def _bytes(self, encoding: str) -> bytes:
        if encoding not in self._encoded:
            squeezed: bytes = (
                brotli.compress(self.body, quality=BROTLI_QUALITY)
                if encoding == "br"
                else gzip.compress(self.body, mtime=0)
            )
            self._encoded[encoding] = squeezed
        return self._encoded[encoding]


class KeptRepresentations:
    """Representations made once for each version of what they tell; those of an older version are forgotten.

    Of more than `most`, or of more than `most_bytes` of them uncompressed, so are those that nobody has asked for the
    longest. One is made at a time, while others that are held are handed out.
    """

    def __init__(self, version: Callable[[], str], most: int = 256, most_bytes: int = 32_000_000) -> None:
        self._version = version
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0
        self._held_version: str | None = None
        self._answers: OrderedDict[object, Representation] = OrderedDict()
        self._lock, self._making = threading.Lock(), threading.Lock()

    def get(self, key: object, make: Callable[[], Representation]) -> Representation:
        """The answer under `key`, made now if the version has changed since the last time."""
        return self.get_with(key, lambda: {key: make()})

    def get_with(self, key: object, make: Callable[[], Mapping[object, Representation]]) -> Representation:
        """The same for one of several answers that are made together; all that are made are held."""
        found = self.held(key)
        if found is None:
            with self._making:
                version = self._version()
                found = self._held(key, version)
                if found is None:
                    made = make()
                    for each, answer in made.items():
                        self._hold(each, answer, version)
                    found = made[key]
        return found

    def held(self, key: object) -> Representation | None:
        """The answer under `key` if it is there and still tells what is so."""
        return self._held(key, self._version())

    def _held(self, key: object, version: str) -> Representation | None:
        with self._lock:
            if version != self._held_version:
                self._held_version, self._answers, self._bytes = version, OrderedDict(), 0
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def _hold(self, key: object, answer: Representation, version: str) -> None:
        with self._lock:
            if version == self._held_version:
                older = self._answers.pop(key, None)
                self._answers[key] = answer
                self._bytes += len(answer.body) - (len(older.body) if older else 0)
                while len(self._answers) > 1 and (len(self._answers) > self._most or self._bytes > self._most_bytes):
                    self._bytes -= len(self._answers.popitem(last=False)[1].body)


def _encoded(text: str) -> bytes:
    """UTF-8; one string that no encoding can hold never costs the whole answer."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
