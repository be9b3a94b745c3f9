"""Whatever a submitted model writes to its log, nothing secret of this machine or its people is shown."""

import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.redaction import LONGEST_LINE, redacted, redacted_lines

LETTERS = string.ascii_letters + string.digits
word = st.text(LETTERS, min_size=6, max_size=12)
key = st.text(LETTERS, min_size=20, max_size=36)
around = st.sampled_from(["", " ", "'", '"', "(", ")", "=", ": ", ", ", "\t", "\x1b[31m", "<", ">", "…", "\u202e"])
number = st.integers(0, 255).map(str)


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str]:
    """A text that holds a secret, and the part of it that must not be read any more."""
    made = draw(key)
    person, folder, last = draw(word), draw(word), draw(word)
    address = ".".join(draw(st.tuples(number, number, number, number)))
    colons = ":".join(draw(st.lists(st.sampled_from(["fe80", "2001", "db8", "a1b2"]), min_size=8, max_size=8)))
    return draw(
        st.sampled_from(
            [
                (f"hf_{made}", made),
                (f"sk-{made}", made),
                (f"Bearer {made}", made),
                (f"Authorization: Bearer {made}", made),
                (f"api_key={made}", made),
                (f'"password": "{made}"', made),
                (f"https://{person}:{made}@huggingface.co/owner/model", made),
                (f"https://huggingface.co/owner/model?token={made}", made),
                (f"https://{folder}.example/v1/{last}?k={made}", f"{folder}.example"),
                (f"{person}@{folder}.org", person),
                (f"/home/{folder}/{person}/{last}.py", folder),
                (f"/srv/{folder}/{last}.py", folder),
                (f"C:\\Users\\{person}\\{last}", person),
                (f"~/{folder}/{last}", folder),
                (f"/home/{person}", person),
                (address, address),
                (f"http://{address}:8080/v1", address),
                (colons, colons),
                (f"{colons}%eth0", colons),
            ]
        )
    )


@given(secrets(), st.text(" ,.;()", max_size=4), around, around, st.text(max_size=8))
def test_no_secret_of_a_known_shape_survives(
    secret: tuple[str, str], before: str, left: str, right: str, after: str
) -> None:
    text, hidden = secret
    assume(hidden not in after)
    assert hidden not in redacted(f"loading{before} {left}{text}{right} {after}")


@given(word, around, around)
def test_no_name_of_this_machine_survives(name: str, left: str, right: str) -> None:
    shown = redacted(f"serving on {left}{name}{right} since noon", [name.upper(), "ab"])
    assert name not in shown and shown.startswith("serving on ")


@given(st.text(max_size=400))
def test_what_is_shown_is_short_and_has_no_control_or_invisible_character(text: str) -> None:
    for line in redacted_lines([text]):
        assert 0 < len(line) <= LONGEST_LINE
        assert not any(unicodedata.category(character).startswith("C") for character in line)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('  File "/opt/venv/lib/python3.11/site-packages/toy/model.py", line 8', 'File "model.py", line 8'),
        ("\x1b[1mloading\x1b[0m 10%\r\x1b[Kloading 100%", "loading 100%"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", "CUDA out of memory. Tried to allocate 2.00 GiB"),
        ("12 it/s at 12:30:45, owner/model, </s>", "12 it/s at 12:30:45, owner/model, </s>"),
        ("std::bad_alloc in task-specific-params", "std::bad_alloc in task-specific-params"),
        ("see https://huggingface.co/docs/toy#x", "see https://huggingface.co/docs/toy"),
        ("hf\u200b_abcdefghijklmnop", "[secret]"),
        ("loading /mnt/my models/toy.bin", "loading my models/toy.bin"),
    ],
)
def test_what_helps_is_still_there(line: str, shown: str) -> None:
    assert redacted(line) == shown


def test_a_line_too_long_to_read_is_not_cut_inside_a_secret() -> None:
    line = "word " * 790 + "sk-" + "a1" * 100
    assert "a1" not in redacted(line)
    assert redacted_lines(["x " * 400])[0].endswith("…")


@pytest.mark.parametrize(
    "line", ["AWS_SECRET_ACCESS_KEY=abcd/efgh+ij", "client_secret_value: s3cr3t", "access-key=abc"]
)
def test_the_best_known_names_of_secrets_hide_what_they_hold(line: str) -> None:
    assert redacted(line) == "[secret]"


def test_what_only_sounds_like_a_secret_is_left() -> None:
    line = "Loading tokenizer: LlamaTokenizer, pad_token_id: 0"
    assert redacted(line) == line


def test_a_host_is_hidden_with_its_domain() -> None:
    assert redacted("connect to box-17.ward.example:29500 failed", ["box-17"]) == "connect to [name]:29500 failed"
