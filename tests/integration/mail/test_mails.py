"""Mails that servers, programs and people send to the bounce address, and what each of them means."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest.mail.composing.message import message_id
from digest.mail.tokens import bounce_token, leave_token
from digest.model import DigestId
from digest.service.bounces import messages
from tests.integration.mail.conftest import KEY
from tests.integration.mail.test_coming_back import configured, ignored, suppressed, trouble

if TYPE_CHECKING:
    from tests.integration.mail.conftest import Post

MAILS = Path(__file__).parents[1] / "cases" / "mail"
READER = "u@r.example.net"
AUTOMATIC, NO_REPORT = "automatic reply", "no report"

MEANT = {
    # about the address
    "postfix-unknown": "hard 5.1.1",
    "exchange-unknown": "hard 5.1.10",
    "gmail-unknown": "hard 5.1.1",
    "sendmail-unknown": "hard 5.1.1",
    "no-such-domain": "hard 5.1.2",
    "postfix-5.0.0-words": "hard 5.1.1",
    "several-all-unknown": "hard 5.1.1",
    "wrapped-in-mixed": "hard 5.1.1",
    "global-status-base64": "hard 5.1.1",
    "qmail-unknown": "hard 5.1.1",
    "exim-free-form": "hard 5.1.1",
    "netease-text": "hard 5.1.1",
    "guess-path-not-null-own-address": "hard 5.1.1",
    "german-bounce": "hard 5.1.1",
    "sendmail-name-for-nobody": "hard 5.1.1",
    "exchange-chinese": "hard 5.1.10",
    # failed, for a reason that may pass, or without a code that says which
    "mailbox-full": "soft 5.2.2",
    "coremail-dsn": "soft 5.0.0",
    "several-mixed": "soft 5.2.2",
    "yahoo-no-account": "soft ",
    "qq-html": "soft ",
    "gateway-null-path": "soft 5.2.2",
    # about us
    "dsn-04-cox-5.1.0-sender-rejected": "refused 5.1.0",
    "dsn-05-exo-5.1.90-own-quota": "refused 5.1.90",
    "dsn-06-exo-5.1.20-from": "refused 5.1.20",
    "policy-5.7.26": "refused 5.7.26",
    "5.1.1-of-our-sender": "refused 5.1.1",
    "5.1.0-says-nothing": "refused 5.1.0",
    "relay-denied": "refused 5.0.0",
    "qmail-rcpthosts": "refused 5.7.1",
    "netease-frequency": "refused ",
    # still tried, or given up without a permanent refusal
    "dsn-29-greylist-warn-text": "delayed 4.7.1",
    "postfix-delay": "delayed 4.4.1",
    "exchange-delay-5.1.1-quoted": "delayed 4.4.7",
    "delay-about-a-bounce": "delayed 4.2.0",
    "exim-delay": "delayed 4.2.1",
    "chinese-delay": "delayed 4.2.0",
    "gmail-delay-text": "delayed 4.3.0",
    "exchange-chinese-delay": "delayed ",
    "final-4.4.1": "delayed 4.4.1",
    # nothing bounced
    "several-one-delivered": NO_REPORT,
    "relayed": NO_REPORT,
    "expanded": NO_REPORT,
    # answers
    "dsn-20-ooo-quotes-bounce": AUTOMATIC,
    "away-null-path": AUTOMATIC,
    "away-exchange": AUTOMATIC,
    "away-german": AUTOMATIC,
    "away-french": AUTOMATIC,
    "away-chinese": AUTOMATIC,
    "away-japanese": AUTOMATIC,
    "away-precedence": AUTOMATIC,
    "away-autoreply": AUTOMATIC,
    "away-attaches-a-bounce": AUTOMATIC,
    "away-russian": AUTOMATIC,
    "away-spanish": AUTOMATIC,
    "ticket-receipt": AUTOMATIC,
    "challenge": AUTOMATIC,
    "list-auto-reply": AUTOMATIC,
    "read-receipt": AUTOMATIC,
    "letter-of-the-reader": NO_REPORT,
    "reply-cites-a-bounce": NO_REPORT,
    "guess-path-not-null-other-address": NO_REPORT,
    "bare-forward-by-a-person": "no token",
    # complaints
    "dsn-24-arf-bare-no-rcpt": "complaint ",
    "arf-envelope": "complaint ",
    "arf-attached-only": "complaint ",
    "arf-headers-only": "complaint ",
    "arf-received-for": "complaint ",
    "arf-base64": "complaint ",
    "complaint-as-eml": "complaint ",
    "arf-unsubscribe-link-only": "complaint ",
    "arf-message-id-only": "complaint ",
    "arf-not-spam": NO_REPORT,
    "arf-auth-failure": NO_REPORT,
    "arf-of-a-stranger": "token not ours",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in MAILS.glob("*.eml")))
def test_a_mail_means_what_its_writer_meant(post: Post, name: str) -> None:
    configured(post)
    raw = (MAILS / f"{name}.eml").read_bytes()
    reader = found[0].decode() if (found := re.findall(rb"\bu\d+@r\.example\.net", raw)) else READER
    (person,) = post.people(reader)
    post.drain()
    secret = post.store.secret()
    leave = f"{post.settings.base_url}/leave/{leave_token(secret, person, DigestId('weekly'))}"
    ours = message_id(KEY, person, post.settings.mail.sender_mailbox.domain, secret)
    for mark, value in (("TOKEN", bounce_token(secret, person, KEY)), ("LEAVE", leave), ("MESSAGE-ID", ours)):
        raw = raw.replace(mark.encode(), value.encode())
    raw = re.sub(rb"(?s)\[\[base64]](.*)\[\[/base64]]", lambda found: base64.encodebytes(found[1]), raw)

    taken = messages.handle_message(post.store, post.settings, raw, now=post.now)

    meant = MEANT[name]
    kind, _, status = meant.partition(" ")
    if kind in {"hard", "soft", "refused", "delayed", "complaint"}:
        (bounce,) = trouble(post, person).bounces
        assert (bounce.kind, bounce.status, bounce.edition) == (kind, status, KEY)
        assert taken.what == kind
    else:
        assert taken.what == meant
        assert ignored(post) == {meant: 1}
    if kind not in {"hard", "complaint"}:
        assert suppressed(post, person) == ""
    else:
        assert bool(suppressed(post, person)) is taken.suppressed
    assert taken.suppressed or kind != "complaint"
