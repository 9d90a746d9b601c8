"""The stages of a study: plain functions from data and `Deps` to artifacts, in the order of the graph.

A stage knows neither langgraph nor any SDK. What it returns is stored by the graph's node, through
`Workspace.once`, so running a stage again after a crash gives the same artifacts.
"""
