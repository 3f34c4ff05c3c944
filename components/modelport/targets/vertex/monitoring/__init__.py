"""Who watches a service on Vertex AI, and who hears: objectives, alerts and dashboard of Cloud Monitoring."""
