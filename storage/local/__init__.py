"""Storage in the data folder: a disk of this machine, or one that all machines mount."""
