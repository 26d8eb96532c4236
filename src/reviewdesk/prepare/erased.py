"""People who were erased: known again by a keyed digest when later files bring their reviews.

Nobody can tell from the digests who was erased without having the id already, and the key with them
stays in the folder.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.prepare.spellings import plain_id
from reviewdesk.sources.ids import plain_ids
from reviewdesk.storage import left_record, write_record

FILE: Final = "erased.json"
ERASED: Final = "erased"
"""The rule under which erased rows are counted."""
GONE: Final = "\0erased"
"""The customer of a review that was found to be that of an erased person, who had another id."""
_SIZE: Final = 16


@dataclass(frozen=True)
class ErasedPeople:
    """Who was erased from prepared data.

    Args:
        key: of the digests, in hex.
        digests: of the customer ids, in hex.
    """

    key: str = ""
    digests: frozenset[str] = frozenset()

    @classmethod
    def of(cls, folder: Path) -> "ErasedPeople":
        """Return those that a prepared folder knows; nobody where it knows of none."""
        return cls.read(folder / FILE)

    @classmethod
    def read(cls, file: Path) -> "ErasedPeople":
        """Return those that a file knows; nobody where it is not there."""
        record = left_record(file)
        return cls() if record is None else cls(record["key"], frozenset(record["digests"]))

    def __bool__(self) -> bool:
        return bool(self.digests)

    def with_customer(self, customer: str, fingerprint: str) -> "ErasedPeople":
        """Return them with one more.

        Args:
            customer: the id.
            fingerprint: of the data; the first one makes the folder's key, so that an erasure that
                was interrupted ends as it would have.
        """
        key = self.key or hashlib.sha256(f"erased {fingerprint}".encode()).hexdigest()
        return ErasedPeople(key, self.digests | {_digest(key, plain_id(customer))})

    def write(self, folder: Path) -> None:
        """Write them into a prepared folder; nothing where nobody was erased.

        Raises:
            StorageError: it cannot be written.
        """
        if self:
            write_record(folder / FILE, {"key": self.key, "digests": sorted(self.digests)})

    def are(self, customers: pa.Array) -> NDArray[np.bool_]:
        """Say which customers, (n,) ids or null, were erased."""
        if not self:
            return np.zeros(len(customers), np.bool_)
        coded = plain_ids(customers).dictionary_encode()
        known = [
            one is not None and (one == GONE or _digest(self.key, one) in self.digests)
            for one in coded.dictionary.to_pylist()
        ]
        places = coded.indices.fill_null(len(known)).to_numpy()
        erased: NDArray[np.bool_] = np.array([*known, False], np.bool_)[places]
        return erased


def _digest(key: str, customer: str) -> str:
    return hashlib.blake2b(customer.encode(), digest_size=_SIZE, key=bytes.fromhex(key)).hexdigest()


NOBODY: Final = ErasedPeople()
