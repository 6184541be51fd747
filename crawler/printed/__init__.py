"""Values as pages print them: counts, prices, ratings, times and regions, in Chinese and Western notation.

Pure functions: text in, value out, and None for whatever was not understood or is ambiguous. A wrong number
in evidence is worse than a missing one, so nothing is guessed. Libraries do the parts that they do right
(cn2an: Chinese numerals; price-parser: decimal marks; dateparser: worded times, names of months); what they were
seen to get wrong ("11-20", "1.2万", "三天前") is read here before they see it. How well: docs/normalisation.md.
"""

from crawler.printed.clock_times import CHINA
from crawler.printed.moments import moment
from crawler.printed.numbers import number
from crawler.printed.prices import money
from crawler.printed.ratings import rating
from crawler.printed.regions import region

__all__ = ["CHINA", "moment", "money", "number", "rating", "region"]
