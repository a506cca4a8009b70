"""The ways to log in, and what those try who have no account."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from digest.errors import BusyError
from digest.records.console import CredentialKind, Role
from digest.service.console import passwords, throttle, users
from digest.service.console.throttle import Throttle
from tests.consoles import NOW, Browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.store.transaction import Store

    Consoles = Callable[..., Browser]

HOME = "/console"
WORDS = "correct horse battery staple"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WRONG = "Name, password and code do not belong together"


def code(browser: Browser, steps: int = 0) -> str:
    """What the app shows now, or some steps from now."""
    return str(pyotp.TOTP(SECRET).at(browser.clock() + timedelta(seconds=passwords.STEP * steps)))


def with_password(browser: Browser, name: str = "ann", role: Role = Role.ADMIN) -> list[str]:
    """Give a user a password and an app; returns the recovery codes. The code of an older time is used by that."""
    user = users.ensure_user(browser.store, name, role, browser.clock())
    then = browser.clock() - timedelta(minutes=5)
    return passwords.set_password(browser.store, user, WORDS, SECRET, str(pyotp.TOTP(SECRET).at(then)), then)


def attempt(browser: Browser, name: str = "ann", password: str = WORDS, given: str = "") -> str:
    """Try to log in; returns where it leads, or what the page says."""
    fields = {"name": name, "password": password, "code": given or code(browser)}
    answer = browser.fill("/console/login", fields, to="/console/login/password")
    return answer.to if answer.status == 303 else f"{answer.status} {answer.text}"


# --- a password and a code -----------------------------------------------------------------------


def test_a_password_is_set_in_the_browser_and_logs_in_with_a_code(console: Consoles) -> None:
    browser = console(password=True)
    assert browser.fill(browser.link("ann")).to == "/console/account?first"
    page = browser.get("/console/account/password").page
    (secret,) = page.xpath("//code/text()")
    token, signed = (page.xpath(f"//main//input[@name='{name}']/@value")[0] for name in ("csrf", "secret"))
    fields = {"csrf": token, "secret": signed, "code": pyotp.TOTP(secret).at(browser.clock())}
    refused = (("short", "short"), ("ann-and-more-words", "contain your name"), ("x" * 300, "too long"))
    for given, said in refused:
        answer = browser.send("/console/account/password", {**fields, "password": given, "again": given})
        assert answer.status == 422
        assert said in answer.text or "at least 12" in answer.text
    differing = browser.send("/console/account/password", {**fields, "password": WORDS, "again": WORDS[1:]})
    assert "not the same" in differing.text
    wrong = browser.send("/console/account/password", {**fields, "password": WORDS, "again": WORDS, "code": "000000"})
    assert "not the code" in wrong.text
    before = browser.cookies[browser.cookie_name]
    done = browser.send("/console/account/password", {**fields, "password": WORDS, "again": WORDS})
    assert len(done.page.xpath("//li/code")) == 10
    assert browser.cookies[browser.cookie_name] != before
    browser.clock.pass_by(timedelta(seconds=passwords.STEP))
    given = pyotp.TOTP(secret).at(browser.clock())
    assert attempt(browser.other(), given=given) == HOME


def test_a_code_is_used_once_and_its_neighbours_in_time_are_right_too(console: Consoles) -> None:
    browser = console(password=True)
    with_password(browser)
    given = code(browser)
    assert attempt(browser.other(), given=given) == HOME
    assert WRONG in attempt(browser.other(), given=given)
    assert WRONG in attempt(browser.other(), given=code(browser, -1))
    assert attempt(browser.other(), given=code(browser, 1)) == HOME
    assert WRONG in attempt(browser.other(), given=code(browser, 2))


def test_two_at_once_with_one_code_do_not_both_log_in(store: Store, console: Consoles) -> None:
    browser = console(password=True)
    with_password(browser)
    given, results = code(browser), []

    def check() -> None:
        results.append(passwords.check_password(store, "ann", WORDS, given, browser.clock()))

    threads = [threading.Thread(target=check) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(one is not None for one in results) == 1


def test_a_recovery_code_works_once_in_place_of_a_code(console: Consoles) -> None:
    browser = console(password=True)
    first, second, *_ = with_password(browser)
    assert attempt(browser.other(), given=first.upper()) == HOME
    assert WRONG in attempt(browser.other(), given=first)
    assert attempt(browser.other(), given=second.replace("-", "")) == HOME


def test_the_store_holds_no_password_no_recovery_code_no_token_and_no_link(store: Store, console: Consoles) -> None:
    browser = console(password=True)
    codes = with_password(browser)
    link = browser.link()
    attempt(browser)
    with store.read() as tx:
        user = tx.console_users.named("ann")
        assert user is not None
        found = tx.console_users.credentials(user.id)
        everything = repr(found)
    assert {one.kind for one in found} == {CredentialKind.PASSWORD, CredentialKind.TOTP, CredentialKind.RECOVERY}
    for secret in (WORDS, *codes, *(one.replace("-", "") for one in codes), link.rpartition("/")[2]):
        assert secret not in everything
    assert next(one for one in found if one.kind is CredentialKind.PASSWORD).secret.startswith("$argon2id$")


@pytest.mark.parametrize("off", ["name", "password", "code", "disabled", "no password"])
def test_whatever_is_wrong_the_answer_is_the_same(console: Consoles, off: str) -> None:
    browser = console(password=True)
    with_password(browser)
    browser.link("ben", Role.ADMIN)
    expected = attempt(browser.other(), name="nobody")
    if off == "disabled":
        users.disable(browser.store, users.known_user(browser.store, "ann").id, browser.clock())
    changed = {"name": {"name": "none"}, "password": {"password": "x"}, "code": {"given": "1"}}.get(off, {})
    said = attempt(browser.other(), **{"name": "ben"} if off == "no password" else changed)
    assert said == expected
    assert WRONG in said


def test_names_that_nobody_has_cost_the_same_work(
    store: Store, console: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is counted: hashes of passwords, codes of apps, and queries."""
    browser = console(password=True)
    with_password(browser)
    browser.link("ben", Role.EDITOR)
    work: list[str] = []

    def counted(what: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*given: object) -> object:
            work.append(what)
            return done(*given)

        return counting

    hasher = type(passwords._hasher)
    monkeypatch.setattr(hasher, "verify", counted("hash", hasher.verify))
    monkeypatch.setattr(pyotp.TOTP, "generate_otp", counted("code", pyotp.TOTP.generate_otp))
    passwords._nobodys_password()
    counts = []
    for name in ("ann", "ben", "nobody"):
        work.clear()
        assert passwords.check_password(store, name, "wrong password", "123456", NOW) is None
        counts.append(sorted(work))
    assert counts == [["code", "code", "code", "hash"]] * 3


