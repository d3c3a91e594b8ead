"""What computes the embedder and the reader on the CPU: BERTs compiled by OpenVINO."""
