"""`python -m reviewdesk` is the same as `reviewdesk`."""

from reviewdesk.cli.main import main

main()
