"""``python -m tests.gallery``: serve the gallery until Ctrl-C, to look at it in any browser."""

import sys
import threading
from contextlib import suppress

from tests.gallery.expected import GALLERY
from tests.gallery.site import GallerySite
from tests.gallery.trouble import ROUTES as TROUBLE

with GallerySite() as site, suppress(KeyboardInterrupt):
    for page in GALLERY.values():
        sys.stdout.write(f"{site.url(page.path):44}{page.trap}\n")
    sys.stdout.write("\n".join(site.url(path) for path in TROUBLE) + "\n")
    threading.Event().wait()
