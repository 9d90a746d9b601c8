"""`python -m agent` is the command `shoal`."""

from agent.cli import main

if __name__ == "__main__":
    main()
