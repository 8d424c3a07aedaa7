"""Winnow, the collector for AI-agent traces. This module is the face that components import.

A component is a class with a `Config` (a pydantic model), built by the collector with its
configuration and a `Context`, and found through a Python entry point. See CONTRIBUTING.md.
"""

from collector.attributes import Attributes, Value, to_python, write_value
from collector.batch import Batch, ResourceRecord, ScopeRecord, SpanRecord
from collector.clock import Clock
from collector.component import Component, Consumer, Context, Exporter, Processor, Receiver
from collector.config.fields import ComponentConfig, ConfigModel, Duration, Endpoint, Secret
from collector.config.problems import MistakesError
from collector.delivery.settings import ExporterConfig, QueueBatch, SendingQueue
from collector.errors import (
    ConfigError,
    DeliveryError,
    PermanentError,
    RefusedError,
    RetryableError,
    SplitError,
    StartError,
    WinnowError,
)
from collector.packing import Packer, pack
from collector.storage import Storage
from collector.telemetry.metrics import BoundedLabel
from collector.transaction import Transaction

__version__ = "0.1.0"

__all__ = [
    "Attributes",
    "Batch",
    "BoundedLabel",
    "Clock",
    "Component",
    "ComponentConfig",
    "ConfigError",
    "ConfigModel",
    "Consumer",
    "Context",
    "DeliveryError",
    "Duration",
    "Endpoint",
    "Exporter",
    "ExporterConfig",
    "MistakesError",
    "Packer",
    "PermanentError",
    "Processor",
    "QueueBatch",
    "Receiver",
    "RefusedError",
    "ResourceRecord",
    "RetryableError",
    "ScopeRecord",
    "Secret",
    "SendingQueue",
    "SpanRecord",
    "SplitError",
    "StartError",
    "Storage",
    "Transaction",
    "Value",
    "WinnowError",
    "pack",
    "to_python",
    "write_value",
]
