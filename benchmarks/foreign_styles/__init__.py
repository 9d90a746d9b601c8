"""Further styles of other systems' papers, each drawn by a module of its own that knows nothing of the audit."""
