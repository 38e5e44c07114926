"""Pages: pictures and documents as grey images, one for each sheet."""
