"""What carries requests to the application: HTTP, gRPC, and the socket that servers hand on."""
