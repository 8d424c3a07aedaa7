"""`cost`: what each model call cost, in USD, and where that figure comes from."""

from processors.cost.processor import Cost, CostConfig

__all__ = ["Cost", "CostConfig"]
