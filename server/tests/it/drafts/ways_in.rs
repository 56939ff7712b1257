//! Owns what is the same by every way in: the API, the pages, the command line.
