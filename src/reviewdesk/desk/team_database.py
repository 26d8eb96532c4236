"""Decisions of a team: PostgreSQL by URL, through SQLAlchemy Core, for several desks at once.

Each desk's tables are in a schema of their own. Whoever writes locks the table of actions against
other writers; readers go on. A password is in the URL, in ``PGPASSWORD`` or in ``~/.pgpass``, as
with every program that speaks to PostgreSQL.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from reviewdesk.desk.database import VERSION, Transaction, Values, check_version, tables
from reviewdesk.errors import StorageError, UsageError
from reviewdesk.optional import require

EXTRA: Final = "team"
SCHEMA: Final = "reviewdesk"
LONGEST_SCHEMA: Final = 63
CONNECT_SECONDS: Final = 10
BUSY_SECONDS: Final = 30
MOST_CONNECTIONS: Final = 20


class TeamDatabase:
    """Decisions on a PostgreSQL server.

    Args:
        url: as in ``postgresql://ada@db.example/reviews?schema=books``; the schema is
            ``reviewdesk`` where none is named, and is made where it is not there.

    Raises:
        MissingExtra: SQLAlchemy or the driver is not installed.
        UsageError: it is no such URL.
        StorageError: the server cannot be reached, or refuses.
        InputError: the tables are another release's.
    """

    def __init__(self, url: str) -> None:
        self._sql = require("sqlalchemy", EXTRA)
        require("psycopg", EXTRA)
        address, schema = self._parsed(url)
        self.place = url_without_password(url)
        self._engine = self._sql.create_engine(
            address,
            pool_pre_ping=True,  # a server that was started again is found again
            pool_size=5,
            max_overflow=MOST_CONNECTIONS - 5,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "reviewdesk",
                "options": f"-c search_path={schema} -c lock_timeout={BUSY_SECONDS}s "
                f"-c idle_in_transaction_session_timeout={BUSY_SECONDS}s",
            },
        )
        try:
            self._prepare(schema)
        except BaseException:
            self.close()
            raise

    def _parsed(self, url: str) -> tuple[Any, str]:
        address = _address(url)
        schema = address.query.get("schema", SCHEMA)
        if not (isinstance(schema, str) and _is_name(schema)):
            raise UsageError("a schema is named by small letters, digits and _, 63 at most")
        given = address.difference_update_query(["schema"])
        return given.set(drivername="postgresql+psycopg"), schema

    def _prepare(self, schema: str) -> None:
        with self._connected() as connection:
            lock = "SELECT pg_advisory_xact_lock(hashtext('reviewdesk'))"  # two desks that open
            connection.exec_driver_sql(lock)
            known = connection.exec_driver_sql(
                "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,)
            )
            if known.first() is None:
                connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            statements = ["CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL)"]
            for statement in statements + tables("BIGINT"):
                connection.exec_driver_sql(statement)
            found = connection.exec_driver_sql("SELECT number FROM version").scalar()
            if found is None:
                connection.exec_driver_sql("INSERT INTO version VALUES (%s)", (VERSION,))
            else:
                check_version(found, self.place)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read."""
        with self._connected() as connection:
            yield _Statements(connection, self._sql.text)

    @contextmanager
    def writing(self, *, brief: bool = False) -> Iterator[Transaction]:
        """Read and write, alone."""
        with self._connected() as connection:
            connection.exec_driver_sql("LOCK TABLE actions IN EXCLUSIVE MODE")
            if brief:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            else:  # a stronger choice of the server's owner stays
                connection.exec_driver_sql(
                    "SELECT set_config('synchronous_commit', 'on', true) "
                    "WHERE current_setting('synchronous_commit') = 'off'"
                )
            yield _Statements(connection, self._sql.text)

    def scrub(self) -> None:
        """Write the tables anew; what was deleted is in the server's log until that is reused."""
        with self._errors(), self._engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM FULL actions, subjects, leases")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors into one sentence about the database, without values.

        Raises:
            StorageError: it cannot be reached, read or written.
        """
        try:
            yield
        except self._sql.exc.SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            first = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
            raise StorageError(f"cannot use {self.place}: {first}") from None


def url_without_password(url: str) -> str:
    """Return a database's URL as it may be said and written down.

    Raises:
        MissingExtra: SQLAlchemy is not installed.
        UsageError: it is no URL of a PostgreSQL database.
    """
    address = _address(url)
    kept = require("sqlalchemy", EXTRA).URL.create(
        address.drivername,
        address.username,
        host=address.host,
        port=address.port,
        database=address.database,
        query={name: value for name, value in address.query.items() if name != "password"},
    )
    return str(kept)


def _address(url: str) -> Any:
    sql = require("sqlalchemy", EXTRA)
    try:
        address = sql.make_url(url)
    except (sql.exc.ArgumentError, ValueError):
        address = None
    if address is None or address.get_backend_name() not in ("postgresql", "postgres"):
        raise UsageError(
            "decisions of a team are at a URL as in postgresql://name@host/database?schema=desk"
        )
    return address.set(drivername="postgresql")


def _is_name(schema: str) -> bool:
    return (
        0 < len(schema) <= LONGEST_SCHEMA
        and schema.isascii()
        and schema.isidentifier()
        and schema == schema.lower()
        and not schema.startswith("pg_")
    )


class _Statements:
    def __init__(self, connection: Any, text: Any) -> None:
        self._connection = connection
        self._text = text

    def rows(self, statement: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        asked = self._connection.execute(self._text(statement), _stored(values or {}))
        return [tuple(row) for row in asked]

    def run(self, statement: str, values: Values | None = None) -> int:
        asked = self._connection.execute(self._text(statement), _stored(values or {}))
        return int(asked.rowcount)

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        if values:
            self._connection.execute(self._text(statement), [_stored(each) for each in values])


def _stored(values: Values) -> dict[str, Any]:
    """Return values without the one character that PostgreSQL's texts cannot hold."""
    return {
        name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
        for name, value in values.items()
    }
