"""Prometheus metrics, and the endpoints for monitors; the only importer of prometheus-client. Decisions 237 and 239."""

from __future__ import annotations

import ipaddress
import time
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from digest import __version__
from digest.errors import DigestError
from digest.service.operating.health import Kind, Sending
from digest.service.operating.status import monitored_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from prometheus_client import Metric
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from digest.records.operating import Version
    from digest.service.fetching.fetching import Fetches
    from digest.service.intake.passes import Pass
    from digest.service.operating.status import MonitoredState
    from digest.settings import Settings
    from digest.store.transaction import Store

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900)
_FETCHES = ("changed", "unchanged", "failed")
_FRESH = timedelta(seconds=1)  # many may ask; an unchanged store is queried once
_NOT_STORED = {"Cache-Control": "no-store"}
_FORWARDED = {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}


class Metrics:
    """The metrics of this process, in a registry of their own. May be used from several threads."""

    def __init__(
        self, store: Store, settings: Settings, now: Callable[[], datetime], *, fresh: timedelta = _FRESH
    ) -> None:
        self.settings = settings  # a reload may replace them
        registry = self._registry = CollectorRegistry()
        self._refreshes = Counter(
            "digest_refreshes", "Passes over a source, by how they ended.", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "digest_refresh_seconds", "How long a pass over a source took.", buckets=_SECONDS, registry=registry
        )
        self._fetches = Counter(
            "digest_fetches", "Fetches from sites and programs, by how they ended.", ["outcome"], registry=registry
        )
        self._fetch_seconds = Histogram(
            "digest_fetch_seconds", "How long fetching for a source took.", buckets=_SECONDS, registry=registry
        )
        self._entries = Counter("digest_entries", "Entries that passes changed.", ["change"], registry=registry)
        self._requests = Counter(
            "digest_requests",
            "Requests answered: for feeds by format, document cache (made, kept) and status; for pages by status.",
            ["kind", "status", "cache"],
            registry=registry,
        )
        for outcome in ("done", "held", "failed"):
            self._refreshes.labels(outcome)
        for outcome in _FETCHES:
            self._fetches.labels(outcome)
        for change in ("added", "revised", "vanished"):
            self._entries.labels(change)
        Info("digest_build", "The running version.", registry=registry).info({"version": __version__})
        ProcessCollector(registry=registry)
        self._store = _Store(store, lambda: monitored_state(store, self.settings, now()), fresh)
        registry.register(self._store)

    def monitored_state(self) -> MonitoredState | None:
        """The health that these metrics report; None if the store does not answer."""
        return self._store.monitored_state()

    def refreshed(self, done: Pass | None, seconds: float) -> None:
        """Count a pass; None for one that ended in an error."""
        failed = done is None or done.failed
        self._refreshes.labels("failed" if failed else "held" if done and done.held else "done").inc()
        self._seconds.observe(seconds)
        if done:
            for change, number in (("added", done.added), ("revised", done.revised), ("vanished", done.vanished)):
                self._entries.labels(change).inc(number)

    def fetched(self, done: Fetches | None, seconds: float) -> None:
        """Count fetches for a source; None if they ended in an error."""
        counts = (done.fetched, done.unchanged, done.failed) if done else (0, 0, 1)
        for outcome, number in zip(_FETCHES, counts, strict=True):
            self._fetches.labels(outcome).inc(number)
        if any(counts):
            self._fetch_seconds.observe(seconds)

    def answered(self, kind: str, status: int, cache: str) -> None:
        """Count a request; `cache` is `made` or `kept` (cached) for the document of a feed, empty for a page."""
        self._requests.labels(kind, str(status), cache).inc()

    def exposition(self, accepted: str) -> tuple[bytes, str]:
        """The metrics in the format that the scraper's Accept header prefers, and their media type."""
        encoder, media_type = choose_encoder(accepted)
        return encoder(self._registry), media_type


class _Store(Collector):
    """The health as gauges. They are computed again when the store changed, or after a while."""

    def __init__(self, store: Store, ask: Callable[[], MonitoredState], fresh: timedelta) -> None:
        self._store, self._ask, self._fresh = store, ask, fresh.total_seconds()
        self._known: MonitoredState | None = None
        self._version: Version | None = None
        self._known_at = 0.0
        self._lock = Lock()

    def describe(self) -> Iterable[Metric]:
        return ()  # registering must not query the store

    def collect(self) -> Iterator[Metric]:
        now = self.monitored_state()
        yield _gauge("digest_store_up", "Whether the store answers.", now is not None)
        if now:
            yield from _gauges(now)

    def monitored_state(self) -> MonitoredState | None:
        """The health, at most `fresh` old; None if the store does not answer."""
        with self._lock:
            try:
                version = self._store.version()
                old = self._known is None or time.monotonic() - self._known_at >= self._fresh
                if old or version != self._version:
                    self._known = self._ask()
                    self._version, self._known_at = version, time.monotonic()
            except DigestError:
                self._known = None
            return self._known


