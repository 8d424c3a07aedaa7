"""Mistakes are told before the start, and state is kept behind redaction only."""

import pytest
from pydantic import ValidationError

from collector.config.load import load_config
from collector.errors import ConfigError
from processors.user_costs import UserCostsConfig


def test_an_address_that_is_none_is_told_without_showing_it():
    with pytest.raises(ValidationError) as caught:
        UserCostsConfig.model_validate({"url": "mysql://root:hunter2@db"})
    assert "write postgresql://user:password@host/database" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_without_psycopg_an_address_is_a_mistake_that_names_the_remedy(monkeypatch):
    monkeypatch.setattr("processors.user_costs.config.find_spec", lambda name: None)
    with pytest.raises(ValidationError, match=r"pip install 'winnow-collector\[postgres\]'"):
        UserCostsConfig.model_validate({"url": "postgresql://db/costs"})


def test_two_places_for_one_table_are_a_mistake():
    with pytest.raises(ValidationError, match="remove one of them"):
        UserCostsConfig.model_validate({"url": "postgresql://db/costs", "path": "costs.db"})


def test_users_are_written_down_behind_redaction_only(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        """
receivers: {otlp: {}}
processors: {user_costs: {}, redaction: {}}
exporters: {debug: {}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [user_costs, redaction], exporters: [debug]}
"""
    )
    with pytest.raises(ConfigError, match="'user_costs', which writes spans down"):
        load_config(path)
