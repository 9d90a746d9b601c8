"""Makes LaTeX compile: by rule, then by a model, and at last by leaving out the smallest block that fails."""
