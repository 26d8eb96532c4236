"""Names under which many people write: what shops put where a customer gave none."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

NAMES: Final = (
    *("anonymous", "anonym", "anonyme", "anónimo", "anonimo", "anônimo", "anoniem", "anon"),
    *("a google user", "google user", "ein google-nutzer", "un utilisateur de google"),
    *("un usuario de google", "un utente google", "um usuário do google", "een google-gebruiker"),
    *("amazon customer", "kindle customer", "a customer", "amazon-kunde", "amazon kunde", "kunde"),
    *("client d'amazon", "client amazon", "client kindle", "kindle-kunde", "cliente amazon"),
    *("cliente de amazon", "cliente kindle", "amazon-klant", "cliente da amazon", "klant"),
    *("customer", "a reader", "reader", "user", "a user", "guest", "gast", "visitor", "unknown"),
    *("unbekannt", "inconnu", "desconocido", "sconosciuto", "desconhecido", "onbekend"),
    *("deleted", "[deleted]", "deleted user", "[removed]", "verified buyer", "verified customer"),
    *("verified purchaser", "a tripadvisor member", "a yelp user", "a facebook user", "private"),
)
"""In lower case, in English, German, French, Spanish, Italian, Portuguese and Dutch."""


def is_nobody(customers: pa.Array) -> pa.Array:
    """Say which customers are nobody in particular.

    Args:
        customers: (n,) strings.

    Returns:
        (n,) bool; False where there is null.
    """
    distinct = customers.dictionary_encode()
    names = pc.utf8_lower(pc.utf8_trim_whitespace(distinct.dictionary))
    named = pc.is_in(names, pa.array(NAMES))
    if not pc.any(named).as_py():
        return pa.array([False]).take(pa.nulls(len(customers), pa.int32()).fill_null(0))
    return pc.fill_null(named.take(distinct.indices), False)
