"""The engine behind the routes: off the event loop, within bounds, batched."""
