"""A finding as a page: its plots, its passages, its picture, its law."""