def test_a_password_is_no_way_in_where_it_is_off(console: Consoles) -> None:
    browser = console(password=False)
    with_password(browser)
    token = browser.get(browser.link("ben")).page.xpath("//input[@name='csrf']/@value")[0]
    fields = {"csrf": token, "name": "ann", "password": WORDS, "code": code(browser)}
    assert browser.send("/console/login/password", fields).status == 404
    assert not browser.get("/console/login").page.xpath("//input[@type='password']")


# --- a flood -------------------------------------------------------------------------------------


def test_who_guesses_must_wait_and_others_still_get_in(console: Consoles) -> None:
    browser = console(password=True)
    with_password(browser)
    assert attempt(browser) == HOME
    home = browser.cookies
    statuses = []
    for number in range(40):
        attacker = browser.other()
        attacker.address = f"198.51.{number}.1"
        statuses.append(attempt(attacker, password=f"guess {number}")[:3])
    assert statuses == ["401"] * 5 + ["429"] * 35
    browser.clock.pass_by(timedelta(seconds=passwords.STEP))
    mine = browser.other()  # a browser that ann has logged in with
    mine.cookies = {name: value for name, value in home.items() if name != mine.cookie_name}
    assert attempt(mine) == HOME
    new = browser.other()  # another browser of hers, by a link
    assert new.fill(new.link("ann")).to == "/console/account?first"
    stranger = browser.other()
    stranger.address = "203.0.113.9"
    with_password(stranger, "ben", Role.EDITOR)
    assert attempt(stranger, name="ben") == HOME


