"""The pages on which people subscribe, confirm, choose and leave. Scanners follow links: only a POST acts."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.editions.schedule import Schedule
from digest.editions.spoken import spoken
from digest.errors import AddressError, BusyError, DigestError, StoreError, masked
from digest.model import ConfirmationKind, DigestId, Format
from digest.service import consent, preferences, subscribers
from digest.service.preferences import Wishes
from digest.web.forms import form_of, network_of
from digest.web.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from digest.ports import Store, SubscriberRecord
    from digest.settings import Digest, Settings
    from digest.web.forms import Form

_METHODS = ["GET", "HEAD", "POST"]
_OK, _UNUSABLE = 200, 422
_LONGEST_PAUSE = timedelta(days=366)
_TRAP = "website"  # a field that no person sees, and that programs fill in


def people_routes(store: Store, settings: Settings, *, now: Callable[[], datetime]) -> list[Route]:
    """The routes of these pages."""
    people = _People(store, settings, now)
    paths = {
        "/subscribe": people.subscribe,
        "/confirm/{token}": people.confirm,
        "/preferences/{token}": people.preferences,
        "/leave/{token}": people.leave,
    }
    return [Route(path, _with_form(endpoint), methods=_METHODS) for path, endpoint in paths.items()]


def _with_form(endpoint: Callable[[Request, Form | None], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that gets the form of a POST, and None for a GET; it runs in a thread, since the store blocks."""

    async def answered(request: Request) -> Response:
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(endpoint, request, form)

    return answered


