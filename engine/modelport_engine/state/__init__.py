"""What is kept: a stack's resources, its secrets, and the folder that holds them."""
