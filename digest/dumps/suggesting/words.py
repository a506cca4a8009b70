"""Words of many languages by which a line of a listing page is recognised."""

import re

_SHORT = 40  # characters of a link
_NAMED = 80  # characters of a line at the foot of a page


def _any(*patterns: str, behind: str = "") -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(patterns)}){behind}", re.IGNORECASE)


_MORE = _any(
    r"(?:click here to |please )?(?:read|continue|see|show|view|learn)(?:ing| on)?(?: the)?"
    r"(?: more| full| rest| whole)?(?: story| article| post| entry| reading)?",
    r"more",
    r"weiter ?lesen|mehr(?: lesen| erfahren)?|zum artikel|ganzen .{1,20} lesen",
    r"lire (?:la suite|plus|l.article)|en savoir plus|suite",
    r"leer más|seguir leyendo|sigue leyendo|ver más|continue leyendo",
    r"leia mais|ler mais|continue (?:a ler|lendo)|saiba mais",
    r"leggi (?:tutto|di più|altro)|continua(?: a leggere)?",
    r"lees (?:meer|verder)|läs (?:mer|hela)|les mer|læs mere|lue lisää",
    r"czytaj (?:dalej|więcej|całość)|více|číst (?:dále|více)|celý článek|tovább|devamını oku|devamı",
    r"читать (?:дальше|далее|полностью|ещё|еще)|дальше|далее|подробнее|читати (?:далі|більше)|докладніше",
    r"阅读(?:全文|更多|原文)|閱讀(?:全文|更多)|查看(?:全文|更多)|(?:点击)?(?:阅读全文|查看原文)|繼續閱讀|继续阅读|全文|更多",
    r"続きを読む|続きはこちら|もっと(?:見る|読む)|記事を読む",
    r"더 ?(?:보기|읽기)|계속 읽기|자세히 보기",
    r"đọc (?:tiếp|thêm)|xem thêm|baca selengkapnya",
    r"اقرأ المزيد|קרא עוד|διαβάστε περισσότερα",
    behind=r"[\s….»→›>:)\]+]*",
)
"""At the end of an entry: a link to the whole of it."""

_FOOT = _any(
    r"(?:older|newer|previous|next|more|earlier|recent|all|load more|show more|view more|see all)"
    r"(?: (?:posts?|entries|news|articles?|pages?|stories|episodes?|items|home|comments|›|»|→|>))*",
    r"(?:page|seite|página|pagina|страница|сторінка|strona|trang|sayfa) \d+.*|\d+ / \d+",
    r"第?\s?\d+\s?/\s?\d+\s?页?|共\s?\d+.*|(?:上|下)一?[页頁].*",
    r"(?:前|次)の(?:ページ|\d+件|記事).*|다음.*|이전.*",
    r"(?:ältere|neuere|weitere|nächste|vorherige|mehr) .{0,30}",
    r"(?:articles?|billets?|messages?|notes?|pages?) (?:plus )?(?:anciens?|récents?|suivante?s?|précédente?s?).*",
    r"(?:page )?suivante?|précédente?",
    r"(?:entradas|noticias|artículos|postagens|artigos|notícias|posts|mensagens)? ?"
    r"(?:antiguas?|anteriores?|recientes|siguientes?|próxim[ao]s?|mais antig[ao]s?|seguintes?)",
    r"(?:página )?(?:siguiente|anterior|próxima)|carregar mais.*|cargar más.*|ver más noticias",
    r"(?:articoli|post|pagina|notizie) ?(?:precedent[ei]|successiv[aoi]|più vecchi).*|carica altr[io].*",
    r"(?:oudere|nieuwere|volgende|vorige)(?: .{1,20})?",
    r"(?:следующ|предыдущ|ран(?:ее|ние)|стар(?:ые|ее)|ещё|еще|вперёд|вперед|назад|показать ещё).{0,20}",
    r"(?:starsze|nowsze|następna|poprzednia|kolejne).{0,20}",
    r"加载更多|查看更多|没有更多.*|空空如也|返回顶部|最近评论|热门.{0,6}|友情链接",
    r"©.*|\(c\) \d.*|copyright\b.*|powered by .*|由 .*驱动.*|all rights reserved.*|tous droits.*",
    r"impressum.*|datenschutz.*|mentions légales.*|aviso legal.*|privacy.*|subscribe to:.*",
    r"all episodes|rss|archives?|categories|tags|blogroll|search|recent (?:posts|comments)",
    behind=r"[\s»›→>)\]…]*(?:.{0,30}[«‹←»›→].*)?",
)
"""Behind the last entry: a link to the next page, or the foot of the page."""

_PAGES = re.compile(r"[\s«‹←<]*\d{1,3}(?:\s+(?:\d{1,4}|…|\.\.\.|[»›→>]))*\s*")
_REPLY = _any(
    r"reply|antworten|répondre|responder|rispondi|ответить|відповісти|返信|回复|回覆|답글|beantwoorden|odpowiedz|svara",
    behind=r"(?: (?:to|a|à) .*)?[\s↓]*",
)
BY = _any(
    r"by|von|par|por|di|da|door|av|af|od|автор|автора|作者|文|著者|投稿者",
    r"posted by|written by|author|autor|auteur|autore",
    behind="[:：]?",
)
"""In front of an author."""
AT = re.compile("at|on|am|um|den|le|el|em|op|il|dnia|в", re.IGNORECASE)
"""A word in front of a date that belongs to neither the date nor the name before it."""

IN = _any(
    r"in|under|filed|unter|dans|en|em|w|в|tags?|tagged|labels?|category|categories|kategorien?|catégories?",
    r"分类于|分类|标签|タグ|カテゴリ",
    behind="[:：]?",
)
"""In front of tags."""
_COUNTED = (
    ("reads", _any(r"reads?|views?|阅读|閱讀|浏览|人气|просмотр\w*|aufrufe|vues?|조회")),
    (
        "comments",
        _any(
            r"comments?|评论|評論|回复|留言|コメント|комментари\w*|kommentare?|commentaires?|comentarios?|comentários?",
            r"댓글|reacties|commenti",
        ),
    ),
    ("likes", _any(r"likes?|点赞|赞|喜欢|推荐|claps?|좋아요|いいね")),
    ("minutes", _any(r"min|mins|minutes?|minuten|минут\w*|мин|分钟|分鐘|분")),
    ("points", _any(r"points?|votes?|punkte|очк\w+")),
    ("ratings", _any(r"ratings?|bewertungen?")),
)


def is_more(text: str) -> bool:
    """Whether a line is a link to the whole entry, perhaps with further links behind wide spaces or bars."""
    first = _LINKS.split(text, maxsplit=1)[0]
    return len(first) <= _SHORT and _MORE.fullmatch(first.strip("[](){}«»<>…. \t")) is not None


_LINKS = re.compile(r"\s{2,}|\t|\s?\|\s?")


def is_end(text: str) -> bool:
    """Whether a line stands at the foot of a list: pages, copyright."""
    if len(text) > _NAMED:
        return False
    return _FOOT.fullmatch(text.lstrip("«‹←<([ ")) is not None or _PAGES.fullmatch(text) is not None


def is_reply(text: str) -> bool:
    """Whether a line is the link below a comment."""
    return len(text) <= _SHORT and _REPLY.fullmatch(text.strip()) is not None


def count_name(before: str, behind: str) -> str:
    """The name of what a number beside these words counts; empty if they do not say."""
    for text in (behind, before):
        for name, words in _COUNTED:
            if words.fullmatch(text.strip()):
                return name
    return ""
