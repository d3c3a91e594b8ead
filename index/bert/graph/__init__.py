"""A BERT as a graph of OpenVINO's nodes: its layers, its matrix products in 8 bits, the layout of values."""
