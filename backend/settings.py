"""The only reader of the environment, once, into a frozen record."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from backend.errors import UsageError
from backend.logbook import LogForm

PREFIX = "CLUE_"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
HUGGING_FACE = "https://huggingface.co"
OWN_CLIENT = frozenset({"oidc_client_id", "oidc_client_secret", "oidc_issuer"})
TRUE = frozenset({"1", "ON", "YES", "TRUE"})
DERIVED = frozenset({"on_space", "offline"})
PRIVATE = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


def _listed(text: object) -> object:
    """The parts of a comma-separated text."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _network(text: str) -> str:
    return str(ip_network(text))


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]+$")]
Network = Annotated[str, AfterValidator(_network)]
Listed = BeforeValidator(_listed)


class Settings(BaseModel):
    """What the operator decides. Each field is read from CLUE_ plus its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path("var"), description="where everything that is kept lies")
    host: str = Field(
        "127.0.0.1", description="address the page listens on; without sign-in, submitting is open on loopback only"
    )
    port: int = Field(7860, ge=1, le=65535, description="port the page listens on")
    data: Path | None = Field(None, description="folder of the benchmark's data files; default: data in CLUE_HOME")
    rehearsal: Path | None = Field(
        None, description="folder of invented data to rehearse with; default: written into CLUE_HOME"
    )
    mirror: str | None = Field(
        None, description="base URL that open data files are fetched from instead of their source"
    )
    engine: Literal["transformers", "endpoint"] = Field(
        "transformers", description="engine for models submitted on the page"
    )
    endpoint_url: str | None = Field(None, description="URL of the operator's TGI or OpenAI-compatible endpoint")
    endpoint_token: str | None = Field(None, description="bearer token sent to that endpoint", repr=False)
    endpoint_concurrency: int = Field(128, ge=1, le=512, description="requests in flight at an endpoint, at most")
    endpoint_timeout: float = Field(300, gt=0, description="seconds one endpoint request may take")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="weights' type for local inference; auto: bfloat16 on a GPU, float32 on a CPU"
    )
    batch_tokens: int | None = Field(
        None,
        ge=1,
        description="tokens of prompts and answers held at once in local inference; default: 16,384 on a CPU, on a "
        "GPU as many as fit; halved when memory runs out",
    )
    ray: str | None = Field(
        None,
        pattern=r"^(auto|[\w.\-\[\]:]+:\d+)$",
        description="Ray cluster that local inference is spread over: auto for the one that runs here, or host:port",
    )
    ray_gpus: float | None = Field(
        None,
        ge=0,
        description="GPUs that each model on the Ray cluster asks for; default: 1, or 0 where there are none",
    )
    ray_actors: int | None = Field(
        None, ge=1, description="models opened at once on the Ray cluster; default: as many as GPUs, or nodes"
    )
    ray_keeps_text_home: bool = Field(
        False,
        description="credentialed texts may be held by every machine of the Ray cluster; without it none gets any",
    )
    scibert: str = Field(
        "allenai/scibert_scivocab_uncased",
        description="BERTScore's encoder: the Hub id, or a local folder holding the same model",
    )
    clinicalbert: str = Field(
        "emilyalsentzer/Bio_ClinicalBERT",
        description="BERTScore's encoder of two tasks in clue-2024: the Hub id, or a local folder holding it",
    )
    clone: Path | None = Field(
        None, description="clone of the CLUE authors' repository, whose prompts protocol clue-2024 asks with"
    )
    umls: Path | None = Field(
        None, description="folder of the operator's downloads for UMLS F1: en_core_sci_sm and scispaCy's UMLS linker"
    )
    umls_python: Path | None = Field(
        None, description="Python of the environment that has requirements-umls.txt, for UMLS F1"
    )
    max_model_gb: float = Field(200, gt=0, description="largest sum of weight files that is downloaded, in GB")
    min_free_gb: float = Field(
        5, ge=0, description="room that a download leaves on the disk, in GB; older models make way for it"
    )
    gpu_gb: float | None = Field(
        None, gt=0, description="memory of the GPU that models are loaded on, in GB; says beforehand what may not fit"
    )
    load_timeout: float = Field(1800, gt=0, description="seconds a model may take to load")
    answer_timeout: float = Field(
        900, gt=0, description="seconds a model may go without an answer; answers come by batches"
    )
    model_hours: float = Field(168, gt=0, description="hours that one opened model may take, all its tasks together")
    model_memory_gb: float | None = Field(
        None,
        gt=0,
        description="memory that a model's process may take, in GB, the GPU's aside; default: nine tenths of all",
    )
    isolation: Literal["full", "network", "none"] = Field(
        "full", description="the most isolation of a model's process that is tried: full, network or none"
    )
    unisolated_credentialed: Literal["none"] | None = Field(
        None, description="none: credentialed texts are given to local models even where isolation is none"
    )
    lease_seconds: float = Field(
        60, gt=0, description="seconds after which a silent worker's submission is given to another"
    )
    retry_seconds: float = Field(15, gt=0, description="pause before a passing fault is tried again; doubles each time")
    tick_seconds: float = Field(2, gt=0, description="seconds between two looks at the queue")
    verify_seconds: float = Field(3600, gt=0, description="seconds between two verifications of the whole ledger")
    signing_key: Path | None = Field(
        None, description="Ed25519 private key (PEM) that the ledger's head is signed with; `ledger key FILE` makes one"
    )
    approval_key: Path | None = Field(
        None,
        description="Ed25519 public key (PEM) that approvals of endpoints must be signed with; default: that of "
        "CLUE_SIGNING_KEY",
    )
    open_submissions: int = Field(3, ge=1, description="submissions one person may have waiting or running")
    weekly_submissions: int = Field(5, ge=1, description="submissions one person may make in seven days")
    weekly_credentialed: int = Field(
        2, ge=1, description="of those, submissions that run credentialed tasks, where their data are installed"
    )
    operators: str | None = Field(
        None, description="subjects of operators, with commas between; `python app.py people` shows everybody's"
    )
    retention_days: int = Field(
        30,
        ge=1,
        le=36500,
        description="days after which an ended submission's answers to credentialed tasks are removed",
    )
    contact: str | None = Field(
        None,
        pattern=r"^(https://|mailto:)[^\s<>]+$",
        description="where people write to, https: or mailto:, shown on the About page and to whoever is blocked",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="address that people reach the page under, for exports and sign-in; on a Space its own",
    )
    hosts: Annotated[tuple[Name, ...], Listed] = Field(
        (), description="further names that the page answers to, comma-separated, without port"
    )
    proxies: Annotated[tuple[Network, ...], Listed] = Field(
        (),
        description="addresses or networks of reverse proxies whose X-Forwarded-For is believed, comma-separated; on a "
        "Space all private ones",
    )
    oidc_client_id: str | None = Field(
        None, description="id of this page's client at the OpenID Connect provider; on a Space its own"
    )
    oidc_client_secret: str | None = Field(
        None, description="secret of that client; with both, visitors sign in to submit", repr=False
    )
    oidc_issuer: str = Field(
        HUGGING_FACE,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="provider that visitors sign in with, as the issuer it calls itself",
    )
    oidc_scopes: str = Field(
        "openid profile",
        pattern=r"^([!-~]+ )*openid( [!-~]+)*$",
        description="what the provider may be asked for, separated by spaces; openid is needed, "
        "write-discussions is asked for only when results are proposed to a model's repository",
    )
    oidc_name: str | None = Field(
        None,
        max_length=60,
        description="what the page calls the provider; default: Hugging Face, or the host of CLUE_OIDC_ISSUER",
    )
    session_hours: float = Field(8, gt=0, le=720, description="hours after which one has to sign in again")
    benchmark_dataset: str | None = Field(
        None,
        pattern=r"^[\w.-]+/[\w.-]+$",
        description="the benchmark's dataset on the Hub, for exports to .eval_results; without it there are none",
    )

    mailbox: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+.-]*://\S+$",
        description="folder that a page and a worker on two machines share: file://, s3://, hf:// or any fsspec URL",
    )
    mailbox_seconds: float | None = Field(
        None, gt=0, description="seconds between two looks into it; default: 60 in a repository of the Hub, 5 elsewhere"
    )
    mailbox_key: str | None = Field(
        None, min_length=16, description="secret that page and worker seal what lies in it with", repr=False
    )
    ledger_key: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9+/]{43}=$",
        description="Ed25519 public key (base64) that must have signed the ledger a page takes from it",
    )

    log: LogForm = Field(LogForm.AUTO, description="lines of the log: json, text, or auto: text on a terminal")

    on_space: bool = Field(False, description="derived, not set: running as a Hugging Face Space")
    offline: bool = Field(False, description="derived, not set: HF_HUB_OFFLINE says that there is no network")

    @property
    def data_dir(self) -> Path:
        """Folder that data files are looked for in."""
        return self.data or self.home / "data"

    @property
    def operator_subjects(self) -> frozenset[str]:
        """Who may do everything on the page and has no quota; names are not listed, for they can be taken over."""
        return frozenset(each.strip() for each in (self.operators or "").split(",") if each.strip())

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return self.host in LOOPBACK

    @property
    def signs_in(self) -> bool:
        """Whether visitors can sign in."""
        return self.oidc_client_id is not None and self.oidc_client_secret is not None

    @property
    def public_origin(self) -> str:
        """Scheme, host and port that people reach the page under; empty where nobody has stated them."""
        parts = urlsplit(self.public_url or "")
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

    @property
    def provider_name(self) -> str:
        """What the provider is called on the page."""
        known = "Hugging Face" if self.oidc_issuer.rstrip("/") == HUGGING_FACE else None
        return self.oidc_name or known or urlsplit(self.oidc_issuer).hostname or self.oidc_issuer


def known_variables() -> dict[str, str]:
    """Every variable that is read, with what it decides."""
    return {
        PREFIX + name.upper(): field.description or ""
        for name, field in Settings.model_fields.items()
        if name not in DERIVED
    }


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process; UsageError names an unknown variable or a value that does not fit."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    known = known_variables()
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise UsageError(f"Unknown setting {', '.join(unknown)}. Known settings: {', '.join(known)}.")
    values: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value for name, value in given.items() if value != ""
    }
    place = _of_the_place(environ)
    if OWN_CLIENT & values.keys():  # or the Space's secret would be sent to another provider
        place = {name: value for name, value in place.items() if not name.startswith("oidc_")}
    try:
        settings = Settings.model_validate({"offline": _is_offline(environ)} | place | values)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise UsageError(f"{name}={given.get(name)!r} does not fit: {first['msg']}. It is the {known[name]}.") from None
    _check_sign_in(settings, asked=bool(OWN_CLIENT & values.keys()) or settings.oidc_client_id is not None)
    return settings


def _check_sign_in(settings: Settings, asked: bool) -> None:
    """UsageError unless sign-in, if it was asked for, has all that it needs."""
    needed = ("oidc_client_id", "oidc_client_secret", "public_url")
    missing = [PREFIX + name.upper() for name in needed if getattr(settings, name) is None] if asked else []
    if missing:
        raise UsageError(f"Sign-in is configured in part. Set {' and '.join(missing)} too, or none of CLUE_OIDC_….")
    if asked:
        _check_address("CLUE_OIDC_ISSUER", settings.oidc_issuer)
        _check_address("CLUE_PUBLIC_URL", settings.public_url or "")
        if urlsplit(settings.public_url or "").path not in ("", "/"):
            raise UsageError("With sign-in, CLUE_PUBLIC_URL must be a host of its own, without a path.")


def _check_address(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise UsageError(f"With sign-in, {name} must begin with https://; http:// is for loopback only.")


def _is_offline(environ: Mapping[str, str]) -> bool:
    """Whether the operator says that there is no network, in huggingface_hub's own words."""
    return (environ.get("HF_HUB_OFFLINE") or environ.get("TRANSFORMERS_OFFLINE") or "").upper() in TRUE


