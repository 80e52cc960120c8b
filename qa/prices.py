"""What an answer cost, by a table of prices that the user keeps: none is built in, since they
change. `prices.example.toml` shows its format."""

import tomllib
from collections.abc import Mapping
from typing import Any

from qa.errors import InputError
from qa.settings import Settings
from qa.types import Cost

PER = 1_000_000  # tokens that a price is for


def load(settings: Settings) -> dict[str, Any]:
    """The table of QA_PRICES, or of `prices.toml` in the home folder; empty where neither is there.
    Raises InputError for a table that cannot be used."""
    path = settings.prices or settings.home / "prices.toml"
    if settings.prices is None and not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as prices: {error}") from None
    if fault := _fault(table):
        raise InputError(f"{path}: {fault}: prices.example.toml shows the format")
    return table


def cost(table: Mapping[str, Any], *calls: tuple[str, Mapping[str, int]]) -> Cost | None:
    """The price of the tokens that some models counted; None where one of them is not in the table,
    and where nothing was counted."""
    counted = [(table.get("models", {}).get(model), usage) for model, usage in calls if usage]
    if not counted or any(prices is None for prices, _ in counted):
        return None
    amount = sum(
        usage.get("prompt_tokens", 0) * prices["input"]
        + usage.get("completion_tokens", 0) * prices["output"]
        for prices, usage in counted
    )
    return Cost(amount / PER, table["currency"])


def _fault(table: Mapping[str, Any]) -> str:
    models = table.get("models", {})
    if not isinstance(models, dict) or (models and not isinstance(table.get("currency"), str)):
        return 'it needs a currency, such as currency = "USD", and tables [models."NAME"]'
    for name, prices in models.items():
        for kind in ("input", "output"):
            price = prices.get(kind) if isinstance(prices, dict) else None
            if isinstance(price, bool) or not isinstance(price, int | float) or not price >= 0:
                return f"{name} needs a number for {kind}"
    return ""
