"""The project inventory: what mines or is to mine, whose it is, how far it is on its way out."""
