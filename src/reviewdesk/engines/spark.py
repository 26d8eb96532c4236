"""Spark: the same verbs on a cluster, or on this machine's cores as a cluster of one.

Tasks are Python functions over Arrow batches (``mapInArrow``); Spark's own part is to run them
again where a machine is lost, and to join and sort the small tables that they wrote.
"""

import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, ClassVar, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk import errors
from reviewdesk.engines.base import BATCH_ROWS, GROUP_ROWS, Batches, by_group, check_table_name
from reviewdesk.errors import ReviewdeskError, StorageError, UsageError
from reviewdesk.optional import require
from reviewdesk.storage import filesystem, is_remote, storage_errors

THIS_MACHINE: Final = "local[*]"
ENVIRONMENT: Final = "environment"
"""What the archive with code and packages is called where a worker unpacks it."""

SUBMITTED: Final = frozenset({"SPARK_ENV_LOADED", "PYSPARK_GATEWAY_PORT"})
"""Variables of a process that ``spark-submit``, or what stands in for it, has started."""

PARTITIONS_A_CORE: Final = 4

SHIPPED: Final = "spark-file:"

_RESULT: Final = pa.schema([("number", pa.int64()), ("error", pa.string()), ("text", pa.string())])
_RESULT_TYPE: Final = "number long, error string, text string"
_GLOB: Final = re.compile(r"([\[\]{}*?\\,])")
_PARAMETER: Final = re.compile(r"\$(\w+)")

_PARTITIONS: Final = "spark.sql.shuffle.partitions"
_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(GROUP_ROWS),
}
_LOCAL: Final = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


