"""Orderly exit: plans with a timetable, how far they slip, and sites that mine again."""
