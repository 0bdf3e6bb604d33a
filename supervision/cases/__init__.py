"""Cases: who does what about a project or a warning, between departments, until it is closed."""
