"""The process's configuration: the only place that reads the environment."""

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """What a function is told by the template. Empty where the function has no use for it."""

    events_table: str
    registry_table: str
    sales_table: str
    ledger_table: str
    hub_table: str
    demand_table: str
    campaigns_table: str
    idempotency_table: str
    bucket: str
    store_url: str
    trusted_image_hosts: str
    registry_url: str
    registry_token_secret: str
    meta_api_url: str
    platform_secrets: str
    stage: str
    machines: dict[str, str]
    auth_issuer: str
    auth_audience: str
    jwks_url: str
    aws_endpoint: str | None
    region: str

    def machine(self, name: str) -> str:
        """ARN of the state machine called `name` in the template (e.g. ``frontend_status``)."""
        return self.machines[name]


@cache
def settings() -> Settings:
    """Read the environment once per process."""
    env = os.environ
    prefix = "MACHINE_"
    return Settings(
        events_table=env.get("EVENTS_TABLE", ""),
        registry_table=env.get("REGISTRY_TABLE", ""),
        sales_table=env.get("SALES_TABLE", ""),
        ledger_table=env.get("LEDGER_TABLE", ""),
        hub_table=env.get("HUB_TABLE", ""),
        demand_table=env.get("DEMAND_TABLE", ""),
        campaigns_table=env.get("CAMPAIGNS_TABLE", ""),
        idempotency_table=env.get("IDEMPOTENCY_TABLE", ""),
        bucket=env.get("BUCKET", ""),
        store_url=env.get("STORE_URL", ""),
        trusted_image_hosts=env.get("TRUSTED_IMAGE_HOSTS", ""),
        registry_url=env.get("REGISTRY_URL", ""),
        registry_token_secret=env.get("REGISTRY_TOKEN_SECRET", ""),
        meta_api_url=env.get("META_API_URL", ""),
        platform_secrets=env.get("PLATFORM_SECRETS", ""),
        stage=env.get("STAGE", ""),
        machines={key[len(prefix) :].lower(): arn for key, arn in env.items() if key.startswith(prefix)},
        auth_issuer=env.get("AUTH_ISSUER", ""),
        auth_audience=env.get("AUTH_AUDIENCE", ""),
        jwks_url=env.get("JWKS_URL", ""),
        aws_endpoint=env.get("AWS_ENDPOINT_URL"),
        region=env.get("AWS_REGION", env.get("AWS_DEFAULT_REGION", "us-east-1")),
    )


def child_environment() -> dict[str, str]:
    """What a child process needs to start on this system, and nothing that this process is told or allowed."""
    return {name: value for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if (value := os.environ.get(name))}
