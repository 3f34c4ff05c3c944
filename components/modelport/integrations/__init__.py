"""Libraries of others, for those who have them: each is imported when it is first used."""
