"""Create, read, update and delete of what no Pulumi provider has."""
