"""The pages where people change their preferences. Scanners follow links, so only a POST acts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from digest.errors import AddressError, BusyError, DigestError, StoreError, masked
from digest.json_output import to_json
from digest.model import ConfirmationKind, DigestId, Format, PrivateFeed
from digest.service.people import consent, links, preferences, subscribers
from digest.service.people.links import LinkState
from digest.service.people.preferences import Choices
from digest.templating import LANGUAGES
from digest.web.mail_links import MailLinks, no_more
from digest.web.pages import Pages
from digest.web.requests import network_of, with_form
from digest.web.signup import SignUp, busy, offered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from digest.records.people import SubscriberRecord
    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.requests import Form

_METHODS = ["GET", "HEAD", "POST"]
_OK, _UNUSABLE = 200, 422
_LONGEST_PAUSE = timedelta(days=366)


def people_routes(store: Store, settings: Settings, *, now: Callable[[], datetime]) -> list[Route]:
    """The routes of these pages."""
    people = _People(store, settings, now)
    mailed, signup = MailLinks(store, settings, now), SignUp(store, settings, now)
    paths = {
        "/subscribe": signup.subscribe,
        "/subscribe/from": signup.arrive,
        "/confirm/{token}": mailed.confirm,
        "/preferences/{token}": people.preferences,
        "/leave/{token}": mailed.leave,
    }
    return [Route(path, with_form(endpoint), methods=_METHODS) for path, endpoint in paths.items()]


class _People:
    """The endpoints."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._pages = Pages(settings)

    def preferences(self, request: Request, form: Form | None) -> Response:
        """A subscriber's preferences. The link in an edition asks whose they are; only a mailed link shows all."""
        token = request.path_params["token"]
        link, owner = links.preferences_link(self._store, token), False
        if link.state is LinkState.DAMAGED:
            link, owner = links.confirmation_link(self._store, self._settings.signup, token, self._now()), True
        record = link.person
        if record is None or not (link.kind is None or link.kind is ConfirmationKind.ACCESS):
            return no_more(self._pages, request, self._settings, link, ConfirmationKind.ACCESS)
        if form is None and not owner:
            return self._pages.page(request, "whose", private=True, address=masked(record.subscriber.address))
        if form is None:
            return self._choices(request, record, owner=owner)
        return self._act(request, form, record, owner=owner)

    def _act(self, request: Request, form: Form, record: SubscriberRecord, *, owner: bool) -> Response:
        try:
            said = self._done(request, form, record, owner=owner)
        except BusyError as error:
            return busy(self._pages, request, error)
        except StoreError:
            raise  # as above
        except AddressError:
            said = "no address"
        except (DigestError, ValueError):
            said = "wrong"
        if isinstance(said, Response):
            return said
        with self._store.read() as tx:
            fresh = tx.subscribers.get(record.subscriber.id) or record
        return self._choices(request, fresh, owner=owner, said=said)

    def _done(self, request: Request, form: Form, record: SubscriberRecord, *, owner: bool) -> str | Response:
        """Do what the button says; returns a word for the preferences page, or another page."""
        act, person = form.one("act"), record.subscriber.id
        if act == "save":
            preferences.change_preferences(self._store, self._settings, person, self._wishes(form, record), self._now())
            return "saved"
        if act.startswith("latest "):
            digest = DigestId(act.partition(" ")[2])
            return (
                "latest"
                if preferences.send_latest(self._store, self._settings, person, digest, self._now())
                else "no latest"
            )
        if act.startswith("feed "):
            chosen = act.partition(" ")[2]
            feed = record.subscriber.feed if chosen == "renew" else PrivateFeed("" if chosen == "off" else chosen)
            preferences.choose_feed(self._store, person, feed, self._now(), renew=chosen == "renew")
            return "feed"
        if act == "move":
            self._ask_move(request, form.one("new_address"), record, owner=owner)
            return "move"
        return self._about_data(request, form, record, owner=owner)

    def _about_data(self, request: Request, form: Form, record: SubscriberRecord, *, owner: bool) -> str | Response:
        """Actions for which only the owner of the address may act, or be mailed a link."""
        act = form.one("act")
        if act in {"link", "export", "erase"} and self._is_guarded(record):
            return "guarded"
        if act == "link":
            language, network = self._pages.language(request), network_of(request, self._settings.web.proxies)
            consent.request_access(
                self._store, self._settings.signup, record, language=language, network=network, now=self._now()
            )
            return "link"
        if act == "export" and owner:
            return self._export(record)
        if act == "erase" and owner and form.one("sure") == "yes":
            subscribers.erase(self._store, record.subscriber.address, now=self._now())
            return self._pages.page(request, "erased", private=True)
        return ""

    def _ask_move(self, request: Request, written: str, record: SubscriberRecord, *, owner: bool) -> None:
        preferences.request_move(
            self._store,
            self._settings.signup,
            record,
            written,
            proven=owner,
            language=self._pages.language(request),
            network=network_of(request, self._settings.web.proxies),
            now=self._now(),
        )

    def _is_guarded(self, record: SubscriberRecord) -> bool:
        """Whether the present address may belong to somebody who got it through a forwarded mail."""
        with self._store.read() as tx:
            return tx.single_mails.guarded(record.subscriber.id, self._now())

    def _export(self, record: SubscriberRecord) -> Response:
        (known,) = subscribers.export(self._store, record.subscriber.address)
        return Response(
            to_json(known, indent=2).encode(),
            media_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="digest.json"', "Cache-Control": "no-store"},
        )

    def _wishes(self, form: Form, record: SubscriberRecord) -> Choices:
        """The choices in a form.

        Raises:
            ValueError: a field has a value that the page does not offer.
        """
        zone = form.one("timezone")
        until = date.fromisoformat(form.one("paused_until")) if form.one("paused_until") else None
        if until and until - self._now().date() > _LONGEST_PAUSE:
            raise ValueError(until)
        if zone and zone not in preferences.time_zones():
            raise ValueError(zone)
        own = ZoneInfo(zone or next((digest.timezone for digest in self._settings.digests), "UTC"))
        rests = datetime.combine(until, time(), own) if until else None
        return Choices(
            digests=form.chosen("digest"),
            topics=_topics(form, record.subscriber.topics),
            language=form.one("language") if form.one("language") in LANGUAGES else record.subscriber.language,
            format=Format(form.one("format") or record.subscriber.format),
            timezone=zone,
            paused_until=rests if rests and rests > self._now() else None,
        )

    def _choices(self, request: Request, record: SubscriberRecord, *, owner: bool, said: str = "") -> Response:
        person = record.subscriber
        zone = ZoneInfo(person.timezone or next((digest.timezone for digest in self._settings.digests), "UTC"))
        rests = person.paused_until if person.paused_until and person.paused_until > self._now() else None
        return self._pages.page(
            request,
            "preferences",
            code=_UNUSABLE if said in {"wrong", "no address"} else _OK,
            private=True,
            address=person.address if owner else masked(person.address),
            person=person,
            owner=owner,
            said=said,
            groups=offered(self._settings, self._pages.language(request), record.digests),
            subscribed=[digest for digest in self._settings.digests if digest.id in record.digests],
            topics=self._settings.topics,
            feed_url=preferences.private_feed_url(self._store, self._settings, person),
            zones=preferences.time_zones(),
            paused_until=rests.astimezone(zone).date().isoformat() if rests else "",
            today=self._now().astimezone(zone).date().isoformat(),
        )


def _topics(form: Form, before: Sequence[str]) -> tuple[str, ...]:
    """The topics that a form chooses, none for everything. If both are ticked, the newly ticked one counts."""
    chosen = form.chosen("topic")
    return () if form.one("all_topics") == "yes" and (before or not chosen) else chosen
