"""Models that answer: loaded and checked, run alone or joined, remembered."""
