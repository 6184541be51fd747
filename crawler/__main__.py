"""``python -m crawler`` is the command `evidence`."""

from crawler.cli import main

if __name__ == "__main__":
    main()
