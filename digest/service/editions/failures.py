"""Records editions that cannot be made, with the reason, so that `health` reports them until one can be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import DigestError, EditionError, FencedError, StoreError, describe_fault
from digest.model import DigestId
from digest.settings import Digest

if TYPE_CHECKING:
    from digest.store.transaction import Store

_REPORT_IT = "this is a fault of digest: please report it"


@contextmanager
def recording_failure(store: Store, digest: Digest, now: datetime) -> Iterator[None]:
    """Record why an edition cannot be made. A fence and a store that does not answer are no failures of the edition.

    Raises:
        EditionError: it cannot be made, for whatever reason.
    """
    try:
        yield
    except (FencedError, StoreError):
        raise
    except Exception as error:
        expected = isinstance(error, DigestError)
        problem = str(error) if expected else f"{describe_fault(error, 'cannot be rendered')} ({_REPORT_IT})"
        with store.write() as tx:
            tx.editions.failed(DigestId(digest.id), problem, now)
        raise EditionError(digest.id, problem) from error


def has_failed(store: Store, digest: Digest) -> bool:
    """Whether the last attempt failed."""
    with store.read() as tx:
        return tx.editions.failure(DigestId(digest.id)) is not None


def forget_failure(store: Store, digest: Digest) -> None:
    """Forget the failure: an edition can be made now."""
    if has_failed(store, digest):
        with store.write() as tx:
            tx.editions.succeeded(DigestId(digest.id))
