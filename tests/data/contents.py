"""What data hold, in all splits together."""


def everything(data, read):
    """What `read` gives for the three splits, together."""
    return [item for split in data.sizes for item in read(getattr(data, split))]


def rows_of(data):
    def read(part):
        return [(text.decode(), data.labels[label]) for text, label in zip(part.texts, part.labels)]

    return sorted(everything(data, read))


def pairs_of(data):
    return sorted(everything(data, lambda part: [(a.decode(), b.decode()) for a, b in zip(part.sources, part.targets)]))


def sentences_of(data):
    def read(part):
        names = [[data.labels[tag] for tag in tags] for tags in part.tags]
        return [list(zip(*sentence)) for sentence in zip(part.tokens, names)]

    return sorted(everything(data, read))


def text_of(data):
    return "".join(line.decode() + "\n" for line in everything(data, lambda part: part.lines) if line)
