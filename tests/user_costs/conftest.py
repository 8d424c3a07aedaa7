"""What the tests of `user_costs` share."""

import pytest

from tests.user_costs.cluster import cluster, database
from tests.user_costs.support import Collector, by_hand

__all__ = ["by_hand", "cluster", "database"]


@pytest.fixture
def collector(tmp_path, by_hand):
    """Makes collectors; what they store stays in one directory."""
    made = []

    def start(**settings):
        made.append(Collector(tmp_path, **settings))
        return made[-1]

    yield start
    for one in made:
        one.kill()
