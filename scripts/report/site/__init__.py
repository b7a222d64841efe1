"""The static site: pages for people, files for programs, from committed data alone."""
