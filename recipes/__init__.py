"""One script a task, read from top to bottom; installed as nlpseq.recipes."""
