"""Transforms of single images: erase, enlarge, recolor, score."""