class _People:
    """The endpoints."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._pages = Pages(settings)

    def subscribe(self, request: Request, form: Form | None) -> Response:
        """Ask for a mail with a link. The answer is the same for every address, known or not."""
        if not self._settings.signup.open or not self._settings.digests:
            return self._pages.page(request, "missing", code=404)
        if form is None:
            return self._offer(request, request.query_params.get("address", ""))
        try:
            if form.one("choose") and not form.chosen("digest"):
                return self._offer(request, form.one("address"), wrong="digest")
            if not form.one(_TRAP):
                consent.ask(
                    self._store,
                    self._settings,
                    form.one("address"),
                    digests=form.chosen("digest"),
                    language=self._pages.language(request),
                    latest=form.one("latest") == "yes",
                    network=network_of(request, self._settings.web.proxies),
                    now=self._now(),
                )
        except BusyError as error:
            return self._busy(request, error)
        except StoreError:
            raise  # nothing that was chosen is at fault
        except DigestError as error:
            return self._offer(
                request, form.one("address"), wrong="address" if isinstance(error, AddressError) else "digest"
            )
        return self._pages.page(request, "asked", private=True)

    def _offer(self, request: Request, address: str, wrong: str = "") -> Response:
        return self._pages.page(
            request,
            "subscribe",
            code=_UNUSABLE if wrong else _OK,
            private=True,
            groups=self._groups(request, [group[0].id for group in preferences.selections(self._settings)]),
            address=address,
            wrong=wrong,
            trap=_TRAP,
        )

    def _busy(self, request: Request, error: BusyError) -> Response:
        page = self._pages.page(request, "busy", code=429, private=True)
        page.headers["Retry-After"] = str(error.seconds)
        return page

    def confirm(self, request: Request, form: Form | None) -> Response:
        """The page behind the link in the confirmation mail; its button subscribes."""
        token, now = request.path_params["token"], self._now()
        asked = consent.awaiting(self._store, token, now)
        if asked is None or asked.kind is not ConfirmationKind.JOIN:
            return self._pages.page(request, "expired", code=410, private=True)
        record = consent.confirm(self._store, self._settings, token, now) if form is not None else None
        if form is not None and record is None:
            return self._pages.page(request, "expired", code=410, private=True)
        return self._pages.page(
            request,
            "confirm",
            private=True,
            address=masked(asked.address),
            titles=[self._title(name) for name in asked.digests],
            done=record is not None,
            preferences_url=record and self._preferences_path(record),
        )

    def preferences(self, request: Request, form: Form | None) -> Response:
        """A reader's choices. The link in a mail says whose they are and asks; only a link mailed for it shows all."""
        token = request.path_params["token"]
        record, owner = preferences.whose(self._store, token), False
        if record is None:
            asked = consent.awaiting(self._store, token, self._now())
            if asked and asked.kind is ConfirmationKind.ACCESS and asked.subscriber is not None:
                with self._store.read() as tx:
                    record, owner = tx.subscribers.get(asked.subscriber), True
        if record is None:
            return self._pages.page(request, "expired", code=410, private=True)
        if form is None and not owner:
            return self._pages.page(request, "whose", private=True, address=masked(record.subscriber.address))
        if form is None:
            return self._choices(request, record, owner=owner)
        return self._act(request, form, record, owner=owner)

    def _act(self, request: Request, form: Form, record: SubscriberRecord, *, owner: bool) -> Response:
        act, person, said = form.one("act"), record.subscriber.id, ""
        try:
            if act == "save":
                preferences.change(self._store, self._settings, person, self._wishes(form, record), self._now())
                said = "saved"
            elif act.startswith("latest "):
                digest = DigestId(act.partition(" ")[2])
                sent = preferences.latest(self._store, self._settings, person, digest, self._now())
                said = "latest" if sent else "no latest"
            elif act == "link":
                language, network = self._pages.language(request), network_of(request, self._settings.web.proxies)
                consent.ask_access(
                    self._store, self._settings, record, language=language, network=network, now=self._now()
                )
                said = "link"
            elif act == "export" and owner:
                return self._export(record)
            elif act == "erase" and owner and form.one("sure") == "yes":
                subscribers.erase(self._store, record.subscriber.address, now=self._now())
                return self._pages.page(request, "erased", private=True)
        except BusyError as error:
            return self._busy(request, error)
        except StoreError:
            raise  # as above
        except (DigestError, ValueError):
            said = "wrong"
        with self._store.read() as tx:
            fresh = tx.subscribers.get(person) or record
        return self._choices(request, fresh, owner=owner, said=said)

    def _export(self, record: SubscriberRecord) -> Response:
        (known,) = subscribers.export(self._store, record.subscriber.address)
        return Response(
            json.dumps(known, ensure_ascii=False, indent=2).encode(),
            media_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="digest.json"', "Cache-Control": "no-store"},
        )

    def _wishes(self, form: Form, record: SubscriberRecord) -> Wishes:
        """The choices of a form.

        Raises:
            ValueError: a field holds what the page does not offer.
        """
        zone = form.one("timezone")
        until = date.fromisoformat(form.one("paused_until")) if form.one("paused_until") else None
        if until and until - self._now().date() > _LONGEST_PAUSE:
            raise ValueError(until)
        if zone and zone not in preferences.zones():
            raise ValueError(zone)
        own = ZoneInfo(zone or next((digest.timezone for digest in self._settings.digests), "UTC"))
        rests = datetime.combine(until, time(), own) if until else None
        return Wishes(
            digests=form.chosen("digest"),
            topics=_topics(form, record.subscriber.topics),
            language=form.one("language") if form.one("language") in {"zh_CN", "en"} else record.subscriber.language,
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
            code=_UNUSABLE if said == "wrong" else _OK,
            private=True,
            address=person.address if owner else masked(person.address),
            person=person,
            owner=owner,
            said=said,
            groups=self._groups(request, record.digests),
            subscribed=[digest for digest in self._settings.digests if digest.id in record.digests],
            topics=self._settings.topics,
            zones=preferences.zones(),
            paused_until=rests.astimezone(zone).date().isoformat() if rests else "",
            today=self._now().astimezone(zone).date().isoformat(),
        )

    def _groups(self, request: Request, chosen: Sequence[str]) -> list[list[tuple[Digest, str, bool]]]:
        """The digests to choose from, the rhythms of one selection together, each with its words and whether chosen."""
        language = self._pages.language(request)
        return [
            [
                (digest, spoken(Schedule.parse(digest.schedule, digest.timezone), language), digest.id in chosen)
                for digest in group
            ]
            for group in preferences.selections(self._settings)
        ]

    def leave(self, request: Request, form: Form | None) -> Response:
        """The page behind the link in a mail, which changes nothing; and its button, which mail programs press too.

        Source: RFC 8058: the POST is answered without redirect, cookie or question.
        """
        token, now = request.path_params["token"], self._now()
        if form is not None and form.one("act") == "undo":
            consent.undo(self._store, self._settings, token, now)
        elif form is not None and not subscribers.leave(self._store, token, source="link in a mail", now=now):
            return self._pages.page(request, "missing", code=404)
        known = subscribers.leaving(self._store, token)
        if known is None:  # erased: there is nobody left to speak of
            return PlainTextResponse("ok\n") if form is not None else self._pages.page(request, "missing", code=404)
        record, digest = known
        return self._pages.page(
            request,
            "leave",
            private=True,
            status="subscribed" if digest in record.digests else "left",
            back=form is not None and form.one("act") == "undo",
            undo=consent.may_undo(self._store, token, now),
            address=masked(record.subscriber.address),
            digest=self._title(digest),
        )

    def _title(self, name: str) -> str:
        configured = self._settings.digest(name)
        return configured.title if configured else name

    def _preferences_path(self, record: SubscriberRecord) -> str:
        url = preferences.preferences_url(self._store, self._settings, record.subscriber.id)
        return url.removeprefix(self._settings.base_url)


def _topics(form: Form, before: Sequence[str]) -> tuple[str, ...]:
    """The topics that a form chooses, none for everything. Of both, the one that was not ticked before is meant."""
    chosen = form.chosen("topic")
    return () if form.one("all_topics") == "yes" and (before or not chosen) else chosen
