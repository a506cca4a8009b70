"""The beginning of a text: cut at the end of a sentence if possible, never in a formula or within a character."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Block, BlockKind
from digest.typeset.excerpt import cut, excerpt, sentence_cut, summary
from digest.typeset.formulas import formulas
from digest.typeset.sentences import complete
from tests.examples import examples

P, H, F, V, C, X = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.FIGURE,
    BlockKind.VERSE,
    BlockKind.CODE,
    BlockKind.FORMULA,
)
FORMULAS = (
    "$a+b$",
    "$x$",
    r"$\frac{a。b}{c}$",
    "$$a = b. c$$",
    "$$a\n=b$$",
    r"\[x! y\]",
    r"\(x。y\)",
    r"\begin{align}a &= b。\\ c &= d.\end{align}",
    r"\begin{equation*}\begin{cases}a\\b\end{cases}\end{equation*}",
)
WHOLE = (
    "e\u0301",
    "n\u0323\u0302",
    "षि",
    "👩\u200d👩\u200d👧",
    "👍🏽",
    "❤\ufe0f",
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "葛\U000e0100",
)
PROSE = ("词", "语", "字。", "好!", "为什么?", "a", "word ", "end. ", ",", " ", "3.14", "；")


@pytest.mark.parametrize(
    ("text", "limit", "made"),
    [
        ("不长。", 10, "不长。"),
        ("正好五个。", 5, "正好五个。"),
        ("一二三四五六七八九十", 5, "一二三四五……"),
        ("一二三四。六七八九十", 7, "一二三四。"),
        ("一。三四五六七八九十", 7, "一。三四五六七……"),
        ("Two words. More of them", 15, "Two words."),
        ("圆周率是3.14159左右的数", 8, "圆周率是……"),
        ("一二三 四五六", 4, "一二三……"),
        ("一二$a+b+c$三四五", 5, "一二……"),
        ("$a+b+c+d$三四五", 4, "$a+b+c+d$……"),
        ("$a+b+c+d$", 4, "$a+b+c+d$"),
        ("价格是 $5 左右的东西", 6, "价格是 $5……"),
        ("甲$$a。\nb$$乙丙丁", 4, "甲……"),
        ("一二三四e\u0301五六七", 5, "一二三四e\u0301……"),
        ("低秩近似之路，从头说起到最后", 9, "低秩近似之路……"),
        ("来做Seq2Seq的一个新范式", 6, "来做……"),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, limit: int, made: str) -> None:
    assert cut(text, limit) == made


@pytest.mark.parametrize(
    "character", ["🇨🇳", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u1112\u1161\u11ab"]
)
def test_a_flag_or_a_syllable_stays_whole(character: str) -> None:
    assert cut(f"一二{character}三四", 3) in {"一二……", f"一二{character}……"}


def test_a_joiner_before_a_formula_does_not_open_it() -> None:
    assert cut("字\u200d$x+y$词词", 2) in {"……", "字\u200d……", "字\u200d$x+y$……"}


@pytest.mark.parametrize("formula", [r"$a\$b+c$", r"$\text{\$5}x$"])
def test_an_escaped_dollar_does_not_end_a_formula(formula: str) -> None:
    assert [cut(f"一二{formula}三四五", limit) for limit in range(3, len(formula) + 2)] == ["一二……"] * (
        len(formula) - 1
    )


def boundaries(pieces: list[str]) -> list[int]:
    return [0, *itertools.accumulate(len(piece) for piece in pieces)]


def place(text: str, made: str) -> int:
    """Where the text was cut, the white space before the cut counted in."""
    kept = made.rstrip("…")
    assert made.endswith(("…", "。", "！", "？", "!", "?", "."))
    assert text.startswith(kept)
    return len(kept)


@settings(max_examples=examples(500))
@given(st.lists(st.sampled_from(FORMULAS) | st.sampled_from(PROSE), min_size=1, max_size=20), st.integers(1, 60))
def test_no_cut_lies_inside_a_formula(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    made = cut(text, limit)
    if made == text:
        return
    at = place(text, made)

    for start, piece in zip(boundaries(pieces), pieces, strict=False):
        assert piece not in FORMULAS or not start < at < start + len(piece)


@settings(max_examples=examples(500))
@given(st.lists(st.sampled_from(WHOLE) | st.sampled_from(PROSE), min_size=1, max_size=20), st.integers(1, 60))
def test_no_cut_lies_inside_a_character(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    made = cut(text, limit)
    if made == text:
        return
    at = place(text, made)

    for start, piece in zip(boundaries(pieces), pieces, strict=False):
        assert piece not in WHOLE or not start < at < start + len(piece)


@settings(max_examples=examples(300))
@given(st.text(st.characters() | st.sampled_from("。.! $\\"), max_size=80), st.integers(1, 60))
def test_a_cut_text_is_a_beginning_with_three_dots(text: str, limit: int) -> None:
    made = cut(text, limit)

    if len(text) <= limit:
        assert made == text
    if made != text:
        assert place(text, made) < len(text)


@settings(max_examples=examples(300))
@given(st.lists(st.sampled_from(PROSE), max_size=40).map("".join), st.integers(1, 60))
def test_prose_is_never_longer_than_the_limit_and_the_dots(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit + 2


@settings(max_examples=examples(200))
@given(st.lists(st.sampled_from(["很长的一句话", "又一句"]), min_size=3, max_size=12), st.integers(20, 60))
def test_a_sentence_that_ends_late_enough_is_where_it_ends(sentences: list[str], limit: int) -> None:
    text = "".join(f"{sentence}。" for sentence in sentences)
    if len(text) > limit:
        assert cut(text, limit).endswith("。")


@pytest.mark.parametrize(
    ("blocks", "limit", "made"),
    [
        ([], 10, []),
        ([(P, "甲。"), (P, "乙。")], 10, [(P, "甲。"), (P, "乙。")]),
        ([(P, "一二三四五。"), (P, "七八九十甲乙丙")], 10, [(P, "一二三四五。"), (P, "七八九十……")]),
        ([(P, "一二三四五六七八。"), (P, "七八九十甲乙丙")], 10, [(P, "一二三四五六七八。")]),
        ([(P, "一。"), (H, "题"), (C, "a = 1\nb = 2")], 10, [(P, "一。")]),
        ([(P, "一。"), (H, "题"), (H, "目"), (C, "a = 1\nb = 2")], 10, [(P, "一。")]),
        ([(P, "一。"), (H, "题"), (P, "三四五六七八九十")], 6, [(P, "一。"), (H, "题"), (P, "三四五……")]),
        ([(C, "a = 1\nb = 2")], 4, [(C, "a = 1\nb = 2")]),
        ([(C, "a = 1\nb = 2"), (P, "说明。")], 4, [(C, "a = 1\nb = 2"), (P, "…")]),
        ([(X, "$$a+b+c$$"), (P, "以后")], 4, [(X, "$$a+b+c$$")]),
        ([(P, "一。"), (V, "床前看月光\n疑是地上霜"), (P, "三")], 8, [(P, "一。")]),
        ([(V, "床前看月光，\n疑是地上霜。"), (P, "三四五六七八。")], 13, [(V, "床前看月光，\n疑是地上霜。")]),
        ([(F, "图"), (P, "一二三四五六七")], 5, [(F, "图"), (P, "一二三四……")]),
        ([(P, "所以有："), (X, "$$a$$"), (P, "完。")], 20, [(P, "所以有："), (X, "$$a$$"), (P, "完。")]),
        (
            [(P, "一二三四五，总有"), (X, "$$a+b$$"), (P, "又一句很长的话。")],
            9,
            [(P, "一二三四五，总有"), (X, "$$a+b$$")],
        ),
        ([(P, "一二三四五，即："), (X, f"$${'a' * 30}$$"), (P, "完。")], 12, [(P, "一二三四五……")]),
        ([(P, "先说一句。于是有"), (X, f"$${'a' * 30}$$"), (P, "完。")], 12, [(P, "先说一句。")]),
        ([(P, "代码如下："), (C, "a = 1\n" * 9), (P, "完。")], 12, [(P, "代码如下……")]),
        ([(P, "那么就得到了一个结论,即$a+b+c+d+e$成立")], 14, [(P, "那么就得到了一个结论……")]),
        ([(P, "他说：“好。”然后（真的！）走了很远很远")], 8, [(P, "他说：“好。”")]),
        ([(P, "你看过《谁会下棋？》这一篇文章没有，我看过")], 9, [(P, "你看过……")]),
        ([(P, "See e.g. Fig. 3 for 2.5 more. Then on and on")], 40, [(P, "See e.g. Fig. 3 for 2.5 more.")]),
        ([(P, "没有句号的一段")], 40, [(P, "没有句号的一段……")]),
        ([(P, "Nothing ends here")], 40, [(P, "Nothing ends here…")]),
        ([(P, "编号；")], 40, [(P, "编号……")]),
    ],
)
def test_blocks_are_kept_while_there_is_room(
    blocks: list[tuple[BlockKind, str]], limit: int, made: list[tuple[BlockKind, str]]
) -> None:
    found = excerpt([Block(kind, text) for kind, text in blocks], limit)

    assert [(block.kind, block.text) for block in found] == made


some_blocks = st.lists(
    st.builds(
        Block,
        st.sampled_from(BlockKind),
        st.lists(st.sampled_from(PROSE + FORMULAS), min_size=1, max_size=15).map("".join),
    ),
    max_size=8,
)


@settings(max_examples=examples(300))
@given(some_blocks, st.integers(4, 120))
def test_an_excerpt_is_the_beginning_of_its_blocks(blocks: list[Block], limit: int) -> None:
    made = list(excerpt(blocks, limit))

    assert bool(made) == bool(blocks)
    if made and made[-1] in {Block(P, "…"), Block(P, "……")} and len(made) > 1 and made[-2] == blocks[len(made) - 2]:
        made.pop()
    assert made[:-1] == blocks[: max(len(made) - 1, 0)]
    if made:
        last, whole = made[-1], blocks[len(made) - 1]
        assert last.kind is whole.kind
        assert last == whole or (last.kind is P and whole.text.startswith(last.text.rstrip("…")))


@settings(max_examples=examples(300))
@given(some_blocks, st.integers(4, 120))
def test_a_heading_is_never_last_unless_nothing_else_is_left(blocks: list[Block], limit: int) -> None:
    made = excerpt(blocks, limit)

    assert len(made) <= 1 or made[-1].kind is not H


def test_a_heading_is_not_all_that_is_shown() -> None:
    made = excerpt([Block(H, "题"), Block(C, "a = 1\n" * 50)], 160)

    assert made[-1].kind is not H


@settings(max_examples=examples(200))
@given(some_blocks, st.integers(4, 120))
def test_what_fits_is_kept_as_it_is_but_for_a_last_sentence_that_does_not_end(blocks: list[Block], limit: int) -> None:
    made = excerpt(blocks, limit)

    if sum(len(block.text) for block in blocks) <= limit and blocks and blocks[-1].kind is not H:
        assert list(made[:-1]) == blocks[:-1]
        assert made[-1] == blocks[-1] or made[-1].text.endswith("…") or not complete(blocks[-1].text)


@pytest.mark.parametrize("part", ["则有", "即有", "a and ", " ", "（", "“", '"', "。", "也就是", "$", "Fig. "])
def test_a_long_text_of_any_kind_comes_to_an_end(part: str) -> None:
    for text, limit in ((part * (60_000 // len(part)), 140), (part * 40, 420)):
        (made,) = excerpt([Block(P, f"先说一句话{text}甲")], limit)
        assert made.text.startswith("先说一句话")
        assert len(made.text) <= limit + len("……")


def test_a_summary_is_one_paragraph_of_words() -> None:
    told = [Block(F, "图"), Block(X, "$$x$$"), Block(P, "先看这个式子，它说的是这样的：\n很长"), Block(P, "完。")]
    assert summary(told, 12) == (Block(P, "先看这个式子……"),)
    assert summary([Block(P, "有一个结论："), Block(P, "它成立。")], 12) == (Block(P, "有一个结论：它成立。"),)
    assert summary([Block(C, "a = 1")], 12) == ()
    assert summary([], 12) == ()


# Articles as people write them; what is in brackets and quotes may end sentences of its own.
CHINESE = (
    "对于任意实数$x$，结论都成立。",
    "他说：“好！”然后走了。",
    "（这一句说完了。）",
    "你看过《谁会下棋？》没有？",
    "误差约为3.14%，不算大；",
    "没有说完的一句，",
    "“原来如此。”",
    "由此可得",
    "即：",
    "代码如下：",
)
ENGLISH = (
    "Mr. Smith showed, e.g. in Fig. 3, that $x$ is 2.5 at most. ",
    "“It holds.” ",
    "(So it does.) ",
    "Does it (really?) hold? ",
    "See https://example.org/a?b=c.d for more. ",
    "Hence we have ",
    "that is: ",
)
DISPLAYED = ("$$x=1$$", r"\begin{align}a &= b。\\ c &= d.\end{align}", "$$" + "x+" * 90 + "y$$")
INLINE = ("$a+b$", "$e^{i。}$", r"\(y! z\)")
articles = st.lists(
    st.lists(st.sampled_from(CHINESE + ENGLISH + INLINE), min_size=1, max_size=8).map(lambda parts: (P, "".join(parts)))
    | st.sampled_from(DISPLAYED).map(lambda text: (X, text))
    | st.sampled_from(
        [(C, "x = 1\ny = 2"), (V, "白日依山尽，\n黄河入海流。\n欲穷千里目，"), (F, "图一 山"), (H, "小结")]
    ),
    min_size=1,
    max_size=8,
).map(lambda parts: [Block(*part) for part in parts])
ANNOUNCING = (*"：:，,；;（(“", "即", "可得", "we have", "that is")


def ends_well(made: tuple[Block, ...], blocks: list[Block]) -> None:
    """An excerpt ends with a sentence, a displayed formula, the article itself, or dots that announce nothing."""
    last = made[-1]
    if last.text.endswith("…"):
        before = last.text.rstrip("…").rstrip()
        assert not before.endswith(ANNOUNCING)
        assert not before.endswith(("。", "！", "？"))
    elif last.kind is P:
        assert last.text.rstrip().endswith(tuple("。！？.!?”）)"))
        assert not last.text.rstrip().endswith(("e.g.", "Fig.", "Mr."))
        assert last.text.count("《") == last.text.count("》")
        assert last.text.count("“") == last.text.count("”")
    else:
        assert last.kind in {X, V, H} or all(block.kind is H for block in blocks[len(made) :])


@settings(max_examples=examples(800))
@given(articles, st.integers(20, 420), st.sampled_from([None, 1, 2]))
def test_an_excerpt_of_any_article_ends_well(blocks: list[Block], limit: int, paragraphs: int | None) -> None:
    made = excerpt(blocks, limit, paragraphs=paragraphs)

    ends_well(made, blocks)
    for block, whole in zip(made, blocks, strict=False):
        assert block.kind is not X or block == whole
        assert [f for f in formulas([block]) if f not in set(formulas([whole]))] == []
    if paragraphs:
        assert sum(block.kind is P and complete(block.text) and block.text[0] != "…" for block in made) <= paragraphs


@settings(max_examples=examples(300))
@given(articles, st.integers(20, 80))
def test_a_summary_of_any_article_ends_well(blocks: list[Block], limit: int) -> None:
    for made in filter(None, [summary(blocks, limit)]):
        assert len(made) == 1
        ends_well(made, blocks)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("在本文，我们介绍第一式：1、把词切开；2、把词接上；3、看结果好不好。", "在本文，我们介绍第一式……"),
        ("它有三个好处，（一）快得多而且省内存；（二）稳；（三）省。", "它有三个好处……"),
        ("我们一共做了12个实验，每个实验都重复了三次。", "我们一共做了12个实验……"),
    ],
)
def test_the_number_of_a_first_point_does_not_stand_before_the_dots(text: str, made: str) -> None:
    assert sentence_cut(text, 14) == made
