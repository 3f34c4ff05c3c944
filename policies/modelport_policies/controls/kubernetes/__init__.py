"""What the controls ask of resources on Kubernetes, a module per family."""
