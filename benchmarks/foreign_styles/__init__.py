"""Further styles of other systems' papers, each drawn by a module that knows nothing of the audit."""
