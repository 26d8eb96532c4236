"""The argument that names a graph."""

from pathlib import Path
from typing import Annotated

import typer

GraphFolder = Annotated[Path, typer.Argument(help="Folder of a graph.", metavar="GRAPH")]
