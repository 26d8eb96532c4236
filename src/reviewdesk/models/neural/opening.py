"""What a folder's plan is learnt from."""

from pathlib import Path

from reviewdesk.models.neural.feature_material import FeatureRows
from reviewdesk.models.neural.material import Material, WordRows
from reviewdesk.models.neural.plan import DenseShape, Plan
from reviewdesk.models.neural.tokens import Tokens
from reviewdesk.models.sparse.chunks import Chunks


def open_material(plan: Plan, folder: Path) -> Material:
    """Return the rows that a plan is about."""
    if isinstance(plan.shape, DenseShape):
        return FeatureRows(Chunks.open(folder / "chunks"))
    return WordRows(Tokens.open(folder / "tokens"), folder / "tokens")
