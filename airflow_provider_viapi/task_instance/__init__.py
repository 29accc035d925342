"""The running task in Airflow: its XComs, and whether its jobs must be cancelled."""
