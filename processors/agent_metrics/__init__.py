"""`agent_metrics`: what the agents do, counted before anything is sampled away."""

from processors.agent_metrics.config import AgentMetricsConfig
from processors.agent_metrics.processor import AgentMetrics

__all__ = ["AgentMetrics", "AgentMetricsConfig"]
