"""How messages become packets: records and frames, TCP, the path, the place of the capture."""
