"""The small frozen nouns that two rooms must name. Standard library and numpy only; no I/O."""
