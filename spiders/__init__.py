"""One file per site. Scrapy finds them by SPIDER_MODULES; there is no list to keep."""
