"""Who knows which works exist."""
