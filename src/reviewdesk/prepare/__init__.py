"""Preparing: raw reviews become clean Parquet by month, each review once, with a manifest.

What happens, in order, and where it stands:

1. ``prepare`` takes the output's lock and opens the ``workspace`` beside it;
2. ``staging`` reads, cleans and filters one input after another into sorted ``runs``;
3. ``duplicates`` finds copies from the rows' ids and ``identity`` alone, through an engine;
4. ``parts`` merges the runs into one file for each month, or category, or both;
5. ``manifest`` says what there is, and the finished folder is renamed into its place;
6. ``prepared`` reads it, for every later step.
"""
