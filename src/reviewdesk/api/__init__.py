"""The Python face: what the command line does, on DataFrames, lists and files, shown in notebooks.

Each function here calls the same function of the rooms as the command of its name.
"""
