"""Long-lived traffic that does not mine, honest hard cases among it; many flows of a kind at once."""
