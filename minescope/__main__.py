"""`python -m minescope`: the same as the `minescope` program."""

from minescope.main import main

main()
