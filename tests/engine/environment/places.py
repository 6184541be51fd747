"""A machine under a folder: every place that the checks look at, so that a test can change one of them."""

from pathlib import Path

from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Places

ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "{device}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "{device}\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
)


def clean_places(folder: Path, device: str = "eth0") -> Places:
    """A machine with which nothing is wrong."""
    for name in ("added", "policies", "nss", "flags"):
        (folder / name).mkdir(parents=True)
    (folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
    (folder / "resolv.conf").write_text(
        "# made by hand\nnameserver 223.5.5.5\nnameserver ::1\nsearch a.test\n"
    )
    (folder / "os-release").write_text('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n')
    (folder / "routes").write_text(ROUTES.format(device=device))
    (folder / "bundle.pem").write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 3)
    return Places(
        hosts=folder / "hosts",
        resolv=folder / "resolv.conf",
        release=folder / "os-release",
        routes=folder / "routes",
        routes6=folder / "routes6",
        bundles=(folder / "bundle.pem",),
        added=(folder / "added", folder / "none"),
        nss=folder / "nss",
        policies=(folder / "policies",),
        browser_flags=folder / "flags",
        container=(folder / "none",),
    )


def said(name: str, judged: Judged) -> str:
    """The words for a verdict."""
    return rules()[name].result(judged).reason