def test_a_guess_that_must_wait_costs_no_hash(console: Consoles, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = console(password=True)
    with_password(browser)
    for number in range(6):
        attempt(browser, password=f"guess {number}")
    monkeypatch.setattr(passwords, "check_password", lambda *_: pytest.fail("a password was checked"))
    refused = attempt(browser)
    assert refused.startswith("429")
    assert "Try again after 1 s." in attempt(browser)


def test_one_network_that_tries_many_names_must_wait_too() -> None:
    counted = Throttle()
    for number in range(21):
        counted.wrong([("name", f"user{number}"), ("network", "192.0.2.0/24")], NOW)
    with pytest.raises(BusyError) as busy:
        counted.check([("name", "another"), ("network", "192.0.2.0/24")], NOW)
    assert busy.value.seconds == 2
    counted.check([("name", "another"), ("network", "198.51.100.0/24")], NOW)
    counted.check([("name", "another"), ("network", "192.0.2.0/24")], NOW + timedelta(minutes=5))


def test_a_wait_has_an_end_and_a_flood_of_names_is_forgotten() -> None:
    counted = Throttle()
    for _ in range(100):
        counted.wrong([("name", "ann")], NOW)
    with pytest.raises(BusyError) as busy:
        counted.check([("name", "ann")], NOW)
    assert busy.value.seconds == 60
    counted.check([("name", "ann")], NOW + timedelta(seconds=60))
    for number in range(throttle._MOST + 5):
        counted.wrong([("name", str(number))], NOW)
    assert len(counted._wrong) == throttle._MOST


def test_few_passwords_are_checked_at_once_and_the_rest_may_come_again(console: Consoles) -> None:
    browser = console(password=True)
    with_password(browser)
    held = [passwords._queued.acquire(blocking=False) for _ in range(passwords._AT_ONCE + passwords._WAITING)]
    try:
        assert all(held)
        assert attempt(browser).startswith("429")
    finally:
        for _ in held:
            passwords._queued.release()
    assert attempt(browser.other()) == HOME


# --- one's own account ---------------------------------------------------------------------------


def test_an_old_session_cannot_change_how_one_logs_in(console: Consoles) -> None:
    browser = console(password=True).enter()
    page = browser.get("/console/account/password").page
    token, signed = (page.xpath(f"//main//input[@name='{name}']/@value")[0] for name in ("csrf", "secret"))
    browser.clock.pass_by(timedelta(minutes=31))
    for path in ("password", "password/delete", "passkeys", "passkeys/delete"):
        answer = browser.send(f"/console/account/{path}", {"csrf": token, "secret": signed})
        assert answer.status == 403
        assert "log in again first" in answer.text


def test_an_old_session_lets_nobody_else_in(console: Consoles) -> None:
    """Who finds an unlocked browser makes no link, no user and no token by which they could stay."""
    browser = console().enter()
    browser.other().enter(Role.VIEWER)
    token = browser.get("/console/account").page.xpath("//input[@name='csrf']/@value")[0]
    browser.clock.pass_by(timedelta(minutes=31))
    for path, fields in (
        ("/console/users", {"name": "mallory", "role": "admin"}),
        ("/console/users/viewer/link", {}),
        ("/console/users/viewer/role", {"role": "admin"}),
        ("/console/tokens", {"name": "mine", "scope": "admin"}),
    ):
        answer = browser.send(path, {"csrf": token, **fields})
        assert (answer.status, "log in again first" in answer.text) == (403, True)
    with browser.store.read() as tx:
        assert tx.audit_log.listed() == []


def test_one_ends_ones_own_sessions_and_nobody_elses(console: Consoles) -> None:
    mine, theirs = console().enter(), console()
    theirs = mine.other().enter(Role.EDITOR)
    second = mine.other().enter()
    (own,) = theirs.get("/console/account").page.xpath("//td[contains(., 'this one')]/..")
    assert own is not None
    with mine.store.read() as tx:
        numbers = {one.user: one.id for one in tx.console_sessions.of()}
        editor = tx.console_users.named("editor")
    assert editor is not None
    token = mine.get("/console/account").page.xpath("//input[@name='csrf']/@value")[0]
    stolen = mine.send("/console/account/sessions", {"csrf": token, "session": str(numbers[editor.id])})
    assert stolen.status == 404
    assert theirs.get(HOME).status == 200
    assert mine.fill("/console/account", {"session": "others"}, to="/console/account/sessions").to == "/console/account"
    assert second.get(HOME).to.startswith("/console/login")
    assert mine.get(HOME).status == 200
    again = mine.other().enter()
    with mine.store.read() as tx:
        number = max(one.id for one in tx.console_sessions.of())
    assert mine.send("/console/account/sessions", {"csrf": token, "session": str(number)}).to == "/console/account"
    assert again.get(HOME).to.startswith("/console/login")
    with mine.store.read() as tx:
        acts = [one.act for one in tx.audit_log.listed()]
    assert acts == ["account.end-session", "account.end-other-sessions"]


def test_one_deletes_no_passkey_of_another(store: Store, console: Consoles) -> None:
    browser = console().enter()
    other = browser.other().enter(Role.EDITOR)
    with store.write() as tx:
        editor = tx.console_users.named("editor")
        assert editor is not None
        tx.console_users.add_credential(editor.id, CredentialKind.PASSKEY, NOW, key="k", secret="s", name="laptop")
        (theirs,) = tx.console_users.credentials(editor.id)
    token = browser.get("/console/account").page.xpath("//input[@name='csrf']/@value")[0]
    assert browser.send("/console/account/passkeys/delete", {"csrf": token, "passkey": str(theirs.id)}).status == 404
    done = other.fill("/console/account", {"passkey": str(theirs.id)}, to="/console/account/passkeys/delete")
    assert done.to == "/console/account"
    with store.read() as tx:
        assert tx.console_users.credentials(editor.id) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://192.0.2.1:8080", "not for IP addresses"),
        ("http://digest.example.org", "only over HTTPS"),
        ("http://127.0.0.1:8080", "another address of this console: http://localhost:8080/console/account"),
        ("https://other.example.org", "another address of this console: https://other.example.org/console/account"),
    ],
)
def test_the_account_says_why_there_are_no_passkeys(console: Consoles, url: str, said: str) -> None:
    browser = console(url).enter()
    assert said in browser.get("/console/account").text
    assert "data-passkey" not in browser.get("/console/account").body.decode()


