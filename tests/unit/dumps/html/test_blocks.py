"""HTML as paragraphs: each kind of markup, what is left out, and that nothing raises or lets markup through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.html import Body, body

PAGE = "https://example.org/blog/post.html"


def cut(html: str) -> list[tuple[str, str]]:
    """The kinds and paragraphs of a fragment."""
    read = body(html, PAGE)
    assert len(read.kinds) == len(read.paragraphs)
    return list(zip(read.kinds, read.paragraphs, strict=True))


def test_paragraphs_and_headings_stand_apart() -> None:
    html = "before<h2>Method</h2><p>One <b>bold</b>\n text.</p><div>Two<div>three</div></div>four<br><br>five<hr>six"
    assert cut(html) == [
        ("p", "before"),
        ("h", "Method"),
        ("p", "One bold text."),
        ("p", "Two"),
        ("p", "three"),
        ("p", "four"),
        ("p", "five"),
        ("p", "six"),
    ]


def test_white_space_is_as_browsers_show_it_and_no_line_end_parts_chinese_words() -> None:
    assert cut("<p>&nbsp;&nbsp;中文\n   换行 and\n English&#8203;&shy;&nbsp;x\u3000</p>") == [
        ("p", "中文换行 and English x")
    ]


def test_verse_is_known_by_its_lines_or_its_class() -> None:
    poem = "<p>床前明月光,<br>疑是地上霜。<br>举头望明月,<br>低头思故乡。</p>"
    assert cut(poem) == [("v", "床前明月光,\n疑是地上霜。\n举头望明月,\n低头思故乡。")]
    assert cut('<div class="poem"><p>Roses are red,<br>violets are blue</p></div>') == [
        ("v", "Roses are red,\nviolets are blue")
    ]
    assert cut("<p>1. 第一<br>2. 第二</p>") == [("p", "1. 第一\n2. 第二")]


def test_lists_have_markers_and_indentation() -> None:
    html = (
        "<ul><li>a<ul><li>b<br>c</li><li><p>d</p><p>e</p></li></ul></li><li>f</li></ul>"
        "<ol start=3><li>x<li value=7>y</ol><ol type=i reversed><li>p<li>q</ol><dl><dt>T<dd>D</dl>"
        "<ul><li><input type=checkbox checked> done</ul>"
    )
    assert [text for _, text in cut(html)] == [
        "- a\n  - b\n    c\n  - d\n    e\n- f",
        "3. x\n7. y",
        "ii. p\ni. q",
        "T\n  D",
        "- [x] done",
    ]


def test_tables_of_data_have_columns_and_tables_for_layout_are_text() -> None:
    data = "<table><caption>Cap</caption><thead><tr><th>A<th>B</thead><tr><td>1<td><p>2</p><p>3</p></table>"
    assert cut(data) == [("p", "Cap\nA | B\n1 | 2 3")]
    assert cut("<table><tr><td><p>one</p><p>two</p></td></tr></table>") == [("p", "one"), ("p", "two")]


@pytest.mark.parametrize(
    ("html", "figure"),
    [
        ('<figure><img src=a.png alt="Alt"><figcaption>Caption</figcaption></figure>', "Alt\nCaption"),
        ('<figure><img alt="same"><figcaption>same </figcaption></figure>', "same"),
        ('<p><a href="x.png"><img alt="象棋谱式"></a></p><p>象棋谱式</p>', "象棋谱式"),
        ('<div class="wp-caption"><img alt="IMG_123.jpg"><p class="wp-caption-text">A day</p></div>', "A day"),
        ('<p><img src="x.png" alt="x"><span class="image-caption">图1</span></p>', "x\n图1"),
    ],
)
def test_a_figure_is_its_alternative_text_and_its_caption_once(html: str, figure: str) -> None:
    read = body(html)
    assert (read.paragraphs, read.figures, read.kinds) == ((figure,), (figure,), "f")


def test_a_picture_among_words_follows_its_paragraph_and_an_emoji_is_text() -> None:
    html = '<p>See <img alt="a cat"> here <img class="emoji" alt="🙂">.</p><figure><pre>x</pre></figure>'
    assert cut(html) == [("p", "See here 🙂."), ("f", "a cat"), ("c", "x")]


HEXO = (
    '<figure class="highlight python"><figcaption><span>a.py</span></figcaption><table><tr><td class="gutter"><pre>'
    '<span class="line">1</span><br><span class="line">2</span><br><span class="line">3</span><br></pre></td>'
    '<td class="code"><pre><span class="line"><span class="keyword">def</span> f():</span><br>'
    '<span class="line"></span><br><span class="line">    return 1</span><br></pre></td></tr></table></figure>'
)
HUGO = (
    '<div class="highlight"><div class="chroma">\n<table class="lntable"><tr><td class="lntd">\n<pre class="chroma">'
    '<code><span class="lnt">1\n</span><span class="lnt">2\n</span></code></pre></td>\n<td class="lntd">\n'
    '<pre class="chroma"><code><span class="line"><span class="cl">if x {\n</span></span><span class="line">'
    '<span class="cl">\ty()\n</span></span></code></pre></td></tr></table>\n</div>\n</div>'
)
ROUGE = (
    '<div class="language-ruby highlighter-rouge"><div class="highlight"><pre class="highlight"><code>'
    '<table class="rouge-table"><tbody><tr><td class="gutter gl"><pre class="lineno">1\n2\n</pre></td>'
    '<td class="code"><pre><span class="k">def</span> a\n  1\n</pre></td></tr></tbody></table></code></pre></div></div>'
)
HLJS = (
    '<pre><code class="hljs"><table class="hljs-ln"><tbody><tr><td class="hljs-ln-numbers"><div>1</div></td>'
    '<td class="hljs-ln-code">a</td></tr><tr><td class="hljs-ln-numbers"></td><td class="hljs-ln-code"></td></tr>'
    '<tr><td class="hljs-ln-numbers"></td><td class="hljs-ln-code">  b</td></tr></tbody></table></code></pre>'
)
WORDPRESS = (
    '<div class="syntaxhighlighter"><table><tbody><tr><td class="gutter"><div class="line">1</div>'
    '<div class="line">2</div></td><td class="code"><div class="container"><div class="line">'
    '<code class="java plain">a</code> <code>b</code></div>\n<div class="line"><code class="java spaces">&nbsp;&nbsp;'
    "</code><code>c</code></div></div></td></tr></tbody></table></div>"
)


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<pre>\nif x:\n    y = 1\n\n\tz\n</pre>", "if x:\n    y = 1\n\n\tz"),
        ("<pre><code>  a&lt;b<br>  c</code></pre>", "  a<b\n  c"),
        ("<p><code>a = 1<br>&nbsp;&nbsp;b = 2</code></p>", "a = 1\n  b = 2"),
        ("<pre><span class=line>a</span><span class=line></span><span class=line>b</span></pre>", "a\n\nb"),
        (HEXO, "def f():\n\n    return 1"),
        (HUGO, "if x {\n\ty()"),
        (ROUGE, "def a\n  1"),
        (HLJS, "a\n\n  b"),
        (WORDPRESS, "a b\n  c"),
    ],
)
def test_code_keeps_its_indentation_and_loses_its_line_numbers(html: str, code: str) -> None:
    assert cut(html) == [("c", code)]


KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow><annotation '
    'encoding="application/x-tex">\\alpha</annotation></semantics></math></span><span class="katex-html" '
    'aria-hidden="true">α</span></span>'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            (
                '<p>设 <span class="MathJax_Preview">[x]</span><span class="MathJax"><span>x2</span></span>'
                '<script type="math/tex">x^2</script> 是</p>'
            ),
            "设 $x^2$ 是",
        ),
        (f"<p>{KATEX} is</p>", r"$\alpha$ is"),
        (f'<p>so<span class="katex-display">{KATEX}</span>is</p>', "so\n$$\\alpha$$\nis"),
        ('<script type="math/tex; mode=display">% <![CDATA[\na<b %]]></script>', "$$a<b$$"),
        (
            r'<script type="math/tex; mode=display">\begin{equation}a\end{equation}</script>',
            r"\begin{equation}a\end{equation}",
        ),
        (r"<p>as \(x\), \[y\] and $$z$$</p>", r"as \(x\), \[y\] and $$z$$"),
        (
            (
                '<p><mjx-container><mjx-math aria-hidden="true"></mjx-math><mjx-assistive-mml><math><msup><mi>x</mi>'
                "<mn>2</mn></msup></math></mjx-assistive-mml></mjx-container></p>"
            ),
            "x²",
        ),
        ('<p><mjx-container><mjx-math data-latex="x_1"><mi>X</mi></mjx-math></mjx-container></p>', "$x_1$"),
        (r'<p><math alttext="{\displaystyle a+b}"><mi>a</mi></math></p>', "$a+b$"),
        (r'<p><img class="latex" alt="\pi" src="https://s0.wp.com/latex.php?latex=%5Cpi"></p>', r"$\pi$"),
        ('<p><img src="https://latex.codecogs.com/gif.latex?x%5E2"></p>', "$x^2$"),
        ('<div class="latex-rendered" data-attrs=\'{"persistentExpression":"a+b"}\'></div>', "$$a+b$$"),
        ("<p>$latex e^x$ grows</p>", "$e^x$ grows"),
    ],
)
def test_a_formula_is_its_source_once(html: str, text: str) -> None:
    assert [paragraph for _, paragraph in cut(html)] == [text]


def test_small_letters_and_glosses_are_plain_characters() -> None:
    html = (
        "<p>H<sub>2</sub>O x<sup>n+1</sup> 1<sup>st</sup> e<sup>2k/z</sup> <ruby>漢<rp>(</rp><rt>かん</rt></ruby></p>"
    )
    assert cut(html) == [("p", "H₂O xⁿ⁺¹ 1st e^(2k/z) 漢(かん)")]


def test_what_is_no_text_of_the_article_is_left_out() -> None:
    html = (
        "<p>Excerpt&hellip; <a class='more-link' href=x>Continue reading</a></p><p><a href=y>阅读全文 »</a></p>"
        "<p>text <a href=z>Read more</a></p><div class='sharedaddy'>Share</div><p hidden>no</p><nav>no</nav>"
        "<p style='color:red; Display : none'>no</p><script>no</script><style>no</style><template><p>no</p></template>"
        "<noscript>no</noscript><p aria-hidden=true>no</p><!-- no --><button>no</button>"
        "<h2>Head<a class=headerlink href='#a'>¶</a> <a href='#b'>#</a></h2>"
    )
    assert cut(html) == [("p", "Excerpt…"), ("p", "text"), ("h", "Head")]


def test_links_lead_to_absolute_addresses_of_the_web() -> None:
    html = (
        '<p><a href="/a?x=1">one</a> <a href="b.html">two</a> <a href="javascript:alert(1)">three</a> '
        '<a href="//other.example/">four</a> <a href="http://[bad">five</a> <a href="#note">six</a></p>'
    )
    assert body(html, PAGE).links == (
        ("one", "https://example.org/a?x=1", 0),
        ("two", "https://example.org/blog/b.html", 0),
        ("four", "https://other.example/", 0),
    )
    assert body('<p>a <a href="https://e.org/">a</a></p>').links == (("a", "https://e.org/", 1),)
    assert body(html).links == ()


def test_a_heading_that_repeats_the_title_is_left_out() -> None:
    read = body(
        '<h1><a href="https://e.org/">The title</a></h1><p>Text <a href="https://f.org/">y</a></p>', title="The  title"
    )
    assert (read.paragraphs, read.kinds, read.links) == (("Text y",), "p", (("y", "https://f.org/", 0),))


@pytest.mark.parametrize(
    ("html", "last"),
    [
        ("<div>" * 5000 + "deep" + "</div>" * 5000 + "<p>after</p>", "after"),
        ("<b>x" * 5000 + "<p>one<p>after", "after"),
        ("<table><tr><td>a" * 2000 + "<p>after", "after"),
        ("<p " + " ".join(f"a{n}=1" for n in range(20000)) + ">after</p>", "after"),
        ('<p title="' + "a" * 11_000_000 + '">x</p><p>after</p>', "after"),
        ("<p>" + "<i></i>" * 20000 + "after", "after"),
    ],
)
def test_markup_without_measure_loses_no_text(html: str, last: str) -> None:
    assert body(html).paragraphs[-1] == last


def test_nothing_is_an_empty_body() -> None:
    assert body("") == body(" \n") == body("<p></p><!-- -->") == Body()


TAGS = (
    "p",
    "div",
    "b",
    "a",
    "li",
    "ul",
    "table",
    "td",
    "tr",
    "pre",
    "code",
    "figure",
    "img",
    "math",
    "script",
    "sup",
    "h2",
)
MARKUP = st.recursive(
    st.text("ab <>&\"'\n$\\中。\x00\ud800", max_size=6),
    lambda inner: st.builds(
        lambda tag, attribute, parts, closed: f"<{tag} {attribute}>{''.join(parts)}" + (f"</{tag}>" if closed else ""),
        st.sampled_from(TAGS),
        st.sampled_from(
            ["", 'class="highlight line katex MathJax poem"', 'alt="x" src=y', "href=javascript:x", "hidden"]
        ),
        st.lists(inner, max_size=4),
        st.booleans(),
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(MARKUP)
def test_no_markup_raises_and_figures_are_paragraphs(html: str) -> None:
    read = body(html, PAGE)
    assert len(read.kinds) == len(read.paragraphs)
    rest = iter(read.paragraphs)
    assert all(figure in rest for figure in read.figures)
    assert all(text == text.strip("\n") and text and "\x00" not in text for text in read.paragraphs)
    "\n".join(read.paragraphs).encode()


@settings(max_examples=60, deadline=None)
@given(st.text("abc中文 ,.", min_size=1, max_size=20).map(lambda text: re.sub(r"\s+", " ", text).strip()).filter(bool))
def test_text_is_what_it_was_and_its_tags_are_gone(text: str) -> None:
    assert cut(f"<div><span>{text}</span></div>") == [("p", text)]
