"""Transforms of single pictures: erase, enlarge, recolor, score."""