# --- admins --------------------------------------------------------------------------------------


def test_an_admin_adds_a_user_who_logs_in_by_the_link(console: Consoles) -> None:
    browser = console().enter()
    shown = browser.fill("/console/users", {"name": "ben", "role": "editor"})
    (url,) = shown.page.xpath("//main//code/text()")
    ben = browser.other()
    assert ben.fill(url.removeprefix("http://digest.example.org")).to == "/console/account?first"
    assert "ben (editor)" in ben.get(HOME).text
    assert "already" in browser.fill("/console/users", {"name": "ben", "role": "editor"}).text
    assert browser.fill("/console/users", {"name": "a/b", "role": "editor"}).status == 422


def test_another_role_and_disabling_end_the_sessions(console: Consoles) -> None:
    browser = console().enter()
    ben = browser.other().enter(Role.EDITOR, "ben")
    assert browser.fill("/console/users/ben", {"role": "viewer"}).to == "/console/users/ben"
    assert ben.get(HOME).to.startswith("/console/login")
    ben.enter(Role.VIEWER, "ben")
    link = ben.link("ben")
    assert browser.fill("/console/users/ben", to="/console/users/ben/disable").to == "/console/users/ben"
    assert ben.get(HOME).to.startswith("/console/login")
    assert ben.get(link).status == 410
    assert browser.fill("/console/users/ben", to="/console/users/ben/enable").to == "/console/users/ben"
    assert ben.fill(ben.link("ben")).to == "/console/account?first"


def test_the_last_admin_stays(console: Consoles) -> None:
    browser = console().enter()
    for fields, to in (({"role": "viewer"}, "role"), ({}, "disable")):
        answer = browser.fill("/console/users/admin", fields, to=f"/console/users/admin/{to}")
        assert answer.status == 422
        assert "only admin" in answer.text
    assert browser.get("/console/users").status == 200


def test_each_act_is_in_the_audit_log_with_who_and_from_where(store: Store, console: Consoles) -> None:
    browser = console().enter()
    browser.fill("/console/users", {"name": "ben", "role": "editor"})
    browser.fill("/console/users/ben", {"role": "viewer"})
    with store.read() as tx:
        acts = [(one.who, one.via, one.act, one.target, one.place) for one in tx.audit_log.listed(limit=10)]
    assert ("admin", "console", "users.role", "ben", "192.0.2.0/24") in acts
    assert {act for _, _, act, _, _ in acts} >= {"users.add", "users.link", "users.role"}
    assert "/console/link/" not in repr(acts)
