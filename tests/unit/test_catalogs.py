"""The translations of the templates: complete in each language, and nothing more."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from digest import files
from digest.templating import LANGUAGES, environment
from digest.web.console.frame import NAVIGATION

_NAME = re.compile(r'^msgid(?:_plural)? "(.+)"$', re.MULTILINE)
_CHINESE = re.compile(r'^msgstr(?:\[0\])? "(.+)"$', re.MULTILINE)
# For each thing one word; these are others for the same, a translation word by word, or an operator's word.
_OTHER_WORDS = re.compile(
    "(?<!RSS )阅读器|取消订阅|撤销|偏好|带走|撤回|阅读量|列表页|转储|邮件地址|这封信|放进|(?<!其)[他她](?!人)"
    r"|(?<![.…])\.\.\.|(?<!…)…(?!…)|[\u4e00-\u9fff][,;:?!()]|[,;:?!][\u4e00-\u9fff]|[。，：] (?=[\u4e00-\u9fff])"
)
BY_CAUSE = "revision "  # begins the name of what a page says of a revision; test_revisions looks whether all are there


def said() -> set[str]:
    """What the templates ask to be translated."""
    files: Any = environment(LANGUAGES[0], None)
    found: set[str] = set()
    for name in files.list_templates(extensions=("html", "txt", "xml")):
        for _, _, words in files.extract_translations(files.loader.get_source(files, name)[0]):
            found |= {word for word in (words if isinstance(words, tuple) else (words,)) if word}
    return (found | in_code()) - {BY_CAUSE}


def in_code() -> set[str]:
    """What the pages of the console ask to be translated outside of their templates."""
    found = {name for _, name, _ in NAVIGATION}
    for module in (Path(__file__).resolve().parents[2] / "digest" / "web" / "console").glob("*.py"):
        for one in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "words":
                match one.args[:1]:
                    case [ast.Constant(value=str(words))]:
                        found.add(words)
    return found


def translated(language: str) -> list[str]:
    """What the catalogs of a language translate, each as often as it stands there."""
    catalogs = (files.shipped_folder("templates") / "locale" / language).rglob("*.po")
    return [word for catalog in catalogs for word in _NAME.findall(catalog.read_text("utf-8"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogs_hold_what_the_templates_say_once_and_nothing_else(language: str) -> None:
    known = Counter(translated(language))
    assert [word for word, times in known.items() if times > 1] == []
    assert {word for word in known if not word.startswith(BY_CAUSE)} - said() == set()


def test_all_that_the_templates_say_is_in_chinese() -> None:
    assert said() - set(translated("zh_CN")) == set()


def test_chinese_has_one_word_for_one_thing_and_its_own_marks() -> None:
    catalogs = (files.shipped_folder("templates") / "locale" / "zh_CN").glob("*.po")
    words = [one for catalog in catalogs for one in _CHINESE.findall(catalog.read_text("utf-8"))]
    assert len(words) > 200
    assert [one for one in words if _OTHER_WORDS.search(one)] == []
