"""The verbs of the command line, a module each: they call the rooms and print what these return."""
