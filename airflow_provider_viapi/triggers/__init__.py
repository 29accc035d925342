"""The waiting, in the triggerer."""
