"""Mail addresses as people type them in a browser: no browser refuses what an input method for Chinese produces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.conftest import Site


@pytest.mark.parametrize("written", ["ada＠example．org", "ada@例子。中国", "ada@example.org"])
def test_full_width_marks_and_other_letters_can_be_sent(browser: Browser, site: Site, written: str) -> None:
    context = browser.new_context(locale="zh-CN")
    try:
        page = context.new_page()
        page.goto(site.address + site.pages["subscribe"].path)
        page.locator("input[name='form']").evaluate("(field, signed) => { field.value = signed }", site.signed)
        page.locator("#address").fill(written)
        with page.expect_navigation():
            page.locator("form[action='/subscribe'] button[type='submit']").click()
        assert page.locator("h1").inner_text() == "还差一步"
    finally:
        context.close()
