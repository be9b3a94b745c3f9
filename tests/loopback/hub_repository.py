"""One repository of the loopback Hub: its commits, and what the Hub's API would say about each."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

LFS_ENDINGS = (".safetensors", ".bin", ".pt", ".gguf", ".onnx", ".h5")
COMMITTED_AT = "2026-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Blob:
    """One file of a commit, held in memory."""

    path: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.content)

    @cached_property
    def oid(self) -> str:
        """Git's id of the blob; of a large file git keeps only the pointer, whose id this then is."""
        stored = self._pointer if self.is_large else self.content
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    @cached_property
    def sha256(self) -> str:
        """Digest of the content: the name of a large file in the Hub's store."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_large(self) -> bool:
        """Whether the Hub would keep the file outside git."""
        return self.path.endswith(LFS_ENDINGS)

    @property
    def lfs(self) -> dict[str, Any] | None:
        """The pointer's facts as the API shows them, or None for a file kept in git."""
        if not self.is_large:
            return None
        return {"oid": self.sha256, "sha256": self.sha256, "size": self.size, "pointerSize": len(self._pointer)}

    @cached_property
    def _pointer(self) -> bytes:
        lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}", f"size {self.size}", "")
        return "\n".join(lines).encode()


@dataclass(frozen=True)
class Commit:
    """The files of a repository at one sha."""

    sha: str
    blobs: Mapping[str, Blob]

    def facts_of_config(self) -> dict[str, Any]:
        """The part of config.json and of the tokenizer that the Hub repeats in its API."""
        config = self._json("config.json")
        facts: dict[str, Any] = {key: config[key] for key in _CONFIG_FACTS if key in config}
        tokenizer = self._json("tokenizer_config.json")
        facts["tokenizer_config"] = {key: tokenizer[key] for key in _TOKENIZER_FACTS if key in tokenizer}
        if (template := self.blobs.get("chat_template.jinja")) is not None:
            facts["chat_template_jinja"] = template.content.decode()
        return facts

    def count_parameters(self) -> dict[str, Any] | None:
        """Parameters by dtype and in total, read from the safetensors headers; None without such a file."""
        parameters: dict[str, int] = {}
        for dtype, count in self._tensors():
            parameters[dtype] = parameters.get(dtype, 0) + count
        return {"parameters": parameters, "total": sum(parameters.values())} if parameters else None

    def list_folder(self, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """The entries under a folder ("" is the root), as the tree route shows them."""
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        entries: dict[str, dict[str, Any]] = {}
        for path, blob in self.blobs.items():
            if not path.startswith(prefix):
                continue
            parts = path[len(prefix) :].split("/")
            for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                directory = prefix + "/".join(parts[:depth])
                entries[directory] = {"type": "directory", "oid": self.sha, "size": 0, "path": directory}
            if recursive or len(parts) == 1:
                entry: dict[str, Any] = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path}
                entries[path] = entry | ({"lfs": blob.lfs} if blob.lfs else {})
        return list(entries.values())

    def _json(self, path: str) -> dict[str, Any]:
        blob = self.blobs.get(path)
        try:
            found = json.loads(blob.content) if blob is not None else {}
        except ValueError:  # the Hub shows a repository with a broken config all the same
            return {}
        return found if isinstance(found, dict) else {}

    def _tensors(self) -> Iterator[tuple[str, int]]:
        for path, blob in self.blobs.items():
            if path.endswith(".safetensors") and "/" not in path:
                length = int.from_bytes(blob.content[:8], "little")
                for name, tensor in json.loads(blob.content[8 : 8 + length]).items():
                    if name != "__metadata__":
                        yield tensor["dtype"], math.prod(tensor["shape"])


@dataclass
class Repository:
    """A model repository: who may read it, what its card says, and its commits."""

    repo_id: str
    gated: str | bool = False
    private: bool = False
    base_model: str | None = None
    licence: str | None = "apache-2.0"
    extra_tags: tuple[str, ...] = ()
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    also_listed: list[dict[str, Any]] = field(default_factory=list)
    """Further siblings that the API shows; nothing is behind them."""
    scans: dict[str, str] = field(default_factory=dict)
    """Level that the Hub's scanners give to a file, by path."""

    def commit(self, folder: Path, branch: str) -> str:
        """The folder's present files are the head of the branch; its sha (40 hex) depends on names and contents."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        blobs = [Blob(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]
        listing = "".join(f"{blob.oid} {blob.path}\n" for blob in blobs)
        sha = hashlib.sha1(f"{self.repo_id}\n{listing}".encode()).hexdigest()
        self.commits[sha] = Commit(sha, {blob.path: blob for blob in blobs})
        self.branches[branch] = sha
        return sha

    def resolve(self, revision: str) -> Commit | None:
        """The commit that a branch or a full sha names, or None."""
        return self.commits.get(self.branches.get(revision, revision))

    def entry(self) -> dict[str, Any]:
        """What a search says of the repository."""
        return {"id": self.repo_id, "modelId": self.repo_id, "downloads": 0, "pipeline_tag": "text-generation"}

    def describe(self, commit: Commit, *, with_blobs: bool) -> dict[str, Any]:
        """What `GET /api/models/...` says of this commit."""
        config = commit.facts_of_config()
        return {
            "_id": hashlib.sha1(self.repo_id.encode()).hexdigest()[:24],
            "id": self.repo_id,
            "modelId": self.repo_id,
            "author": self.repo_id.partition("/")[0],
            "sha": commit.sha,
            "lastModified": COMMITTED_AT,
            "createdAt": COMMITTED_AT,
            "private": self.private,
            "gated": self.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "library_name": "transformers",
            "pipeline_tag": "text-generation",
            "tags": self._tags(config),
            "config": config,
            "cardData": self._card(),
            "safetensors": commit.count_parameters(),
            "siblings": [*(_sibling(blob, with_blobs) for blob in commit.blobs.values()), *self.also_listed],
            "securityRepoStatus": {
                "scansDone": True,
                "filesWithIssues": [{"path": path, "level": level} for path, level in self.scans.items()],
            },
            "spaces": [],
            "usedStorage": sum(blob.size for blob in commit.blobs.values()),
        }

    def _card(self) -> dict[str, str]:
        said = {"license": self.licence, "base_model": self.base_model}
        return {key: value for key, value in said.items() if value is not None}

    def _tags(self, config: Mapping[str, Any]) -> list[str]:
        tags = ["transformers", *([config["model_type"]] if "model_type" in config else []), *self.extra_tags]
        if self.base_model is not None:
            tags += [f"base_model:{self.base_model}", f"base_model:finetune:{self.base_model}"]
        return tags + ([f"license:{self.licence}"] if self.licence is not None else [])


_CONFIG_FACTS = ("architectures", "auto_map", "model_type", "quantization_config")
_TOKENIZER_FACTS = ("bos_token", "eos_token", "pad_token", "unk_token", "chat_template")


def _sibling(blob: Blob, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": blob.path}
    sized: dict[str, Any] = {"rfilename": blob.path, "blobId": blob.oid, "size": blob.size}
    return sized | ({"lfs": blob.lfs} if blob.lfs else {})
