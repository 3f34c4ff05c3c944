"""What a pull request would do, found out from two revisions of a repository."""
