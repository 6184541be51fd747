"""Parts of the detector `doorway`: what a page shows, which pages belong together, what is written of them."""
