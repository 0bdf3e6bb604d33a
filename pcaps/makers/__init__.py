"""The makers of the sample captures in pcaps/: conversations by protocol code, the same bytes each time."""
