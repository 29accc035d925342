"""Auth manager of the tests: users of Airflow's simple auth manager, and DAGs that viewers may not see."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class RestrictedAuthManager(SimpleAuthManager):
    """Hides DAGs named ``hidden_…`` from users without the role of an administrator."""

    def is_authorized_dag(self, *, details: Any = None, user: Any, **others: Any) -> bool:
        if details and not _may_see(user, str(details.id or "")):
            return False
        return super().is_authorized_dag(details=details, user=user, **others)

    def get_authorized_dag_ids(self, *, user: Any, **others: Any) -> set[str]:
        return {each for each in super().get_authorized_dag_ids(user=user, **others) if _may_see(user, each)}


def _may_see(user: Any, dag_id: str) -> bool:
    return user.role.upper() == "ADMIN" or not dag_id.startswith("hidden_")
