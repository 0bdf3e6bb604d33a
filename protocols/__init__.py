"""Bytes of a stream in, events out: sans-IO, one protocol a file, one explicit table."""
