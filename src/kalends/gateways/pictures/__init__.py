"""Uploaded pictures, which Pillow reads in a process of its own."""
