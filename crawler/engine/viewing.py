"""How an archive wants its pages looked at: from evidence.toml to `Viewing`."""

from crawler.config import Config
from crawler.engine.rendering.look import Viewing


def viewing_of(config: Config, *, user_agent_suffix: str | None = None) -> Viewing:
    """The window and the limits of an archive's settings; our name stands behind the browser's own."""
    return Viewing(
        width=config.viewport_width,
        height=config.viewport_height,
        device_scale=config.device_scale,
        user_agent_suffix=config.user_agent if user_agent_suffix is None else user_agent_suffix,
        seconds=config.page_seconds,
        screens=config.screens,
        max_body=int(config.max_page_megabytes * (1 << 20)),
    )
