"""Where untrusted code runs: Docker, bubblewrap, or (only when asked for) nothing around it."""
