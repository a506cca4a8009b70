"""Makes what docs/ and README show: `make pictures`. Needs Chromium and the development set-up."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

from digest.app import opened, run_pass
from digest.service.editions import drafts
from digest.settings import load
from digest.typeset.formulas import page
from digest.typeset.math.extract import Formula
from digest.typeset.math.linear import html_text, linear
from digest.typeset.math.picture import name, picture
from digest.web.serve import Server
from tests.unit.typeset.math.test_formulas import FORMULAS

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox", "--disable-gpu"]}


def formulas() -> None:
    """docs/formulas.md, and beside each picture what a browser makes of the MathML."""
    folder = IMAGES / "formulas"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    rows, sheet = [], []
    for tex, display, *_ in FORMULAS:
        mark = "$$" if display else "$"
        made = Formula(tex, display, source=f"{mark}{tex}{mark}")
        drawn, shown = picture(made), html_text(made)
        image = "none"
        if drawn:
            (folder / f"{name(made)}.png").write_bytes(drawn.png)
            image = f'<img src="images/formulas/{name(made)}.png" width="{drawn.width}" alt="{escape(linear(made))}">'
        cells = (f"<code>{escape(made.source)}</code>", image, shown or "", escape(linear(made)))
        rows.append(f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in cells)} |")
        sheet.append(f"<tr><td>{page(made)}</td><td><code>{escape(tex)}</code></td></tr>")
    head = (
        "# Formulas\n\nThis table shows how Digest displays formulas. Pages contain MathML, as in"
        " [light](images/mathml-light.png) and [dark](images/mathml-dark.png)."
        " Mails contain the HTML if there is some, otherwise the picture. Feeds contain the picture of a displayed"
        " formula, and otherwise the HTML or the text. Plain text contains the last column."
        " `make pictures` writes this page from the table of the tests.\n\n"
        "| TeX | picture | HTML | text |\n|---|---|---|---|\n"
    )
    (ROOT / "docs" / "formulas.md").write_text(head + "\n".join(rows) + "\n", "utf-8")
    style = (ROOT / "templates" / "web" / "style.css").read_text("utf-8")
    style = style.replace('url("', f'url("{(ROOT / "templates" / "web").as_uri()}/')
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        file = Path(scratch) / "sheet.html"
        file.write_text(f"<meta charset=utf-8><style>{style}</style><table>{''.join(sheet)}</table>", "utf-8")
        browser = playwright.chromium.launch(**CHROMIUM)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            shot = browser.new_page(viewport={"width": 1000, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            shot.goto(file.as_uri())
            shot.screenshot(path=IMAGES / f"mathml-{scheme}.png", full_page=True)


def screenshots() -> None:
    """The home page, an entry with formulas and a mail, of the samples."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(
            DIGEST_DATA_DIR=scratch, DIGEST_WEB_LISTEN="127.0.0.1:0", DIGEST_BASE_URL="https://digest.example.org"
        )
        settings = load(ROOT / "config" / "demo" / "digest.toml")
        with opened(settings) as store, sync_playwright() as playwright:
            for source in settings.sources:
                run_pass(store, settings, source)
            words = drafts.draft_edition(store, settings, settings.digests[0], datetime.now(UTC), "zh_CN")
            assert words is not None  # noqa: S101 - the samples are news
            mail = Path(scratch) / "mail.html"
            mail.write_text(words.body.html, "utf-8")
            with store.read() as tx:
                entry = next(e.id for e in tx.entries.newest() if r"\frac" in str(e.content.paragraphs))
            server = Server(settings, store, lambda: datetime.now(UTC))
            thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
            thread.start()
            browser = playwright.chromium.launch(**CHROMIUM)  # type: ignore[arg-type]
            shot = browser.new_page(viewport={"width": 900, "height": 1000}, locale="zh-CN")
            for called, address in (
                ("home", f"{server.address}/"),
                ("entry", f"{server.address}/entries/{entry}"),
                ("mail", mail.as_uri()),
            ):
                shot.goto(address)
                shot.screenshot(path=IMAGES / f"{called}.png")
            browser.close()
            server.stop()
            thread.join()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    formulas()
    screenshots()
