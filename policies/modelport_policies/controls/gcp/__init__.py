"""What the controls ask of resources on Google Cloud, a module per family."""
