"""Programs that run in the sandboxes of traced trials, by themselves; the host only reads their source."""