def _of_the_place(environ: Mapping[str, str]) -> dict[str, object]:
    """On a Space, unless told otherwise, the page listens on every address, is known under the Space's own one, and
    signs in by the Space's own client (https://huggingface.co/docs/hub/spaces-oauth)."""
    if "SPACE_ID" not in environ:
        return {}
    host = environ.get("SPACE_HOST", "").partition(",")[0].strip()  # its own address, then those of its owner
    told = {
        "hosts": environ.get("SPACE_HOST"),
        "public_url": f"https://{host}" if host else None,
        "oidc_client_id": environ.get("OAUTH_CLIENT_ID"),
        "oidc_client_secret": environ.get("OAUTH_CLIENT_SECRET"),
        "oidc_scopes": environ.get("OAUTH_SCOPES"),
        "oidc_issuer": environ.get("OPENID_PROVIDER_URL"),
    }
    return {
        "on_space": True,
        "host": "0.0.0.0",
        "proxies": PRIVATE,
        **{name: value for name, value in told.items() if value},
    }


def inherited_environment() -> dict[str, str]:
    """What a model process may know of ours: where programs and GPUs are, and nothing else."""
    names = ("PATH", "LANG", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "OMP_NUM_THREADS", "SYSTEMROOT")
    return {name: os.environ[name] for name in names if name in os.environ}


def library_folders() -> list[Path]:
    """Folders that the environment names for libraries of GPUs."""
    named = [os.environ.get("CUDA_HOME", ""), *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)]
    return [Path(folder) for folder in named if Path(folder).is_absolute()]
