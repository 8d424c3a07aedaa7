"""Components are found through entry points, and imported only when they are used."""

import sys
from pathlib import Path

import pytest

from collector.registry import BrokenComponentError, Registry
from tests.config.plugins import on_path, write_distribution


def test_built_in_and_foreign_components_are_found_the_same_way():
    assert {"redaction", "step"} <= set(Registry().types("processors"))
    assert {"otlp", "source"} <= set(Registry().types("receivers"))
    assert {"archive", "drain"} <= set(Registry().types("exporters"))


def test_a_class_is_loaded_by_kind_and_type():
    assert Registry().load("processors", "step").__name__ == "Step"


def test_nothing_is_imported_before_it_is_asked_for():
    registry = Registry()
    list(registry.registrations())
    assert "acme_winnow_heavy" not in sys.modules
    registry.load("processors", "heavy")
    assert "acme_winnow_heavy" in sys.modules


def test_a_type_that_nobody_offers_is_a_key_error():
    with pytest.raises(KeyError):
        Registry().load("processors", "drain")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crash", "No module named 'a_library_that_is_not_installed'"),
        ("gone", "has no attribute 'Gone'"),
        ("function", "it is not a subclass of collector.Processor"),
        ("loose", "its Config is not a subclass of collector.ComponentConfig"),
    ],
)
def test_a_broken_component_names_its_distribution_the_reason_and_a_remedy(name: str, reason: str):
    with pytest.raises(BrokenComponentError) as caught:
        Registry().load("processors", name)
    assert "acme-winnow 1.2" in str(caught.value)
    assert reason in str(caught.value)
    assert "reinstall" in str(caught.value)


def test_a_type_offered_twice_is_not_decided_by_chance(tmp_path: Path):
    entry_points = "[winnow.processors]\nstep = elsewhere:Step\n"
    write_distribution(tmp_path, "other-winnow", entry_points)
    with on_path(tmp_path), pytest.raises(BrokenComponentError) as caught:
        Registry().load("processors", "step")
    assert "acme-winnow 1.2" in str(caught.value)
    assert "other-winnow 1.2" in str(caught.value)
