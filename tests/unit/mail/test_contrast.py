"""Contrast by the formula of WCAG, light and dark; and what the linter finds in a bad mail."""

from __future__ import annotations

import pytest

from digest.mail.composing.lint import Contrast, contrast_ratio, contrasts, findings
from digest.model import Body
from tests.golden.mails import MAILS

DARK = "<style>@media (prefers-color-scheme: dark) { p { color: #000000 !important; } .x { color: #fff } }</style>"


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [("#000000", "#ffffff", 21.0), ("#fff", "#000", 21.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_the_ratio_is_that_of_the_standard(one: str, other: str, wanted: float) -> None:
    assert round(contrast_ratio(one, other), 2) == wanted
    assert contrast_ratio(other, one) == contrast_ratio(one, other)


def test_each_text_is_seen_with_the_nearest_colours_in_both_schemes() -> None:
    page = f"""<html><head>{DARK}</head><body style="background-color:#ffffff;color:#000">
    <div style="background:#000000"><p style="color:#ffffff">one<a href="#">two</a></p>three</div>
    <span style="display:none">hidden</span><img alt="four" style="color:#777777"></body></html>"""
    found = {(c.scheme, c.text): round(c.ratio, 1) for c in contrasts(page)}
    assert found == {
        ("light", "one"): 21.0,
        ("light", "two"): 2.2,
        ("light", "three"): 1.0,
        ("light", "four"): 4.5,
        ("dark", "one"): 1.0,
        ("dark", "two"): 2.2,
        ("dark", "three"): 1.0,
        ("dark", "four"): 4.5,
    }


@pytest.mark.parametrize("name", MAILS)
def test_every_text_of_our_mails_can_be_read_light_and_dark(name: str) -> None:
    made = list(contrasts(MAILS[name]().words.html))
    assert {one.scheme for one in made} == {"light", "dark"}
    assert min(made) > Contrast(4.5, "", "")


@pytest.mark.parametrize("name", MAILS)
def test_our_mails_have_no_flaw(name: str) -> None:
    assert findings(MAILS[name]().words) == []


@pytest.mark.parametrize(
    ("page", "finding"),
    [
        ('<img src="cid:x">', "no alternative text"),
        ('<img src="https://elsewhere.example/x.png" alt="x">', "loaded from elsewhere"),
        ('<a href="javascript:alert(1)">x</a>', "does not lead"),
        ('<a href="https://x.example"></a>', "link has no text"),
        ('<p style="color:#aaaaaa">faint</p>', "hard to read in the light scheme, contrast 2.3: faint"),
        ("<h3>deep</h3>", "level 3 follows one of level 1"),
        ("<script>1</script>", "programs remove <script>"),
        ("x" * 80_000, "has 80"),
    ],
)
def test_each_flaw_of_the_html_is_found(page: str, finding: str) -> None:
    good = '<html lang="en"><head><title>t</title></head><body><h1>t</h1>{}</body></html>'
    assert findings(Body("en", "t", good.format(""), "t\n")) == []
    (found,) = findings(Body("en", "t", good.format(page), "t\n"))
    assert finding in found


def test_flaws_of_the_frame_the_subject_and_the_text_are_found() -> None:
    found = "\n".join(findings(Body("en", "", "<p>x</p>", f"{'word ' * 20}\n    {'code ' * 20}\nhttps://{'x' * 90}\n")))
    for part in (
        "no subject",
        "does not declare its language",
        "no <title>",
        "no <h1>",
        "a line of the text is 100 cells wide: word",
    ):
        assert part in found
    assert found.count("a line of the text") == 1
    assert "the text part is empty" in findings(Body("en", "s" * 130, "<p>x</p>", " \n"))
    assert any("130 characters" in one for one in findings(Body("en", "s" * 130, "<p>x</p>", " \n")))
