"""Evaluation of the finding of sealed miners on the traffic laboratory: `python -m benchmarks.evaluate`."""
