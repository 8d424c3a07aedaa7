"""`user_costs`: what each user and organisation spends, an hour a row, counted before sampling."""

from processors.user_costs.config import UserCostsConfig
from processors.user_costs.processor import UserCosts

__all__ = ["UserCosts", "UserCostsConfig"]
