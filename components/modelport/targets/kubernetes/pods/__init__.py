"""The pods of a version: what runs in them, how the model gets there, and how they stay up."""
