"""`python -m gvcpos.cli` is `gvcpos`."""

from gvcpos.cli.main import main

main()
