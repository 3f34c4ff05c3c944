"""What the Prometheus operator and Grafana are told of a service."""
