"""Simulated products: stars without a change, and with a planted one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.alarms import Alarms, raise_alarms
from reviewdesk.findings.declining.baselines import learn_baselines
from reviewdesk.findings.declining.histories import Histories, histories
from reviewdesk.findings.declining.scoring import score_looks

MIXES = np.array([[0.05, 0.04, 0.08, 0.23, 0.6], [0.25, 0.1, 0.1, 0.15, 0.4]])
FIRST_DAY = 15_706  # 2013-01-01
END = 16_800  # 2015-12-31


class Shop(NamedTuple):
    """Reviews of simulated products."""

    product: NDArray[np.int64]
    stars: NDArray[np.int64]
    days: NDArray[np.int32]
    changed: dict[int, int]  # product -> day of its change

    @property
    def keys(self) -> NDArray[np.uint64]:
        """Return a key for each review's product."""
        mixed: NDArray[np.uint64] = (self.product.astype(np.uint64) + 1) * np.uint64(
            0x9E3779B97F4A7C15
        )
        return mixed

    def histories(self, until: int = END) -> Histories:
        """Return histories of the reviews until a day."""
        ties = np.arange(len(self.product), dtype=np.uint64)
        early = self.days <= until
        return histories(self.keys[early], self.stars[early], self.days[early], ties[early])


def shop(seed: int, products: int = 70, *, share: float = 0.0, drop: float = 1.0) -> Shop:
    """Draw products of 15 to 200 reviews; a share of them drop in the middle of their time."""
    generator = np.random.default_rng(seed)
    columns = []
    changed = {}
    for product in range(products):
        count = int(generator.integers(15, 200))
        days = np.sort(generator.integers(FIRST_DAY, END + 1, count))
        mix = generator.dirichlet(20 * MIXES[product % 2])
        stars = generator.choice(5, count, p=mix)
        if product < share * products:
            changed[product] = int((FIRST_DAY + END) / 2)
            late = days >= changed[product]
            stars[late] = generator.choice(5, int(late.sum()), p=lowered(mix, drop))
        columns.append((np.full(count, product), stars, days))
    parts = [np.concatenate(one) for one in zip(*columns, strict=True)]
    last = np.array([END])  # so that the last month is over
    return Shop(
        np.concatenate([parts[0], [products]]),
        np.concatenate([parts[1], [4]]),
        np.concatenate([parts[2], last]).astype(np.int32),
        changed,
    )


def lowered(mix: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
    """Tilt a mix so that its mean falls by as much, or to nearly one star."""
    low, high = 0.0, 20.0
    stars = np.arange(5)
    for _ in range(50):
        tilt = (low + high) / 2
        tilted = mix * np.exp(-tilt * stars)
        tilted /= tilted.sum()
        if tilted @ stars > mix @ stars - drop:
            low = tilt
        else:
            high = tilt
    found: NDArray[np.float64] = tilted
    return found


def alarms_of(found: Histories, alpha: float = 0.1) -> Alarms:
    """Return the alarms of histories."""
    return raise_alarms(found, score_looks(found, learn_baselines(found)).levels, alpha)


def called(found: Histories, alarms: Alarms) -> dict[int, tuple[int, int]]:
    """Return for each key that was called the month and how many reviews there were."""
    return {
        int(found.keys[one]): (int(alarms.month[one]), int(found.looks[alarms.look[one]]))
        for one in alarms.products
    }
