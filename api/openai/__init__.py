"""OpenAI's protocol: chat completions, responses and embeddings."""
