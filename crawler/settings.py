"""Every Scrapy setting that we change, each with its reason. What depends on the archive is in engine/addon.py."""

BOT_NAME = "web-evidence"
SPIDER_MODULES = ["spiders"]
ADDONS = {"crawler.engine.addon.EvidenceAddon": 500}

# The way of an item: table of contents of `pipelines/`. Each step's file says what it does in its first line.
ITEM_PIPELINES = {
    "pipelines.require_capture.RequireCapture": 100,
    "pipelines.normalize.Normalize": 200,
    "pipelines.pseudonymize.Pseudonymize": 300,
    "pipelines.store.Store": 400,
    "pipelines.seal.Seal": 500,
}

# Wire, record, acknowledge.
DOWNLOAD_HANDLERS = {
    "http": "crawler.engine.wire.WireHandler",
    "https": "crawler.engine.wire.WireHandler",
    # What is not fetched over the wire is no evidence.
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}
SCHEDULER = "crawler.engine.frontier.Frontier"
DOWNLOADER_MIDDLEWARES = {
    "crawler.engine.acknowledge.Unanswered": 10,
    "crawler.engine.acknowledge.OnSite": 50,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # drops redirects without a word
    "crawler.engine.replay.RecordedPages": 90,
    "crawler.engine.robots.RobotsGate": 100,
    "crawler.engine.render.Render": 570,  # above redirects: only pages are looked at
    "crawler.engine.acknowledge.Refreshes": 580,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,  # likewise chains that are too long
    "crawler.engine.acknowledge.Redirects": 600,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.engine.record.Recorder": 950,  # next to the wire: every hop, the body still content-coded
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # RobotsGate stands in for it
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,  # no proxy from the environment
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # engine/decoding.py: strict
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,  # a cached answer was not fetched now
}
SPIDER_MIDDLEWARES = {"crawler.engine.settle.Settle": 10, "crawler.engine.watching.OnlyTurning": 20}
EXTENSIONS = {"crawler.engine.lifecycle.RunLog": 10}

EVIDENCE_WATCH = 0  # pages of one list; `evidence watch` sets it
EVIDENCE_RENDER = False  # --render: look at each page with a browser as well
EVIDENCE_SCREENCAST = False
EVIDENCE_REPLAY_CHECK = (
    True  # --no-replay-check: each rendered page is opened once more, from its records alone
)

# Politeness. The delay comes from evidence.toml, a longer Crawl-delay from robots.txt.
ROBOTSTXT_OBEY = True  # RobotsGate refuses to start without it
ROBOTSTXT_USER_AGENT = "web-evidence"
CONCURRENT_REQUESTS = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_ITEMS = 1  # our steps never wait; Scrapy would start 100 tasks for every page
RETRY_TIMES = 1
RETRY_HTTP_CODES = [500, 502, 503, 504]  # 408 and 429 ask us to go away, not to come again
COOKIES_ENABLED = False  # each request stands alone: anyone can repeat it and see the same page
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
    # engine/decoding.py undoes br and zstd too, but the tools of others do not all: `warcio check` 1.8.1 crashes on
    # br beside Google's brotli (measured), and a replay needs more than browsers give a service worker.
    "Accept-Encoding": "gzip, deflate",
}
URLLENGTH_LIMIT = (
    0  # Scrapy would drop a long link without a word; engine/acknowledge.py refuses it with the reason
)
REFERER_ENABLED = False  # a request tells nobody where we have been

# Trust.
DOWNLOAD_VERIFY_CERTIFICATES = True  # Scrapy's default is False; a failure is recorded as a failed capture
DOWNLOAD_FAIL_ON_DATALOSS = True  # a cut answer is a partial capture and goes to no spider

# Nothing listens, nothing executes code from outside.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

LOG_LEVEL = "INFO"
