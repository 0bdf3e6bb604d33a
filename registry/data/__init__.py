"""Tables that come with the registry, each with the program that makes it."""
