"""The traffic laboratory: whole networks from a seed, as rhythm columns and as capture files; docs/laboratory.md."""
