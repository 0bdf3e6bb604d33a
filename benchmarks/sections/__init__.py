"""What `make bench` measures, one thing a file; table.py has them in order."""
