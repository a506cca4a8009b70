"""DKIM: signs the final bytes of a message, reads and creates keys, and formats their DNS records.

Signatures contain no time, so equal messages have equal signatures, and a second attempt sends the same bytes. Source:
RFC 6376, 8301, 8463; RFC 8058, 4, for List-Unsubscribe. Decision 137.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from digest.addresses import ascii_domain
from digest.errors import AddressError, ConfigurationError
from digest.files import new_private_file
from digest.settings import Dkim

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# Each of these fields is signed once more often than it occurs, even if it does not occur: then adding one breaks the
# signature. They decide who wrote, to whom, in which thread and list, and how the content is read and displayed. Fields
# that servers may add on the way (Received, Resent-…, X-…, a list's Precedence) are left out. Source: RFC 6376, 5.4 and
# 8.15.
_OVERSIGNED = (
    *("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date"),
    *("message-id", "in-reply-to", "references", "auto-submitted"),
    *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id"),
    *("content-description", "content-language", "content-location", "content-base"),
    *("list-id", "list-help", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post"),
    *("list-post", "list-owner", "list-archive"),
)
_SIGNED = re.compile(rf"{'|'.join(_OVERSIGNED)}|content-.+|list-.+")
_FEWEST_BITS = 2048  # RFC 8301 allows 1024 bits at least; large providers recommend 2048
_FEW_SPACES = 500  # with more, replacing them all is faster than checking each
_LONGEST_STRING = 255  # of a TXT record


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and where its public half is published. Its repr hides the key."""

    domain: str
    selector: str
    private: PrivateKey

    @property
    def name(self) -> str:
        """The DNS name of the public key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def algorithm(self) -> str:
        return "rsa" if isinstance(self.private, rsa.RSAPrivateKey) else "ed25519"

    @property
    def record(self) -> str:
        """The text of the DNS record."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k={self.algorithm}; p={_base64(raw)}"

    def signature(self, content: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(hashlib.sha256(content).digest())  # RFC 8463, 3: the hash is signed, not the content


def sign(message: bytes, keys: Iterable[Key]) -> bytes:
    """The message with a signature for each key in front. It needs CRLF line ends, and stays unchanged otherwise."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head)
    body_hash = _base64(hashlib.sha256(_relaxed_body(body)).digest())
    return b"".join(_signature(key, fields, body_hash) for key in keys) + message


def load_keys(dkim: Dkim, sender_domain: str) -> tuple[Key, ...]:
    """The configured keys, read once for each process; none if no key file is configured.

    Raises:
        ConfigurationError: a file contains no usable key.
    """
    return _keys(dkim, _ascii_domain(dkim.domain or sender_domain))


@functools.cache
def _keys(dkim: Dkim, domain: str) -> tuple[Key, ...]:
    named = (
        (dkim.selector, dkim.key_file, rsa.RSAPrivateKey),
        (dkim.ed25519_selector, dkim.ed25519_key_file, ed25519.Ed25519PrivateKey),
    )
    return tuple(Key(domain, selector, _read(file, kind)) for selector, file, kind in named if file)


def _read(file: Path, kind: type[PrivateKey]) -> PrivateKey:
    place, name = str(file), "RSA" if kind is rsa.RSAPrivateKey else "Ed25519"
    remedy = f"`digest mail key` makes a key of kind {name.lower()}"
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=place, remedy=remedy) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: the key needs a passphrase
        raise ConfigurationError(
            "contains no private key in PEM format, or one with a passphrase", place=place, remedy=remedy
        ) from error
    if not isinstance(key, kind):
        raise ConfigurationError(f"contains no {name} key", place=place, remedy=remedy)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _FEWEST_BITS:
        raise ConfigurationError(
            f"a key of {key.key_size} bits is too short, it needs at least {_FEWEST_BITS}", place=place, remedy=remedy
        )
    return key


def write_key(file: Path, kind: str) -> PrivateKey:
    """Create a key, `rsa` or `ed25519`, in a new file that only its owner can read.

    Raises:
        ConfigurationError: the file exists already, or cannot be written.
    """
    key: PrivateKey = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=_FEWEST_BITS)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        with new_private_file(file) as opened:
            opened.write(pem)
    except FileExistsError as error:
        raise ConfigurationError("exists already", place=str(file), remedy="name another file") from error
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(file)) from error
    return key


def zone_line(name: str, text: str) -> str:
    """A TXT record as a line of a zone file. A long text is split into several strings."""
    cut = [text[start : start + _LONGEST_STRING] for start in range(0, len(text), _LONGEST_STRING)]
    return f"{name}. IN TXT " + " ".join(f'"{part}"' for part in cut)


def _signature(key: Key, fields: list[tuple[bytes, bytes]], body_hash: str) -> bytes:
    """The DKIM-Signature header field, folded."""
    listed, places = _signed_fields(tuple([name for name, _ in fields]))
    unsigned = (
        f"DKIM-Signature: v=1; a={key.algorithm}-sha256; c=relaxed/relaxed; d={key.domain};\r\n"
        f" s={key.selector}; bh={body_hash};\r\n"
        f" h={listed};\r\n b="
    )
    _, _, value = unsigned.partition(":")
    content = [b"%b:%b\r\n" % fields[at] for at in places]
    mark = _base64(key.signature(b"".join(content) + b"dkim-signature:" + _relaxed(value.encode("ascii")).strip(b" ")))
    lines = "\r\n ".join(mark[start : start + 72] for start in range(0, len(mark), 72))
    return f"{unsigned}{lines}\r\n".encode("ascii")


@functools.lru_cache(maxsize=32)  # all mails of an edition have the same fields
def _signed_fields(present: tuple[bytes, ...]) -> tuple[str, tuple[int, ...]]:
    """The value of `h=`, and the indexes of the signed fields in the same order.

    Each signed field is listed as often as it occurs, and once more if it is oversigned. Of several fields with the
    same name, the lowest comes first. A listed field that is absent counts as empty.
    """
    names = [name.decode("ascii", "replace") for name in present]
    listed = [*(name for name in names if _SIGNED.fullmatch(name)), *_OVERSIGNED]
    left = {name: [at for at, other in enumerate(names) if other == name] for name in listed}
    return _folded(listed), tuple(left[name].pop() for name in listed if left[name])


def _folded(names: list[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 70:  # noqa: PLR2004 - RFC 5322 wants lines of 78
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines)[:-1]


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """The name and the value of each header field in the form that is signed. Source: RFC 6376, 3.4.2."""
    fields = [line.partition(b":") for line in _relaxed(head).split(b"\r\n")]
    return [(name.rstrip(b" ").lower(), value.strip(b" ")) for name, _, value in fields]


def _relaxed(lines: bytes) -> bytes:
    """The header lines unfolded, with one space for each run of white space."""
    unfolded = lines.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return re.sub(rb"[ \t]+", b" ", unfolded) if b"\t" in unfolded or b"  " in unfolded else unfolded


def _relaxed_body(body: bytes) -> bytes:
    """The body in the relaxed form. Source: RFC 6376, 3.4.4."""
    if not _seen_to_be_clean(body):
        # Replacing bytes in the whole body at once: working line by line takes longer than both signatures.
        body = re.sub(rb" +", b" ", body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")
    clean = body.removesuffix(b" ")
    end = len(clean)
    while end and clean[end - 2 : end] == b"\r\n":
        end -= 2
    if end and end + 2 == len(clean):
        return clean
    return clean[:end] + b"\r\n" if end else b""


def _seen_to_be_clean(body: bytes) -> bool:
    """Whether the body has few spaces, each of them single and within a line, as base64 below part headers has."""
    if b"\t" in body:
        return False
    at = body.find(b" ")
    for _ in range(_FEW_SPACES):
        if at < 0:
            return True
        if body[at + 1 : at + 2] in {b" ", b"\r", b""}:
            return False
        at = body.find(b" ", at + 1)
    return False


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _ascii_domain(domain: str) -> str:
    try:
        return ascii_domain(domain)
    except AddressError as error:
        raise ConfigurationError(f"{domain!r} is not a domain", place="dkim.domain") from error
