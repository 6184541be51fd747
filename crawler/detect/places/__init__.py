"""Names of places: the divisions of the country, and how much of a text consists of them."""
