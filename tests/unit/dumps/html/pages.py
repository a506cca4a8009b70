"""Pages in the style of well-known programs for blogs, each with a layout, and what it shows."""
# ruff: noqa: E501 - markup keeps its lines

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """A page, the value of `html` in its layout, and of each entry: title, day, link and first paragraph.

    `more` are further facts about the first entry.
    """

    page: str
    html: object
    entries: list[tuple[str, str, str, str]]
    more: dict[str, object] = field(default_factory=dict)


WORDPRESS = """<!DOCTYPE html><html lang="en-US"><head><title>Notes</title><base href="https://wp.example/"></head><body>
<main id="main"><article id="post-7" class="post-7 post type-post hentry category-math tag-gauss">
<header class="entry-header"><h2 class="entry-title"><a href="?p=7" rel="bookmark">Sums &amp; squares</a></h2></header>
<div class="entry-meta"><span class="posted-on"><a href="?p=7"><time class="entry-date published"
datetime="2022-05-02T23:30:00+00:00">May 2, 2022</time><time class="updated" datetime="2022-06-01T08:00:00+00:00">June 1,
2022</time></a></span> <span class="byline"> by <span class="author vcard"><a class="url fn n" href="/author/ann/">Ann
Lee</a></span></span></div>
<div class="entry-content"><p>Let <img class="latex" alt="n^2" src="https://s0.wp.com/latex.php?latex=n%5E2"> be given.</p>
<p class="link-more"><a class="more-link" href="?p=7#more">Continue reading <span class="screen-reader-text">Sums</span></a>
</p><div class="sharedaddy"><h3>Share this:</h3></div></div>
<footer class="entry-footer">Posted in <a href="/category/math/" rel="category tag">Math</a></footer></article>
<article id="post-6" class="post hentry"><header><h2 class="entry-title"><a href="?p=6" rel="bookmark">Older</a></h2></header>
<time class="entry-date published updated" datetime="2021-01-01T00:10:00+08:00">1 January</time>
<div class="entry-content"><p>Text of the older one.</p></div></article></main>
<aside id="secondary"><h2>Recent</h2></aside></body></html>"""
TYPECHO = """<!DOCTYPE HTML><html><head><meta charset="UTF-8"><title>科学空间</title></head><body><div id="MainContent">
<div class="Post" id="Post-8512"><div class="Tit"><h2><a href="https://kexue.fm/archives/8512">关于WhiteningBERT</a></h2>
<span class="submitted">By <a href="https://kexue.fm/author/1/">苏剑林</a> | 2021-04-09 | 45,678位读者 | </span></div>
<div class="PostContent"><p>在文章中,我们提到 $\\frac{1}{2}$。<br />\\begin{equation}a=b\\label{eq:1}\\end{equation}后文。</p>
<p><a href="/usr/uploads/1.png"><img src="/usr/uploads/1.png" alt="对比图" title="点击查看原图" /></a></p>
<p style="text-align: center">对比图</p><p class="more"><a href="https://kexue.fm/archives/8512">点击阅读全文...</a></p>
<p>分类:<a href="/category/BERT/" class="cat">信息时代</a></p></div></div></div></body></html>"""
HUGO = """<!doctype html><html><head><link rel="canonical" href="https://hugo.example/posts/"></head><body>
<section><article class="post-entry"><header class="entry-header"><h2>Borrowing in Rust</h2></header>
<div class="entry-content"><p>Ownership first.</p></div>
<footer class="entry-footer"><span title="2023-03-05 00:00:00 +0000 UTC">March 5, 2023</span> · 4 min · Kim</footer>
<a class="entry-link" aria-label="post link to Borrowing in Rust" href="https://hugo.example/posts/borrow/"></a></article>
<article class="post-entry"><header class="entry-header"><h2>Second</h2></header><div class="entry-content"><p>Two.</p></div>
<footer class="entry-footer"><span>February 1, 2023</span></footer><a class="entry-link" href="/posts/second/"></a></article>
</section></body></html>"""
JEKYLL = """<html><body><ul class="post-list"><li><span class="post-meta">Feb 11, 2021</span><h3>
<a class="post-link" href="/2021/02/11/a.html">A first post</a></h3><p>An excerpt.</p></li><li><span class="post-meta">
Jan 9, 2021</span><h3><a class="post-link" href="/2021/01/09/b.html">A second post</a></h3></li></ul></body></html>"""
GHOST = """<html><head><link rel="canonical" href="https://ghost.example/one/"><script type="application/ld+json">
{"@context":"https://schema.org","@type":"Article","publisher":{"@type":"Organization","name":"G"},
"author":{"@type":"Person","name":"Mia Wong"},"headline":"One &amp; only","url":"https://ghost.example/one/",
"datePublished":"2024-02-29T23:00:00.000Z","dateModified":"2024-03-01T10:00:00.000Z","keywords":"News, Craft",
"description":"What it is about."}</script></head><body><article class="gh-article"><h1>One &amp; only</h1></article>
</body></html>"""
YOAST = """<html><head><script type="application/ld+json" class="yoast-schema-graph">{"@graph":[
{"@type":"WebSite","@id":"https://y.example/#website","name":"Y"},
{"@type":["Article","BlogPosting"],"@id":"https://y.example/p/#article","isPartOf":{"@id":"https://y.example/p/"},
"author":{"name":"","@id":"https://y.example/#/person/1"},"headline":"Graphs","datePublished":"2020-07-01T12:00:00+00:00",
"mainEntityOfPage":{"@id":"https://y.example/p/"},"articleBody":"<p>First <b>part</b>.</p><script>x()<\\/script><p>Then.</p>",
"commentCount":3,"articleSection":["Theory","Theory"]},
{"@type":"BreadcrumbList","itemListElement":[{"@type":"ListItem","name":"Home","item":"https://y.example/"}]},
{"@type":"Person","@id":"https://y.example/#/person/1","name":"Zoë"}]}</script></head><body></body></html>"""
BLOG_LD = """<html><body><script type="application/ld+json">[{"@type":"Blog","blogPost":[
{"@type":"BlogPosting","headline":"Eins","url":"/eins","datePublished":"2021-10-12","author":["A","B"]},
{"@type":"schema:BlogPosting","name":"Zwei","@id":"https://de.example/zwei","datePublished":"2021-10-10",
"author":[{"@type":"Person","name":"C"}],"interactionStatistic":[{"@type":"InteractionCounter",
"interactionType":"https://schema.org/ReadAction","userInteractionCount":"120"}]}]}]</script>
<script type="application/ld+json">{"@type": "Blog", broken</script></body></html>"""
LIST_LD = """<script type='application/ld+json'>{"@type":"ItemList","itemListElement":[
{"@type":"ListItem","position":1,"url":"https://l.example/a","name":"Alpha"},
{"@type":"ListItem","position":2,"item":{"@type":"Thing","name":"Beta","url":"https://l.example/b"}}]}</script>"""
BLOGGER = """<html><body><div class="blog-posts hfeed"><div class="date-outer"><h2 class="date-header"><span>Monday, 12 June
2017</span></h2><div class="post hentry"><h3 class="post-title entry-title"><a href="https://b.example/2017/06/sea.html">
The sea</a></h3><div class="post-body entry-content"><div>Waves.<br /><br />More waves.</div></div>
<div class="post-footer">Posted by <span class="fn">Sam</span> at <a class="timestamp-link"
href="https://b.example/2017/06/sea.html" rel="bookmark"><abbr class="published" title="2017-06-12T20:15:00+02:00">
8:15 PM</abbr></a> Labels: <a href="/l/sea" rel="tag">sea</a></div></div></div></div></body></html>"""
INDIE = """<html><body><div class="h-feed"><h1 class="p-name">Stream</h1><article class="h-entry">
<h2 class="p-name"><a class="u-url" href="/notes/1">On &lt;tags&gt;</a></h2><p>by <a class="p-author h-card" href="/">
<img class="u-photo" src="me.jpg" alt=""> Rae</a> <time class="dt-published" datetime="2022-08-09T07:00:00Z">9 Aug</time></p>
<div class="e-content"><p>Escaping.</p></div><a class="p-category" href="/t/html">html</a>
<div class="u-comment h-cite"><p class="p-name">A reply</p><div class="e-content">No part of it.</div></div></article>
<div class="h-entry"><p class="e-content p-name">Only a note.</p><a class="u-url" href="/notes/2"><time class="dt-published">
2022-08-08</time></a></div></div></body></html>"""
SUBSTACK = """<html><body><div class="portable-archive-list"><div class="container"><a data-testid="post-preview-title"
href="https://s.example/p/slow">Slow mail</a><div class="subtitle">On letters</div><div class="meta"><time
datetime="2023-11-05T11:00:08.000Z">Nov 5</time><a href="https://substack.com/@eve">Eve</a></div>
<button aria-label="Like (42)">42</button></div><div class="container"><a data-testid="post-preview-title"
href="https://s.example/p/slow">Slow mail</a><div class="meta"><time datetime="2023-11-05T11:00:08.000Z">Nov 5</time></div>
</div></div></body></html>"""
JAPANESE = """<html lang="ja"><body><section class="entry"><p class="date">2019年3月4日(月)</p><h1 class="ttl"><a href="/e/12">
梅の花</a></h1><div class="body">梅が<ruby>咲<rt>さ</rt></ruby>いた。</div><p class="cat">カテゴリ:<a href="/c/1">季節</a></p>
</section></body></html>"""
RUSSIAN = """<html><body><div class="post"><div class="title"><a href="//r.example/2010/zima">Зима</a></div>
<div class="info">вторник, 12 октября 2010 г. | Автор: Иван | Просмотров: 1 234</div><div class="txt"><p>Снег идёт.</p></div>
</div></body></html>"""

