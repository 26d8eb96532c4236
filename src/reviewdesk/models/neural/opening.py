"""What a folder's plan is learnt from."""

from pathlib import Path

from reviewdesk.models.neural.feature_material import FeatureRows
from reviewdesk.models.neural.material import Material, WordRows
from reviewdesk.models.neural.plan import DenseShape, TrainingPlan
from reviewdesk.models.neural.tokens import TokenFiles
from reviewdesk.models.sparse.chunks import Chunks


def open_material(plan: TrainingPlan, folder: Path) -> Material:
    """Return the rows that a plan is about."""
    if isinstance(plan.shape, DenseShape):
        return FeatureRows(Chunks.open(folder / "chunks"))
    return WordRows(TokenFiles.open(folder / "tokens"), folder / "tokens")
