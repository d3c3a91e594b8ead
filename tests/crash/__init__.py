"""Programs that kill processes at random moments, and look whether anything is lost or half there."""
