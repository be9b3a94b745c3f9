"""What every mailbox promises, over a folder, over a server that speaks S3, and over the Hub's commits."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.errors import MailboxSilent, UsageError
from storage.hub_mailbox import HubMailbox
from storage.mailbox import Mailbox, open_mailbox, paced
from tests.loopback.hub import LoopbackHub
from tests.loopback.hub_datasets import Dataset

REPOSITORY = "acme/clue-mailbox"
KINDS = ["file", "s3", "hub"]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The URL of an empty bucket on a real server that speaks S3."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="invented",
        AWS_SECRET_ACCESS_KEY="invented",
        AWS_DEFAULT_REGION="us-east-1",
    )
    import s3fs

    s3fs.S3FileSystem().mkdir("clue-mailbox")
    yield "s3://clue-mailbox/a/prefix"
    server.stop()
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(params=KINDS)
def mailbox(request: pytest.FixtureRequest, tmp_path: Path, hub: LoopbackHub) -> Mailbox:
    """An empty mailbox of each kind."""
    if request.param == "s3":
        return open_mailbox(request.getfixturevalue("bucket"))
    if request.param == "hub":
        hub.datasets[REPOSITORY] = Dataset()
        return open_mailbox(f"hf://datasets/{REPOSITORY}/a/prefix")
    return open_mailbox(f"file://{tmp_path}/a/folder")


def test_what_is_written_is_read_in_parts_replaced_and_listed(mailbox: Mailbox) -> None:
    assert mailbox.read("pulse.json", 10) is None
    assert mailbox.names("requests") == [] and mailbox.all_names("requests") == []
    mailbox.write({"requests/2026-11-22/a.json": b"first", "requests/2026-11-23/b.json": b"second", "pulse.json": b"1"})
    mailbox.write({"pulse.json": b"0123456789"})
    assert mailbox.read("pulse.json", 100) == b"0123456789"
    assert (mailbox.read("pulse.json", 3), mailbox.read("pulse.json", 3, 4)) == (b"012", b"456")
    assert sorted(mailbox.names("requests")) == ["2026-11-22", "2026-11-23"]
    assert mailbox.names("requests/2026-11-22") == ["a.json"]
    assert sorted(mailbox.all_names("requests")) == ["2026-11-22/a.json", "2026-11-23/b.json"]
    assert mailbox.read("requests", 10) is None


def test_a_second_reader_sees_what_the_first_one_wrote_after_it_has_looked(mailbox: Mailbox) -> None:
    other = HubMailbox(f"hf://datasets/{REPOSITORY}/a/prefix") if mailbox.is_costly else mailbox
    before = other.stamp()
    mailbox.write({"status/x.json": b"new"})
    assert before is None or other.stamp() != before
    assert other.read("status/x.json", 10) == b"new"


def test_files_that_are_written_together_are_one_commit(hub: LoopbackHub) -> None:
    dataset = hub.datasets[REPOSITORY] = Dataset()
    open_mailbox(f"hf://datasets/{REPOSITORY}").write({f"status/{number}.json": b"{}" for number in range(40)})
    assert len(dataset.commits) == 2 and len(dataset.head.blobs) == 40


def test_a_hub_that_is_down_or_has_had_enough_is_a_silent_mailbox(hub: LoopbackHub) -> None:
    hub.datasets[REPOSITORY] = Dataset()
    mailbox = open_mailbox(f"hf://datasets/{REPOSITORY}")
    mailbox.write({"pulse.json": b"1"})
    hub.rate_limited = 1
    with pytest.raises(MailboxSilent):
        mailbox.read("pulse.json", 10)
    hub.ailing = {REPOSITORY: 403}
    with pytest.raises(MailboxSilent):
        mailbox.write({"pulse.json": b"2"})


def test_a_folder_that_cannot_be_written_is_a_silent_mailbox(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MailboxSilent):
        open_mailbox(f"file://{tmp_path}/file").write({"pulse.json": b"1"})


def test_a_bucket_that_is_not_there_is_a_silent_mailbox(bucket: str) -> None:
    with pytest.raises(MailboxSilent):
        open_mailbox("s3://no-such-bucket/x").write({"pulse.json": b"1"})


def test_a_url_that_nothing_here_speaks_is_refused_with_what_to_install() -> None:
    with pytest.raises(UsageError, match="requirements-s3"):
        open_mailbox("carrier-pigeon://roof")


def test_a_look_costs_a_minute_where_it_costs_a_call_of_the_hub() -> None:
    assert paced("hf://datasets/a/b", None) == 60 and paced("s3://a/b", None) == 5
    assert paced("hf://buckets/a/b", None) == 5 and paced("hf://datasets/a/b", 7) == 7
