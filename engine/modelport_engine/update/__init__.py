"""One run: from the program's registrations to steps, and from steps to state."""
