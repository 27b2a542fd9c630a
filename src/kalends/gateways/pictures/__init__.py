"""Pictures that somebody sent, read by Pillow in a process of its own."""
