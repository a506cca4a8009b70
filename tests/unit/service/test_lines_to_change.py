"""Which lines of a configuration name a source."""

from __future__ import annotations

from digest.service.sources.renaming import lines_to_change

CONFIG = """\
title = "blog"            # no source
[[sources]]
id = "blog"
title = "blog"
path = "dumps/[blog]"
[[sources]]
id = "blog-2"
[[digests]]
id = "blog"
sources = ["blog", "blog-2"] # both
[[ topics ]]
id = "t"
words = ["blog"]
sources = [
    "blog-2",
    'blog',  # the first
]
authors = ["blog"]
[mail]
sources = "blog"
"""


def test_the_lines_are_those_of_its_id_and_of_selections() -> None:
    assert list(lines_to_change(CONFIG, "blog")) == [
        (3, 'id = "blog"'),
        (10, 'sources = ["blog", "blog-2"] # both'),
        (16, "'blog',  # the first"),
    ]
    assert [number for number, _ in lines_to_change(CONFIG, "blog-2")] == [7, 10, 15]
    assert list(lines_to_change(CONFIG, "none")) == []
