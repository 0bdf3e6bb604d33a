"""The conversations of the benchmark capture, by trade: what they are and how often."""
