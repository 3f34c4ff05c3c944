"""How another version comes: by updates in steps, or beside the one of before."""
