"""Programs that `shoal template check` runs inside sandboxes: standard library only, Python 3.9 or newer."""
