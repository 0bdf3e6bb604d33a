"""What miners and pools say, and when: pure, in plain text; one dialect a file."""
