"""The wiring: capture to protocols to classifier to registry to store."""
