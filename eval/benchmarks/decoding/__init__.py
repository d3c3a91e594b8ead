"""What each choice of decoding brings, measured by answers."""
