"""One kind of source a file: bytes of a capture in, blocks of located packets out."""
