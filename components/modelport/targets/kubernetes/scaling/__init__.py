"""How many pods a version has."""
