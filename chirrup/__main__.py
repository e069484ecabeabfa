"""`python -m chirrup` is `chirrup`."""

from .cli import main

main()
