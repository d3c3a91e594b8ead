"""What goes over the wire: requests, responses, events and uploads."""