class SparkEngine:
    """Runs tasks and queries with Spark.

    Args:
        master: where the cluster is, as in ``spark://host:7077``; empty: where ``spark-submit``
            or the environment says, else this machine.
        archive: a file that ``pack`` of ``engines.archive`` wrote, with the code and the packages
            that tasks need; empty: workers have them.
        settings: of Spark, by their names.

    Raises:
        MissingExtra: Spark is not installed.
        UsageError: Java is not.
        StorageError: the cluster cannot be reached.
    """

    name: ClassVar[str] = "spark"

    def __init__(
        self, master: str = "", archive: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        sql = require("pyspark.sql", "spark")
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise UsageError(
                "Spark needs Java, which is not here; install Java 17 (openjdk-17-jre-headless), "
                "or set JAVA_HOME to where it is"
            )
        given = dict(settings or {})
        if archive:
            given["spark.archives"] = f"{archive}#{ENVIRONMENT}"
            given["spark.executorEnv.PYTHONPATH"] = f"./{ENVIRONMENT}"
            os.environ["PYSPARK_PYTHON"] = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = sql.SparkSession.builder.appName("reviewdesk")
        if not master and os.environ.keys().isdisjoint(SUBMITTED):
            master = THIS_MACHINE
        if master:
            builder = builder.master(master)
        local = _LOCAL if master.startswith("local") else {}
        for name, value in {**_SETTINGS, **local, **given}.items():
            builder = builder.config(name, value)
        self._aside = TemporaryDirectory(prefix="reviewdesk-")
        with _task_errors():
            self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        cores = int(self._session.sparkContext.defaultParallelism)
        self._partitions = int(given.get(_PARTITIONS, PARTITIONS_A_CORE * max(2, cores)))
        self._session.conf.set(_PARTITIONS, str(self._partitions))

    def add_table(self, name: str, files: Sequence[Path | str]) -> None:
        """Give Parquet files of one schema a name that queries can use."""
        check_table_name(name)
        if not files:
            raise UsageError(f"the table {name} needs at least one file")
        places = [str(file) for file in files]
        with _task_errors(f"cannot read {Path(places[0]).parent}"):
            if is_remote(places[0]):
                table = self._remote(places)
            else:
                paths = [_GLOB.sub(r"\\\1", str(Path(place).absolute())) for place in places]
                table = self._session.read.parquet(*paths)
            table.createOrReplaceTempView(name)

    def _remote(self, places: Sequence[str]) -> Any:
        """Return a table of files that Arrow reads, not Spark: it would need Hadoop's S3 for it."""
        schema = require("pyspark.sql.pandas.types", "spark").from_arrow_schema(_schema(places[0]))
        read = _ReadFiles(self._session.sparkContext.broadcast(list(places)))
        storage = require("pyspark", "spark").StorageLevel.DISK_ONLY
        return self._numbers(len(places)).mapInArrow(read, schema).persist(storage)

    def query(
        self,
        sql: str,
        batch_rows: int = BATCH_ROWS,
        parameters: Mapping[str, object] | None = None,
    ) -> Batches:
        """Run one SELECT and yield its result here; on a cluster it should be small."""
        with _task_errors():
            found = self._session.sql(_PARAMETER.sub(r":\1", sql), args=dict(parameters or {}))
            yield from _collected(found).to_batches(batch_rows)

    def keep(self, name: str, sql: str, folder: str) -> None:
        """Give a query's result a name; it is written, so that no lost machine takes it along.

        What Spark's own cache holds brings its whole plan along into every query over it.
        """
        check_table_name(name)
        with _task_errors():
            rows = self._session.sql(sql)
            schema = rows.schema.fields
            empty = pa.schema([(one.name, _arrow_type(one.dataType)) for one in schema])
            write = _WriteFile(f"{folder}/{name}", empty)
            files = _collected(rows.mapInArrow(write, "place string"))["place"].to_pylist()
        if not files:  # Spark runs no task where it knows that there is no row
            files = next(write(iter(())))["place"].to_pylist()
        self.add_table(name, files)

    def map_items(self, items: Sequence[str], function: Callable[[str], str]) -> Iterator[str]:
        """Run a function for each item, one task each, and yield what it returns, in order."""
        if not items:
            return
        run = _OnItem(self._session.sparkContext.broadcast(list(items)), function)
        with _task_errors():
            results = _collected(self._numbers(len(items)).mapInArrow(run, _RESULT_TYPE))
        yield from _texts(results.sort_by("number"))

    def map_groups(
        self,
        sql: str,
        by: Sequence[str],
        order: Sequence[str],
        function: Callable[[Batches], str],
    ) -> Iterator[str]:
        """Run a function for each group of a query's rows, and yield what it returns."""
        run = _OnGroups(tuple(by), function)
        with _task_errors():
            rows = self._session.sql(sql).repartition(self._partitions, *by)
            rows = rows.sortWithinPartitions(*by, *order)
            results = _collected(rows.mapInArrow(run, _RESULT_TYPE))
        yield from _texts(results)

    def _numbers(self, count: int) -> Any:
        """Return a table of the numbers below a count, each a task of its own."""
        return self._session.range(0, count, 1, count)

    def ship(self, file: Path) -> str:
        """Send a file to every executor, under a name that no other has."""
        name = f"{uuid.uuid4().hex}-{file.name}"
        folder = Path(self._aside.name)
        shutil.copyfile(file, folder / name)
        with _task_errors():
            self._session.sparkContext.addFile(str(folder / name))
        return f"{SHIPPED}{name}"

    def close(self) -> None:
        """End the session, and with it the cluster's executors for it."""
        self._session.stop()
        self._aside.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def shipped(shipment: str) -> Path:
    """Return a file that an engine has shipped, in a task of it.

    Args:
        shipment: from ``ship``.
    """
    if not shipment.startswith(SHIPPED):
        return Path(shipment)
    return Path(require("pyspark", "spark").SparkFiles.get(shipment.removeprefix(SHIPPED)))


@dataclass(frozen=True)
class _OnItem:
    """Runs a function for the items whose numbers come."""

    items: Any  # broadcast
    function: Callable[[str], str]

    def __call__(self, batches: Batches) -> Batches:
        for batch in batches:
            for number in batch["id"].to_pylist():
                item = self.items.value[number]
                yield _result(number, lambda item=item: self.function(item))  # type: ignore[misc]


@dataclass(frozen=True)
class _OnGroups:
    """Runs a function for each group of rows that come sorted."""

    by: tuple[str, ...]
    function: Callable[[Batches], str]

    def __call__(self, batches: Batches) -> Batches:
        for number, group in enumerate(by_group(batches, self.by)):
            yield _result(number, lambda group=group: self.function(group))  # type: ignore[misc]


@dataclass(frozen=True)
class _ReadFiles:
    """Reads the Parquet files whose numbers come."""

    places: Any  # broadcast

    def __call__(self, batches: Batches) -> Batches:
        for batch in batches:
            for number in batch["id"].to_pylist():
                files, path = filesystem(self.places.value[number])
                with files.open_input_file(path) as file:
                    yield from pq.ParquetFile(file).iter_batches(GROUP_ROWS)


@dataclass(frozen=True)
class _WriteFile:
    """Writes the rows of one task to a file of the attempt's own."""

    folder: str
    schema: pa.Schema

    def __call__(self, batches: Batches) -> Batches:
        address = f"{self.folder}/{uuid.uuid4().hex}.parquet"
        files, path = filesystem(address)
        with storage_errors(address):
            files.create_dir(path.rpartition("/")[0])
            with files.open_output_stream(path) as file, pq.ParquetWriter(file, self.schema) as out:
                for batch in batches:
                    out.write_batch(batch.cast(self.schema))
        yield pa.RecordBatch.from_pydict({"place": [address]})


def _collected(rows: Any) -> pa.Table:
    """Return rows here; Spark before its fourth version has no name of its own for it."""
    if hasattr(rows, "toArrow"):
        return rows.toArrow()
    schema = pa.schema([(one.name, _arrow_type(one.dataType)) for one in rows.schema.fields])
    return pa.Table.from_batches(rows._collect_as_arrow(), schema)


def _arrow_type(spark_type: Any) -> pa.DataType:
    arrow_type: pa.DataType = require("pyspark.sql.pandas.types", "spark").to_arrow_type(spark_type)
    return arrow_type


def _schema(place: str) -> pa.Schema:
    files, path = filesystem(place)
    with storage_errors(place), files.open_input_file(path) as file:
        return pq.read_schema(file).remove_metadata()


def _result(number: int, function: Callable[[], str]) -> pa.RecordBatch:
    """Return what a function says, or what it objects to: trying that again would not help.

    What storage does may be otherwise the next time, so that Spark is to try it again.
    """
    error = text = None
    try:
        text = function()
    except StorageError:
        raise
    except ReviewdeskError as objection:
        error = json.dumps([type(objection).__name__, str(objection)])
    columns = [
        pa.array([number], pa.int64()),
        *(pa.array([one], pa.string()) for one in (error, text)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_RESULT)


def _texts(results: pa.Table) -> Iterator[str]:
    for error, text in zip(results["error"].to_pylist(), results["text"].to_pylist(), strict=True):
        if error is not None:
            name, message = json.loads(error)
            raise getattr(errors, name, ReviewdeskError)(message)
        yield text


@contextmanager
def _task_errors(what: str = "the cluster could not do it") -> Iterator[None]:
    """Turn Spark's errors into one sentence, without its traces."""
    try:
        yield
    except ReviewdeskError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        raise StorageError(f"{what}: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    """Return the line of an error that says most: that of the Python task, if it is there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("reviewdesk.errors.")]
    chosen = own[-1].partition(": ")[2] if own else (lines or [type(error).__name__])[0]
    return chosen[:300].rstrip(".")
