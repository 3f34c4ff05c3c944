"""What goes over the wire: Pulumi's messages, property values, URNs and property paths."""
