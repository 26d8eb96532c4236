"""Customers under names that nobody can trace back without a private key.

A plain digest of a customer's number can be found by trying all numbers; a keyed one (HMAC, RFC
2104) cannot. The same key gives the same names, so that graphs of several months fit each other.
"""

import hmac
import secrets
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.storage import open_private, storage_errors

KEY_BYTES: Final = 32
SHOWN_BYTES: Final = 12
"""96 bits: two of a billion customers share a name with a chance below one in 10**10."""


def read_key(path: Path) -> bytes:
    """Return the key in a file that only its owner can read; make one where there is none.

    Raises:
        InputError: the file holds no key, or others can read it.
        StorageError: it cannot be read or written.
    """
    with storage_errors(str(path)):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_private(path) as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        if path.stat().st_mode & 0o077:
            raise InputError(f"others can read the key {path}; make it private: chmod 600 {path}")
        key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise InputError(f"{path} is no key of {KEY_BYTES} bytes; name another file")
    return key


def pseudonym(customer: str, key: bytes) -> str:
    """Return the name that a customer has under a key, 24 hexadecimal digits."""
    return hmac.digest(key, customer.encode(), "sha256")[:SHOWN_BYTES].hex()


def pseudonyms(customers: pa.Array, key: bytes | None) -> pa.Array:
    """Return the names of customers (n); null stays null, and without a key nothing changes."""
    if key is None:
        return customers
    coded = pc.dictionary_encode(customers)
    names = pa.array([pseudonym(name, key) for name in coded.dictionary.to_pylist()], pa.string())
    return names.take(coded.indices)
