"""Ledgers imported from other bodies: market, mining list, support, money, penalties; and screening."""
