"""Differential price: which surcharge an account owes for which days, and what was paid of it."""
