"""The documentation's pages, and what makes a site of them."""
