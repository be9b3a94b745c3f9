"""Ed25519: the operator's key pair, and signatures over bytes."""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from backend.errors import OperatorFault, UsageError


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs."""

    _private: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """The public key's 32 bytes in base64."""
        return _text_of(self._private.public_key())

    def sign(self, statement: bytes) -> str:
        """The signature's 64 bytes in base64."""
        return base64.b64encode(self._private.sign(statement)).decode()


def read_signer(path: Path) -> Signer:
    """The signer of a PEM file; OperatorFault when there is no Ed25519 private key in it."""
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _no_key(path, "private", type(error).__name__) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key(path, "private", "a key of another kind")
    return Signer(private)


def read_public_key(path: Path) -> str:
    """The public key of a PEM file, its 32 bytes in base64; OperatorFault when there is none in it."""
    try:
        public = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _no_key(path, "public", type(error).__name__) from None
    if not isinstance(public, Ed25519PublicKey):
        raise _no_key(path, "public", "a key of another kind")
    return _text_of(public)


def make_key_pair(path: Path) -> Path:
    """A new private key in `path`, readable by its owner only; returns the file of its public key beside it.

    UsageError when one of the two files is there already or cannot be made.
    """
    public = path.with_name(path.name + ".pub")
    private_key = Ed25519PrivateKey.generate()
    private_pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for file, mode, content in ((path, 0o600, private_pem), (public, 0o644, public_pem)):
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise UsageError(f"{file} is there already. A key that has signed is never overwritten.") from None
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}. Choose a folder that is there.") from None
        with os.fdopen(handle, "wb") as opened:
            os.fchmod(handle, mode)  # the public half is for everybody, whatever the umask
            opened.write(content)
    return public


def is_signed(statement: bytes, signature: str, public_key: str) -> bool:
    """Whether this is the signature of that key over the statement."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), statement)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _text_of(public: Ed25519PublicKey) -> str:
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _no_key(path: Path, kind: str, found: str) -> OperatorFault:
    return OperatorFault(
        f"{path} holds no Ed25519 {kind} key in PEM form ({found}). `python app.py ledger key FILE` makes a pair.",
        public="The ledger's signing key cannot be read.",
    )
