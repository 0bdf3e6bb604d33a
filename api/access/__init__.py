"""Who asks, what they may see, and the trail that every question leaves."""
