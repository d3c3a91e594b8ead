"""Questions after questions: what pronouns stand for, and what is left out."""
