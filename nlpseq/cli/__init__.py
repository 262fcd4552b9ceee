"""The command line: recipes, and the command `nlpseq`."""
