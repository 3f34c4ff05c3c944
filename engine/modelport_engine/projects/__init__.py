"""What the user wrote: the project, its stack files, and a stack opened with its state."""
