"""The exit codes of the output contract."""

EXIT_NOTHING = 0
"""Done; no mining role reached `likely`."""
EXIT_FOUND = 1
"""Done; a mining role is at `likely` or more."""
EXIT_UNREADABLE = 2
"""A path named on the command line, or the database, could not be read, or an id is not held.

Holds over EXIT_FOUND."""
EXIT_USAGE = 3
"""Wrong usage or settings."""
STOPPED = 130
"""128 + SIGINT, as shells expect."""
EXIT_FAULT = 70
"""A fault of the program itself (EX_SOFTWARE of sysexits.h), with its traceback: never taken for 1."""
