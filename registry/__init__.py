"""Address, port and time to enterprise and site: pure rules on values."""
