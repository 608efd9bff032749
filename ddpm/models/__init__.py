"""Networks, codecs and text encoders, and the types by which the rest of the package knows them. Knows no files."""
