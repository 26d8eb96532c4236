"""Engines: large tables are queried here, in bounded memory, by DuckDB or a cluster."""
