"""Defragmentation and TCP reassembly of the few flows that the sieve tagged."""
