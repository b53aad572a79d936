"""Whole portals in real processes, to which something happens that nobody planned."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """They need the control plane and real processes."""
    item.add_marker(pytest.mark.cluster)
