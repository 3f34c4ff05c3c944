"""Who may ask: bearer tokens of a file, and JSON Web Tokens of an issuer."""
