"""Word, OpenDocument, RTF, slides and spreadsheets → blocks, most of them by way of pandoc."""
