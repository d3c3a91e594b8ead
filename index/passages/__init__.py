"""Documents → passages: sentences, units that stay whole, headings, and the text that is read."""
