"""Transfer operators between object storage and VIAPI."""