SAMPLES = {
    "wordpress": Sample(
        WORDPRESS,
        "articles",
        [
            ("Sums & squares", "2022-05-03", "https://wp.example/?p=7", "Let $n^2$ be given."),
            ("Older", "2021-01-01", "https://wp.example/?p=6", "Text of the older one."),
        ],
        {"author": "Ann Lee", "tags": ["Math"]},
    ),
    "wordpress with selectors": Sample(
        WORDPRESS,
        {
            "entry": "article.post",
            "title": ".entry-title",
            "link": [".permalink", ".entry-title a"],
            "date": "time.published@datetime",
            "author": ".author .fn",
            "tags": "a[rel~=tag]",
            "text": ".entry-content",
        },
        [
            ("Sums & squares", "2022-05-03", "https://wp.example/?p=7", "Let $n^2$ be given."),
            ("Older", "2021-01-01", "https://wp.example/?p=6", "Text of the older one."),
        ],
        {"author": "Ann Lee", "tags": ["Math"]},
    ),
    "typecho": Sample(
        TYPECHO,
        {
            "entry": ".Post",
            "title": "h2 a",
            "date": ".submitted",
            "author": ".submitted a",
            "counts": {"readers": ".submitted"},
            "text": ".PostContent",
            "tags": "a.cat",
            "skip": [".PostContent p:last-child"],
        },
        [
            (
                "关于WhiteningBERT",
                "2021-04-09",
                "https://kexue.fm/archives/8512",
                "在文章中,我们提到 $\\frac{1}{2}$。\n" + r"\begin{equation}a=b\label{eq:1}\end{equation}后文。",
            )
        ],
        {"author": "苏剑林", "figures": ["对比图"], "paragraphs": 2, "counts": {"readers": 45678}},
    ),
    "hugo": Sample(
        HUGO,
        {
            "entry": ".post-entry",
            "title": "h2",
            "link": "a.entry-link@href",
            "date": ["footer span@title", "footer span"],
            "text": ".entry-content",
        },
        [
            ("Borrowing in Rust", "2023-03-05", "https://hugo.example/posts/borrow/", "Ownership first."),
            ("Second", "2023-02-01", "https://example.org/posts/second/", "Two."),
        ],
    ),
    "jekyll": Sample(
        JEKYLL,
        {"entry": ".post-list > li", "title": "h3", "date": ".post-meta", "text": "p"},
        [
            ("A first post", "2021-02-11", "https://example.org/2021/02/11/a.html", "An excerpt."),
            ("A second post", "2021-01-09", "https://example.org/2021/01/09/b.html", ""),
        ],
    ),
    "ghost": Sample(
        GHOST,
        "json-ld",
        [("One & only", "2024-03-01", "https://ghost.example/one/", "What it is about.")],
        {"author": "Mia Wong", "tags": ["News", "Craft"]},
    ),
    "yoast": Sample(
        YOAST,
        "json-ld",
        [("Graphs", "2020-07-01", "https://y.example/p/", "First part.")],
        {"author": "Zoë", "tags": ["Theory"], "counts": {"comments": 3}, "paragraphs": 2},
    ),
    "a blog in JSON-LD": Sample(
        BLOG_LD,
        "json-ld",
        [
            ("Eins", "2021-10-12", "https://example.org/eins", ""),
            ("Zwei", "2021-10-10", "https://de.example/zwei", ""),
        ],
        {"author": "A, B"},
    ),
    "a list in JSON-LD": Sample(
        LIST_LD,
        "json-ld",
        [("Alpha", "", "https://l.example/a", ""), ("Beta", "", "https://l.example/b", "")],
    ),
    "blogger": Sample(
        BLOGGER,
        "microformats",
        [("The sea", "2017-06-13", "https://b.example/2017/06/sea.html", "Waves.")],
        {"tags": ["sea"], "paragraphs": 2},
    ),
    "indieweb": Sample(
        INDIE,
        "microformats",
        [
            ("On <tags>", "2022-08-09", "https://example.org/notes/1", "Escaping."),
            ("", "2022-08-08", "https://example.org/notes/2", "Only a note."),
        ],
        {"author": "Rae", "tags": ["html"], "paragraphs": 1},
    ),
    "substack": Sample(
        SUBSTACK,
        {
            "entry": ".container",
            "title": "a[data-testid=post-preview-title]",
            "date": "time@datetime",
            "author": ".meta a",
            "text": ".subtitle",
            "counts": {"likes": "button@aria-label"},
        },
        [("Slow mail", "2023-11-05", "https://s.example/p/slow", "On letters")],
        {"author": "Eve", "counts": {"likes": 42}},
    ),
    "japanese": Sample(
        JAPANESE,
        {"entry": ".entry", "title": ".ttl", "date": ".date", "text": ".body", "fields": {"season": ".cat a"}},
        [("梅の花", "2019-03-04", "https://example.org/e/12", "梅が咲(さ)いた。")],
        {"fields": {"season": "季節"}},
    ),
    "russian": Sample(
        RUSSIAN,
        {"entry": ".post", "title": ".title", "date": ".info", "text": ".txt", "counts": {"views": ".info"}},
        [("Зима", "2010-10-12", "https://r.example/2010/zima", "Снег идёт.")],
        {"counts": {"views": 1234}},
    ),
}
