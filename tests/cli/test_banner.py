"""The first thing that people read: where spans go in, where they go, where to look."""

from dataclasses import replace
from pathlib import Path

from collector.banner import banner
from collector.config.load import load_config

CONFIGURATION = """\
receivers: {otlp: }
exporters:
  archive: {url: "s3://bucket/prefix"}
  debug:
  otlphttp: {endpoint: "https://traces.example/otlp"}
service:
  telemetry: {endpoint: "127.0.0.1:0"}
  pipelines:
    traces: {receivers: [otlp], exporters: [archive, debug, otlphttp]}
"""


def test_the_banner_names_the_pipelines_the_destinations_and_the_pages(tmp_path: Path):
    assert _banner(tmp_path).splitlines()[2:] == [
        "  traces      (as they come) → archive, debug, otlphttp",
        "  delivers    s3://<redacted>@bucket/prefix  (archive)",
        "  delivers    https://traces.example/otlp/v1/traces  (otlphttp)",
        "  state       data/state",
        "  look at     http://127.0.0.1:9999/metrics  /livez  /readyz",
    ]


def test_the_banner_shows_no_secret(tmp_path: Path):
    text = _banner(tmp_path)
    assert "sesame" not in text
    assert "tulip" not in text


def _banner(directory: Path) -> str:
    path = directory / "pipeline.yaml"
    path.write_text(CONFIGURATION)
    config = load_config(path)
    archive = config.exporters["archive"]
    # The archive itself would refuse such a URL; other people's exporters may not.
    careless = {"url": "s3://key:sesame@bucket/prefix?sig=tulip"}
    config.exporters["archive"] = replace(
        archive, config=archive.config.model_copy(update=careless)
    )
    return banner(config, [], 9999)
