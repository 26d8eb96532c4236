"""Who asks: a cookie that nobody else can make, and a token that forms carry (CSRF).

Without accounts everybody who reaches the desk may do everything, under a name of their choice.
"""

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from reviewdesk.errors import InputError
from reviewdesk.storage import open_private, private_directory, storage_errors

COOKIE: Final = "reviewdesk_desk"
TOKEN: Final = "token"  # noqa: S105  (the name of a form's field)
AGENT: Final = "agent"
ADMIN: Final = "admin"
ROLES: Final = (AGENT, ADMIN)
KEY_FILE: Final = "key"
KEY_BYTES: Final = 32
LONGEST_NAME: Final = 60
LONGEST_COOKIE: Final = 1_000
_BETWEEN: Final = "\N{INFORMATION SEPARATOR ONE}"


@dataclass(frozen=True)
class Session:
    """One browser's session.

    Args:
        id: random; known to the browser only.
        name: under which its decisions are written down.
        role: one of ``ROLES``; empty where nobody has logged in.
    """

    id: str
    name: str
    role: str

    @property
    def holder(self) -> str:
        """Under which it holds findings: two browsers of one name are two holders."""
        return f"{self.name}{_BETWEEN}{self.id[:8]}"


def name_of(holder: str) -> str:
    """Return the name of whoever holds a finding."""
    return holder.rpartition(_BETWEEN)[0] or holder


class Keys:
    """Keys for one purpose each, made from one secret in a file that only its owner can read.

    Args:
        secret: 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of_folder(cls, folder: Path) -> "Keys":
        """Return the keys of a desk's folder; the secret is made when it is first asked for.

        Raises:
            StorageError: it cannot be read or written.
            InputError: it is none.
        """
        path = private_directory(folder) / KEY_FILE
        with storage_errors(str(path)):
            if not path.exists():
                with open_private(path) as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
            secret = path.read_bytes()
        if len(secret) != KEY_BYTES:
            raise InputError(f"{path} is damaged; delete it, and names of customers change once")
        return cls(secret)

    def key(self, purpose: str) -> bytes:
        """Return the key for one purpose."""
        return hmac.digest(self._secret, purpose.encode(), "sha256")


class Sessions:
    """Sessions of browsers that have no account, kept in their cookies.

    Args:
        keys: of the desk.
        name: of those who have not said theirs.
    """

    needs_login: ClassVar[bool] = False

    def __init__(self, keys: Keys, name: str) -> None:
        self._cookies = keys.key("cookies")
        self._tokens = keys.key("tokens")
        self._name = name

    def new(self, name: str = "") -> Session:
        """Return a new session."""
        return Session(secrets.token_urlsafe(16), name[:LONGEST_NAME].strip() or self._name, ADMIN)

    def read(self, cookie: str) -> Session | None:
        """Return the session that a cookie was made for; None where it is none of ours."""
        body, dot, signature = cookie.partition(".")
        if not dot or len(cookie) > LONGEST_COOKIE or not cookie.isascii():
            return None
        if not hmac.compare_digest(signature, self._signature(body)):
            return None
        try:
            value = json.loads(base64.urlsafe_b64decode(body))
            return Session(str(value["id"]), str(value["name"]), ADMIN)
        except (binascii.Error, ValueError, KeyError, TypeError):
            return None

    def cookie(self, session: Session) -> str:
        """Return the cookie of a session."""
        value = json.dumps({"id": session.id, "name": session.name})
        body = base64.urlsafe_b64encode(value.encode()).decode()
        return f"{body}.{self._signature(body)}"

    def token(self, session: Session) -> str:
        """Return the token that forms of a session carry."""
        return hmac.digest(self._tokens, session.id.encode(), "sha256").hex()

    def is_token(self, session: Session, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        return token.isascii() and hmac.compare_digest(token, self.token(session))

    def _signature(self, body: str) -> str:
        return hmac.digest(self._cookies, body.encode(), "sha256").hex()
