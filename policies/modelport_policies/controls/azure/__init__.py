"""What the controls ask of resources on Azure, a module per family."""
