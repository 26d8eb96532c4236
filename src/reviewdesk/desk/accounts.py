"""Accounts of a team: who may log in, with which role, in a file that only its owner can read.

Passwords are kept as scrypt hashes with a salt of their own (N = 2^15, r = 8, p = 1: 32 MiB and
about a tenth of a second each). Source: RFC 7914; OWASP, Password Storage.
"""

import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from reviewdesk.desk.session import ROLES, Keys, Session, Sessions
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import InputError, RequestError, UsageError
from reviewdesk.storage import checked_record, read_json, storage_errors, write_record

FORMAT: Final = "reviewdesk.accounts"
COST: Final = 2**15
BLOCK: Final = 8
MEMORY: Final = 64 * 1024 * 1024
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 200
LONGEST_NAME: Final = 60

FAILURES: Final = 5
"""After so many wrong passwords for a name it has to wait."""
FAILURES_OF_ADDRESS: Final = 50
WAIT_SECONDS: Final = 60.0
WINDOW_SECONDS: Final = 900.0
MOST_REMEMBERED: Final = 10_000
SESSION_SECONDS: Final = 12 * 3600.0
AT_ONCE: Final = 2
"""So many passwords are looked at at a time: each takes memory."""


@dataclass(frozen=True)
class DeskAccount:
    """One person who may log in.

    Args:
        name: under which they decide.
        role: one of ``ROLES``.
        salt: hexadecimal.
        digest: of the password, hexadecimal.
    """

    name: str
    role: str
    salt: str
    digest: str


def read_accounts(path: Path) -> dict[str, DeskAccount]:
    """Return the accounts of a file, by name.

    Raises:
        StorageError: it cannot be read.
        InputError: it is none, is damaged, or others than its owner can read it.
    """
    with storage_errors(str(path)):
        mode = path.stat().st_mode
    if mode & 0o077:
        raise InputError(f"others than its owner can read {path}; run: chmod 600 {path}")
    record = checked_record(path, read_json(path))
    if record.get("format") != FORMAT:
        raise InputError(f"{path} is no file of accounts")
    try:
        accounts = [DeskAccount(**one) for one in record["accounts"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged; make it again") from error
    return {one.name: one for one in accounts}


def set_account(path: Path, name: str, role: str, password: str) -> None:
    """Add somebody to a file of accounts, or give them another role and password.

    Raises:
        UsageError: a name, role or password is none.
        InputError: the file is none.
        StorageError: it cannot be read or written.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"a name has 1 to {LONGEST_NAME} characters that can be seen")
    if role not in ROLES:
        raise UsageError(f"a role is {' or '.join(ROLES)}, not {role!r}")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; choose another"
        )
    accounts = read_accounts(path) if path.exists() else {}
    salt = secrets.token_bytes(16)
    accounts[name] = DeskAccount(name, role, salt.hex(), _digest(password, salt).hex())
    _write(path, accounts)


def remove_account(path: Path, name: str) -> None:
    """Take somebody out of a file of accounts.

    Raises:
        UsageError: there is nobody of that name.
    """
    accounts = read_accounts(path)
    if accounts.pop(name, None) is None:
        raise UsageError(f"there is no account of the name {name!r} in {path}")
    _write(path, accounts)


def _write(path: Path, accounts: dict[str, DeskAccount]) -> None:
    rows = [vars(accounts[name]) for name in sorted(accounts)]
    write_record(path, {"format": FORMAT, "accounts": rows})
    with storage_errors(str(path)):
        os.chmod(path, 0o600)  # noqa: PTH101


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=COST, r=BLOCK, p=1, maxmem=MEMORY, dklen=32
    )


class TooManyAttempts(RequestError):
    """Too many wrong passwords; the name or the address has to wait."""

    code = "too_many_attempts"
    http_status = 429


class Attempts:
    """Counts wrong passwords, for a name and for an address.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, name: str, address: str) -> None:
        """Refuse whoever has to wait.

        Raises:
            TooManyAttempts: there were too many wrong passwords.
        """
        for key, most in ((f"name {name}", FAILURES), (f"address {address}", FAILURES_OF_ADDRESS)):
            recent = self._recent(key)
            if len(recent) >= most and self._clock() - recent[-1] < WAIT_SECONDS:
                raise TooManyAttempts(Texts.english()("login.wait"))

    def failed(self, name: str, address: str) -> None:
        """Count a wrong password."""
        for key in (f"name {name}", f"address {address}"):
            self._failures[key] = [*self._recent(key), self._clock()][-FAILURES_OF_ADDRESS:]
            self._failures.move_to_end(key)
        while len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the wrong passwords of a name, and that this one was counted."""
        self._failures.pop(f"name {name}", None)
        if counted := self._failures.get(f"address {address}"):
            counted.pop()

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - WINDOW_SECONDS
        return [at for at in self._failures.get(key, ()) if at > since]


class AccountSessions(Sessions):
    """Sessions of people with accounts; nobody may do anything before they have logged in.

    Args:
        keys: of the desk.
        path: the file of accounts; read again at every log-in, so that changes count at once.
        clock: seconds that only grow.

    Raises:
        InputError: the file is none.
        StorageError: it cannot be read.
    """

    needs_login = True

    def __init__(self, keys: Keys, path: Path, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(keys, "")
        if not read_accounts(path):
            raise InputError(f"{path} holds no account; add one with: reviewdesk desk-user")
        self._path = path
        self._clock = clock
        self._open: OrderedDict[str, tuple[Session, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._looking = threading.Semaphore(AT_ONCE)
        self.attempts = Attempts(clock)

    def new(self, name: str = "") -> Session:
        """Return a session of nobody."""
        return Session(secrets.token_urlsafe(16), "", "")

    def read(self, cookie: str) -> Session | None:
        """Return the session that a cookie was made for, if it has not ended."""
        given = super().read(cookie)
        if given is None:
            return None
        with self._lock:
            session, until = self._open.get(given.id, (Session(given.id, "", ""), float("inf")))
            if self._clock() > until:
                self._open.pop(given.id)
                return None
        return session

    def log_in(self, name: str, password: str, address: str) -> Session | None:
        """Return a new session; None where name or password are wrong.

        Raises:
            TooManyAttempts: there were too many wrong passwords.
        """
        with self._lock:
            self.attempts.check(name, address)
            # Counted before it is looked at, so that many at once are no way around.
            self.attempts.failed(name, address)
        account = read_accounts(self._path).get(name)
        salt = bytes.fromhex(account.salt) if account else b"nobody of that name"
        with self._looking:
            digest = _digest(password[:LONGEST_PASSWORD], salt)
        if account is None or not hmac.compare_digest(digest.hex(), account.digest):
            return None
        session = Session(secrets.token_urlsafe(24), account.name, account.role)
        with self._lock:
            self.attempts.succeeded(name, address)
            self._open[session.id] = session, self._clock() + SESSION_SECONDS
            while len(self._open) > MOST_REMEMBERED:
                self._open.popitem(last=False)
        return session

    def log_out(self, session: Session) -> None:
        """End a session."""
        with self._lock:
            self._open.pop(session.id, None)


def allowed(session: Session, role: str) -> bool:
    """Say whether a session may do what needs a role; an admin may do what an agent may."""
    return not role or (session.role in ROLES and ROLES.index(session.role) >= ROLES.index(role))
