"""Spark on this machine, started once for all tests that use it; they are skipped without it."""

import atexit
import shutil
from functools import cache

import pytest

from reviewdesk.engines.spark import SparkEngine
from reviewdesk.optional import is_installed

SETTINGS = {
    "spark.driver.memory": "512m",
    "spark.sql.shuffle.partitions": "2",  # tables of tests are small, and each task costs time
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def missing() -> str:
    """Return why there is no Spark here; empty where there is."""
    if not is_installed("pyspark"):
        return "Spark is not installed in this environment: make test-spark has one of its own"
    return "" if shutil.which("java") else "Spark needs Java, which is not installed"


def on_this_machine() -> SparkEngine:
    """Return the engine on two cores; skip the test where there is no Spark."""
    if reason := missing():
        pytest.skip(reason)
    return _started()


@cache
def _started() -> SparkEngine:
    engine = SparkEngine("local[2]", settings=SETTINGS)
    atexit.register(engine.close)
    return engine
