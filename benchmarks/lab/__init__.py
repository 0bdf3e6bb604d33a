"""The traffic laboratory: networks from a seed, as rhythm columns and as captures; docs/laboratory.md."""
