"""HTTP/2 (RFC 9113) for gRPC: cleartext, by clients that know that we speak it."""
