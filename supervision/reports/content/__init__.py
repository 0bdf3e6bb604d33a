"""What each report says: functions from what is known (`known.py`) to a document, in Chinese or English."""
