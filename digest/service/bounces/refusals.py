"""Finds what refusals have in common: whether they are about us, about a domain, or each about its own subscriber.

A single refusal is about its recipient. The same words for several domains in a row are about us, the same words for
one domain are about that domain. Pure: the state of one drain, in memory; the ledger records what follows.
Decision 129.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from digest.addresses import domain_of
from digest.errors import TransportError
from digest.mail.replies.diagnosis import OF_ONE_PERSON, About, reply_pattern
from digest.model import Delivery, DeliveryState, EditionKey, SubscriberId

if TYPE_CHECKING:
    from digest.mail.replies.outcome import Outcome

_IN_A_ROW = 3  # refusals that may be about us
_OF_PEOPLE = 20  # refusals that name each recipient's address or mailbox: an old list has many in a row
_SEVERAL = 3  # domains
FIRST_ATTEMPTS = 6  # a refusal at a later attempt counts for its mail alone, so that no mail is tried for ever


class PauseScope(StrEnum):
    """What to pause: nothing, the mail to one domain, or everything."""

    NOTHING = "nothing"
    DOMAIN = "domain"
    ALL = "all"


class RefusedDelivery(NamedTuple):
    """A refused delivery, as far as it matters here."""

    edition: EditionKey
    subscriber: SubscriberId
    message_id: str
    address: str


@dataclass(frozen=True, slots=True)
class RefusalFinding:
    """What a refusal shows, together with those before it. `blameless` failed before for another's fault."""

    pause: PauseScope = PauseScope.NOTHING
    blameless: tuple[RefusedDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class _Refusal:
    number: int
    delivery: RefusedDelivery
    domain: str
    pattern: str
    failed: bool


class RefusalHistory:
    """The refusals of one drain since a mail got through, in all and by domain.

    `known_causes` has the patterns for which a domain (empty: all sending) was paused before. If they come again there
    and name each recipient, they are about each recipient (for all sending: once any mail got through, or at a late
    attempt). If they name none, they are about the same as before. `paused_domains` were paused before: their refusals
    are about them, even if nothing else is left to send.
    """

    def __init__(self) -> None:
        self._number = 0
        self._row: list[_Refusal] = []
        self._of_domain: dict[str, list[_Refusal]] = {}
        self._domains: set[str] = set()
        self._reached: set[str] = set()
        self._causes: set[tuple[str, str]] = set()  # domain (empty for all) and pattern
        self.known_causes: set[tuple[str, str]] = set()
        self.paused_domains: set[str] = set()

    def register(self, deliveries: Collection[Delivery]) -> None:
        """Register these as to be sent: if all go to one domain, what is about that domain is about us."""
        domains = {domain_of(one.subscriber.address) for one in deliveries}
        self._domains |= domains
        self._causes = {(domain, pattern) for domain, pattern in self._causes if domain not in domains}

    def add_earlier(self, refused: RefusedDelivery, pattern: str, *, alone: bool) -> None:
        """Register a failure in an earlier drain, in which its domain accepted nothing; `alone`: nor any other."""
        domain = domain_of(refused.address)
        earlier = _Refusal(0, refused, domain, reply_pattern(pattern, refused.address), failed=True)
        self._of_domain.setdefault(domain, []).append(earlier)
        if alone:
            self._row.append(earlier)

    def mark(self) -> int:
        """The number of refusals so far: a mail tried now that gets through shows that those before it are over."""
        return self._number

    def accepted(self, delivery: Delivery, mark: int) -> None:
        """A mail tried at `mark` was accepted; refusals of mails tried at the same time may still form one row."""
        domain = domain_of(delivery.subscriber.address)
        self._reached.add(domain)
        self._row = [one for one in self._row if one.number > mark]
        self._of_domain[domain] = [one for one in self._of_domain.get(domain, ()) if one.number > mark]

    def add(self, delivery: Delivery, error: TransportError, verdict: Outcome, times: int = 1) -> RefusalFinding:
        """Add a refusal; `times` if other connections met it as well."""
        failed = verdict.state is DeliveryState.FAILED
        if error.phase == "login":
            return RefusalFinding(PauseScope.ALL)
        if not verdict.pause and not (failed and delivery.attempts <= FIRST_ATTEMPTS):
            return RefusalFinding()
        domain = domain_of(delivery.subscriber.address)
        pattern = "" if verdict.diagnosis.about is About.US else reply_pattern(error.text, delivery.subscriber.address)
        if self._causes & {("", pattern), (domain, pattern)}:  # it was in progress when the others' were seen
            return RefusalFinding(blameless=(refused_delivery(delivery),) if failed else ())
        self._number += 1
        refusal = _Refusal(self._number, refused_delivery(delivery), domain, pattern, failed)
        self._row += [refusal] * times
        self._of_domain.setdefault(domain, []).append(refusal)
        ours = error.code is None or error.uncertain or error.phase in {"connect", "sender"}
        return self._find_cause(refusal, of_people=verdict.diagnosis.about in OF_ONE_PERSON, ours=ours)

    def _find_cause(self, newest: _Refusal, *, of_people: bool, ours: bool) -> RefusalFinding:
        domain, pattern = newest.domain, newest.pattern
        known = bool(self.known_causes & {("", pattern), (domain, pattern)})
        if of_people and known and (self._reached or ("", pattern) not in self.known_causes):
            return RefusalFinding()
        enough = _OF_PEOPLE if of_people else _IN_A_ROW
        if not (of_people and self._reached) and self._concerns_all(pattern, enough, ours=ours):
            for row in self._of_domain.values():
                _drop(row, pattern)
            return self._pause(PauseScope.ALL, "", pattern, self._row)
        theirs = self._of_domain[domain]
        if not (of_people and domain in self._reached) and not ours and _count(theirs, pattern) >= enough:
            self.paused_domains.add(domain)
            return self._pause(PauseScope.DOMAIN, domain, pattern, theirs)
        # What paused sending a while ago may not be over, even if only a few recipients are left to show it.
        return RefusalFinding(blameless=(newest.delivery,) if newest.failed and known else ())

    def _concerns_all(self, pattern: str, enough: int, *, ours: bool) -> bool:
        if ours:
            return sum(not one.failed for one in self._row) >= enough
        domains = {one.domain for one in self._row if one.pattern == pattern}
        alone = domains >= self._domains and not domains <= self.paused_domains
        several = len(domains) >= _SEVERAL or alone
        return several and _count(self._row, pattern) >= enough

    def _pause(self, scope: PauseScope, domain: str, pattern: str, row: list[_Refusal]) -> RefusalFinding:
        self._causes.add((domain, pattern))
        blameless = tuple(one.delivery for one in row if one.failed and one.pattern == pattern)
        _drop(row, pattern)
        return RefusalFinding(scope, blameless)


def refused_delivery(delivery: Delivery) -> RefusedDelivery:
    """The parts of a delivery that matter here."""
    person = delivery.subscriber
    return RefusedDelivery(delivery.edition, person.id, delivery.message_id, person.address)


def _drop(row: list[_Refusal], pattern: str) -> None:
    """Drop what a pause settles. Mails that failed in other words stay: the refusals of mails in progress join them."""
    row[:] = [one for one in row if one.failed and one.pattern != pattern]


def _count(row: list[_Refusal], pattern: str) -> int:
    return sum(one.pattern == pattern for one in row)
