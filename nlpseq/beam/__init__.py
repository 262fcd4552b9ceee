"""Apache Beam pipelines: the answers of an export to whole corpora. Needs the extra nlpseq[beam]."""
