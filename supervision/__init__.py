"""Enterprise to load, price and case (built by later issues)."""
