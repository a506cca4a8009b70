"""Every store finds entries by the ids and links of a source, and by how other dumps show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from digest.changes.values import Questions
from digest.model import SourceId
from digest.service.intake.refresh import refresh
from digest.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store.transaction import Store

NOW = datetime(2026, 6, 20, 8, tzinfo=UTC)
BLOG = SourceId("blog")
TEXT = "The first of them crossed the river before noon, when nobody had yet expected it."
LONG = "长" * 3000
PAGE = f"Hills\nBy Ann | 2026-06-01 | 10位读者 | 引用{TEXT}\n最近评论\n"
FEED = f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>B</title>
<item><title>Hills</title><link>https://b.example/hills</link><guid>{{}}</guid>
<pubDate>1 Jun 2026 04:00:00 GMT</pubDate><content:encoded>{TEXT}</content:encoded></item></channel></rss>"""


def test_an_entry_is_known_by_every_id_that_it_had(store: Store, tmp_path: Path) -> None:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    source = {"id": BLOG, "title": "B", "path": dumps}
    settings = Settings(data_dir=tmp_path, base_url="https://digest.example.org", sources=[source])
    (dumps / "page.txt").write_text(PAGE, "utf-8")
    for day, uid in enumerate(("first", LONG)):
        (dumps / "feed.xml").write_text(FEED.format(uid), "utf-8")
        done = refresh(store, settings, settings.sources[0], now=NOW + timedelta(days=day))
        assert (done.problems, done.held) == ((), 0)

    with store.read() as tx:
        (entry,) = tx.entries.newest()
        known = [uid for _, uid in tx.entries.uids(entry.id)]
        assert [uid for uid in known if not uid.startswith("id sha256")] == ["id first", "link //b.example/hills"]
        assert len(known) == 3
        for uid in known:
            (found,) = tx.readings.known(Questions(uids=frozenset([uid]), source=BLOG))
            assert (found.id, found.uids) == (entry.id, frozenset((BLOG, each) for each in known))
            assert not tx.readings.known(Questions(uids=frozenset([uid]), source="other"))
        (flat,) = tx.readings.shown_alike([entry.id], (BLOG, "feed.xml"), markup=False)[entry.id]
        assert (flat.title, flat.is_of_markup) == ("Hills", False)
        assert tx.readings.shown_alike([entry.id], (BLOG, "feed.xml"), markup=True) == {}
