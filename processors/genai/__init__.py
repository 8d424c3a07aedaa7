"""`genai`: one vocabulary out of many, and which guardrails fired."""

from processors.genai.processor import GenAI, GenAIConfig

__all__ = ["GenAI", "GenAIConfig"]
