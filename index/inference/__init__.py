"""Computing models on the CPU: what is read from their files, the graphs made of it, and the libraries for the rest."""
