"""What the server says about itself and about what goes through it: metrics, traces, logs, capture, drift.

Metrics are collected once, as families, and written as Prometheus text, as CloudWatch's embedded metric format, or sent
over OTLP. All else is off until a flag or a standard variable turns it on, and is imported only then.
"""