def _gauges(now: MonitoredState) -> Iterator[Metric]:
    yield _gauge("digest_sources", "Configured sources.", now.sources)
    yield _gauge("digest_sources_overdue", "Sources without a pass for three times their interval.", now.overdue)
    yield _gauge("digest_sources_failing", "Sources whose newest pass failed or left a dump held.", now.failing)
    yield _gauge("digest_refresh_age_seconds", "Age of the oldest last pass over a source.", _s(now.oldest_refresh))
    yield _gauge("digest_fetches_failing", "Addresses and programs whose last fetch failed.", now.failing_fetches)
    yield _gauge("digest_fetch_age_seconds", "Age of the oldest last good fetch.", _s(now.oldest_fetch))
    yield _family(
        "digest_troubles",
        "Present troubles, as `digest status` lists them, by kind.",
        ["kind"],
        [([kind], now.troubles[kind]) for kind in Kind],
    )
    yield _family(
        "digest_dumps_troubled", "Dumps by trouble.", ["state"], [([state], n) for state, n in now.troubled.items()]
    )
    yield _gauge("digest_formulas_undrawn", "Formulas that could not be drawn.", now.undrawn)
    yield _family(
        "digest_edition_lag_seconds",
        "Time since a slot passed whose edition is not made.",
        ["digest"],
        [([digest.id], _s(digest.lag)) for digest in now.digests],
    )
    yield _family(
        "digest_edition_made_timestamp_seconds",
        "When the newest edition was made, empty ones included.",
        ["digest"],
        [([digest.id], digest.made_at.timestamp()) for digest in now.digests if digest.made_at],
    )
    yield _family(
        "digest_deliveries",
        "Deliveries of the newest edition, by state and class of the last reply.",
        ["digest", "state", "reply"],
        [
            ([digest.id, state, f"{reply}xx" if reply else "none"], number)
            for digest in now.digests
            for (state, reply), number in digest.deliveries.items()
        ],
    )
    yield _gauge("digest_clock_faults", "Clock faults that are not over.", now.clock_faults)
    yield _gauge("digest_queue_depth", "Deliveries that will be tried.", now.queue)
    yield _gauge("digest_queue_age_seconds", "How long the mail that was due first has waited.", _s(now.queue_age))
    everybody = [one.per_minute for one in now.slowed if not one.domain]
    yield _gauge(
        "digest_sending_slowed_domains",
        "Recipient domains whose server asked for fewer mails.",
        len(now.slowed) - len(everybody),
    )
    yield _gauge(
        "digest_sending_per_minute",
        "Mails a minute that the relay allows in total; 0 for no limit.",
        sum(everybody),
    )
    yield _family(
        "digest_sending",
        "1 for the state of sending after the last attempt.",
        ["state"],
        [([state], int(state is now.sending)) for state in Sending],
    )


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _family(name: str, says: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _s(span: timedelta) -> float:
    return span.total_seconds()


class MonitorEndpoints:
    """The endpoints, as plain functions, because the store blocks."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics

    def healthy(self, request: Request) -> Response:  # noqa: ARG002 - an endpoint takes it
        """The process answers; nothing else is a reason to kill it."""
        return PlainTextResponse("ok\n", headers=_NOT_STORED)

    def ready(self, request: Request) -> Response:
        """503 if the store does not work, so that no page could; with `?full` also if mail cannot be sent.

        A relay's fault keeps no page from its visitors, so it alone does not change the code. No relay is contacted:
        the last attempt decides. Other troubles are counted by kind. The response names no hosts and no people, because
        anybody may ask.
        """
        try:
            self._store.check()
        except DigestError:
            return _failing()
        now = self._metrics.monitored_state()
        if now is None:
            return _failing()
        ready = now.sending is Sending.OK or "full" not in request.query_params
        troubles = {kind: count for kind, count in now.troubles.items() if count}
        told = {"ready": ready, "store": "ok", "mail": now.sending, "troubles": troubles}
        return JSONResponse(told, 200 if ready else 503, _NOT_STORED)

    def metrics(self, request: Request) -> Response:
        body, media_type = self._metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type, **_NOT_STORED})


def monitor_application(store: Store, metrics: Metrics) -> ASGIApp:
    """The ASGI application of a listener for monitors."""
    watch = MonitorEndpoints(store, metrics)
    return Starlette(
        routes=[
            Route("/healthz", watch.healthy),
            Route("/readyz", watch.ready),
            Route("/metrics", watch.metrics),
        ]
    )


def _failing() -> Response:
    told: dict[str, object] = {"ready": False, "store": "failing", "mail": "unknown", "troubles": {}}
    return JSONResponse(told, 503, _NOT_STORED)


def from_this_machine(request: Request, base_url: str) -> bool:
    """Whether a request certainly comes from this machine itself.

    A proxy's own address proves nothing, and not every proxy identifies itself. But a site behind a proxy has a name
    outside.
    """
    client = request.client.host if request.client else ""
    return (
        _is_loopback(client)
        and _is_loopback(urlsplit(base_url).hostname or "")
        and not _FORWARDED & {name.lower() for name in request.headers}
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
