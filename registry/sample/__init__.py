"""The generated sample registry: documentation prefixes, made-up enterprises, an unassigned division."""
