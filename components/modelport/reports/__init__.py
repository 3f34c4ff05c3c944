"""What people and CI read about a service before it runs."""
