"""How the detector `rebate` gathers what the corpus says of money for good reviews, and how it words it."""
