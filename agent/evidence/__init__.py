"""Facts, claims, figures and the verdict, computed from recorded trials (docs/how-a-study-works.md)."""
