"""Rules, routes and dashboards in the forms of Prometheus, Alertmanager, the Prometheus operator and Grafana."""
