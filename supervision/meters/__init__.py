"""Curves of electricity meters: 96 points a day, from files of suppliers to one lake, read by month."""
