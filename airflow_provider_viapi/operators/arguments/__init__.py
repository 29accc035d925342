"""Arguments of operators: their types (``options``), and how they are checked (``checks``, ``quality_thresholds``)."""
