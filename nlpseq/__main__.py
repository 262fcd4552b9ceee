"""`python -m nlpseq`: the command `nlpseq`."""

from nlpseq.cli.main import main

if __name__ == "__main__":
    main()
