"""From evidence and prose to a paper: rendering, binding, compiling."""
