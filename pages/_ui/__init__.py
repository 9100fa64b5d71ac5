"""What the pages share: the draft, the words, widgets made from the catalog, pictures, the live chart."""
