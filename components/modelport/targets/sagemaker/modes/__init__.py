"""How a service is asked: at once, by files through a queue, or in jobs over files."""
