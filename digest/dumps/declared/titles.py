"""Whether a line can be a title, as far as the line alone tells."""

from digest.dumps.declared.lines import Line

_LONGEST_TITLE = 300
SHORT_TITLE = 100
_SENTENCE = 200  # characters from which a line that ends as a sentence is no title
_SENTENCE_ENDS = tuple(".。!！?？…")
_NO_TITLE_ENDS = tuple(",，、;；")
_PARAGRAPH_ENDS = tuple(".。…:：;；,，、")


def is_title(line: Line, *, strict: bool = False) -> bool:
    """Whether a line can be a title; `strict`: not where it ends as a sentence does."""
    text = line.text
    if len(text) > _LONGEST_TITLE or text.endswith(_NO_TITLE_ENDS):
        return False
    return not text.endswith(_SENTENCE_ENDS) or (len(text) <= _SENTENCE and not strict)


def is_short_title(line: Line) -> bool:
    """Whether a line is short and does not end as a paragraph does."""
    return len(line.text) <= SHORT_TITLE and not line.text.endswith(_PARAGRAPH_ENDS)
