from sprints.services.ledger import balances, fund_launch, fund_reserve

__all__ = [
    "balances",
    "fund_launch",
    "fund_reserve",
]
