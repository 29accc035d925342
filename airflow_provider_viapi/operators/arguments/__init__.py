"""Arguments of operators: their types (``options``), and how they are checked (``checks``).

``quality_thresholds`` also says which thresholds a measured video does not meet.
"""
