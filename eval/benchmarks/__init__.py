"""Speed and growth on this machine."""
