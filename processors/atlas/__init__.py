"""`atlas`: what spans are in the terms of the AI Interaction Atlas."""

from processors.atlas.config import AtlasConfig
from processors.atlas.processor import Atlas

__all__ = ["Atlas", "AtlasConfig"]
