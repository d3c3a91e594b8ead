"""What is measured of answers and rankings."""
