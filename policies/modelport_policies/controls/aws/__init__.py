"""What the controls ask of resources on AWS, a module per family."""
