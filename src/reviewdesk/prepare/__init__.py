"""Preparing: raw reviews become clean Parquet by month, each review once, with a manifest.

What happens, in order, and where it stands:

1. ``prepare`` takes the output's lock and opens the ``workspace`` beside it;
2. ``staging`` reads, cleans and filters one input after another into sorted ``runs``;
3. ``duplicates`` finds copies from the rows' ids and ``identity`` alone, through an engine;
4. ``months`` merges the runs into one Parquet file for each month;
5. ``manifest`` says what there is, and the finished folder is renamed into its place;
6. ``prepared`` reads it, for every later step.
"""
