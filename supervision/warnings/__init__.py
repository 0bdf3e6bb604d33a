"""Risk warnings over the whole chain: raised by rules, owned, escalated, delivered."""
