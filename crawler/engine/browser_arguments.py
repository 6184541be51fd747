"""With what arguments Chromium is started; the environment check writes them down (without Playwright)."""

# One renderer for a page with all its frames: the traffic of frames of other sites is seen in the page's session.
ARGUMENTS = (
    "--disable-site-isolation-trials",
    "--disable-quic",  # HTTP/3 tells even less of its heads
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
)
