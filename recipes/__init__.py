"""One script per task, to be read from top to bottom; installed as nlpseq.recipes."""
