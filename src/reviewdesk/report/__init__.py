"""The one look of every page that reviewdesk writes: markup, blocks, charts, style."""
