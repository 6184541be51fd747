"""Single pages, by address: `evidence capture URL`. Recorded and sealed; read by nobody."""

from crawler.engine.site import Output, Page, Site


class SinglePage(Site):
    """Fetches the address it is given, and nothing else."""

    name = "page"
    domains = ()
    pages = (Page("post", ".", "parse_page"),)

    @classmethod
    def owns(cls, url: str) -> bool:
        """Every http or https address."""
        return url.startswith(("http://", "https://"))

    def parse_page(self, _response: object) -> Output:
        """The page itself is the result."""
        yield from ()
