"""JSON Lines: each line is one record, and one of its fields is the text."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from digest.dumps.containers.kinds import parsed
from digest.dumps.containers.streams import Flaw, Forward, Member, Meter

_URLS, _IDS = ("url", "link", "uri", "target_uri"), ("id", "guid", "uid")
_TIMES = ("fetched_at", "fetch_time", "crawled_at", "crawl_time", "scraped_at", "retrieved_at", "timestamp")
_TYPES = ("media_type", "content_type", "mime_type", "mime")
_LOOKED_AT, _MOST_LOOKED_AT = 20, 4 << 20  # lines and bytes by which the field of the text is chosen
FIELD = "text"  # that is taken where no record shows another one
_LATEST = 4102444800  # 2100, in seconds; a larger number counts milliseconds
_LONGEST_KEY = 200


class JsonLines:
    """Reads records; decides once which field is the text.

    `field` is its name, with dots between the names of nested ones; empty until it is decided.
    """

    def __init__(self, field: str, readable: Callable[[str], bool], largest: int) -> None:
        self.field = field
        self._readable, self._largest = readable, largest

    def members(self, stream: Forward, meter: Meter) -> Iterator[Member | Flaw]:
        """The records in order; a line that is none is a flaw of its own.

        Raises:
            DumpError: there are more than the bounds allow.
        """
        waiting: list[tuple[int, Mapping[str, object] | Flaw]] = []
        size = 0
        for number, said, length in self._parsed_lines(stream, meter):
            if self.field:
                yield self._member(number, said)
                continue
            waiting.append((number, said))
            size += length
            if len(waiting) >= _LOOKED_AT or size >= _MOST_LOOKED_AT:
                self._decide([one for _, one in waiting if not isinstance(one, Flaw)])
                yield from (self._member(*one) for one in waiting)
                waiting = []
        if waiting:
            self._decide([one for _, one in waiting if not isinstance(one, Flaw)])
            yield from (self._member(*one) for one in waiting)

    def _parsed_lines(self, stream: Forward, meter: Meter) -> Iterator[tuple[int, Mapping[str, object] | Flaw, int]]:
        number = 0
        while line := stream.line(self._largest):
            number += 1
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if not text:
                continue
            meter.record()
            place = f"line {number}"
            if len(line) > self._largest:
                problem = f"has more than {self._largest:,} bytes (raise `largest` of its source)"
                yield number, Flaw(place, problem), len(line)
                continue
            record = parsed(text)
            if isinstance(record, dict):
                yield number, record, len(line)
            elif not line.endswith(b"\n"):
                yield number, Flaw(place, "breaks off (see whether it is still being written)"), len(line)
            else:
                yield number, Flaw(place, "is no JSON object (see what writes it)"), len(line)

    def _decide(self, records: list[Mapping[str, object]]) -> None:
        """Choose the longest field that a layout reads in most of the records; else the longest of all."""
        read: Counter[str] = Counter()
        longest: Counter[str] = Counter()
        for record in records:
            texts = dict(_texts(record))
            longest.update({field: len(text) for field, text in texts.items()})
            for field in sorted(texts, key=lambda field: -len(texts[field])):
                if self._readable(texts[field]):
                    read[field] += 1
                    break
        best = read or longest
        self.field = max(best, key=lambda field: (best[field], longest[field])) if best else FIELD

    def _member(self, number: int, said: Mapping[str, object] | Flaw) -> Member | Flaw:
        if isinstance(said, Flaw):
            return said
        text = _field(said, self.field)
        if not isinstance(text, str):
            return Flaw(f"line {number}", f"has no text in the field {self.field} (name it with `text_field`)")
        url = _first_text(said, _URLS)
        key = url or _first_text(said, _IDS)[:_LONGEST_KEY]
        written = text.encode("utf-8", "replace")
        media_type = _first_text(said, _TYPES) if text.lstrip()[:1] == "<" else ""
        fetched_at = next((at for name in _TIMES if (at := _time(said.get(name)))), None)
        return Member(
            key or f"{number:04}",
            lambda: iter((written,)),
            size=len(written),
            url=url,
            fetched_at=fetched_at,
            media_type=media_type,
        )


def _texts(record: Mapping[str, object], within: str = "") -> Iterator[tuple[str, str]]:
    """The fields that are texts, those of nested objects too, one level deep."""
    for name, said in record.items():
        if isinstance(said, str):
            yield within + name, said
        elif isinstance(said, dict) and not within:
            yield from _texts(said, f"{name}.")


def _field(record: Mapping[str, object], field: str) -> object:
    if field in record:
        return record[field]
    name, dot, rest = field.partition(".")
    inner = record.get(name)
    return _field(inner, rest) if dot and isinstance(inner, dict) else None


def _first_text(record: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        said = record.get(name)
        if isinstance(said, str) and said.strip():
            return said.strip()
        if isinstance(said, int) and not isinstance(said, bool):
            return str(said)
    return ""


def _time(said: object) -> datetime | None:
    try:
        if isinstance(said, (int, float)) and not isinstance(said, bool):
            return datetime.fromtimestamp(said / 1000 if said > _LATEST else said, UTC)
        if isinstance(said, str):
            at = datetime.fromisoformat(said.strip())
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
