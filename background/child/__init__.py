"""A child process: the program that runs in it, and what it and its parent say to each other."""
