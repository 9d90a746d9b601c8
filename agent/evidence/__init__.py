"""Facts, claims, figures and the verdict, computed from recorded trials (SCIENCE §§3-4)."""
