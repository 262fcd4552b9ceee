"""The words of the embedded corpus of phrases: English and German."""

from dataclasses import dataclass

from nlpseq.corpora import german


@dataclass(frozen=True)
class Noun:
    """A noun: singular and plural in English and German, and its German gender."""

    singular: str
    plural: str
    gender: str
    german: str
    german_plural: str


@dataclass(frozen=True)
class Verb:
    """A verb.

    Attributes:
        base, third, past: its English forms ("look looks looked").
        after: the words after the verb ("at"), or "".
        infinitive, german_third, participle: its German forms, particle and verb joined
            by "+" in the infinitive: "an+sehen sieht gesehen".
        auxiliary: "haben" or "sein", of the perfect.
    """

    base: str
    third: str
    past: str
    after: str
    infinitive: str
    german_third: str
    participle: str
    auxiliary: str

    @property
    def particle(self) -> str:
        return german.particle_of(self.infinitive)

    @property
    def finite(self) -> tuple[str, str, str]:
        """The German present by person."""
        return german.finite_forms(self.infinitive, self.german_third)


def _nouns(text):
    return [Noun(*line.split()) for line in text.strip().splitlines()]


def _verbs(text):
    verbs = []
    for line in text.strip().splitlines():
        english, german_forms = (side.split() for side in line.split("|"))
        infinitive, third, *auxiliary, participle = german_forms
        forms, after = english[:3], " ".join(english[3:])
        verbs.append(Verb(*forms, after, infinitive, third, participle, *(auxiliary or ["haben"])))
    return verbs


def _pairs(text):
    return [tuple(pair.split("/")) for pair in text.split()]


PEOPLE = _nouns("""
    man men m Mann Männer
    woman women f Frau Frauen
    child children n Kind Kinder
    girl girls n Mädchen Mädchen
    teacher teachers m Lehrer Lehrer
    doctor doctors m Arzt Ärzte
    king kings m König Könige
    queen queens f Königin Königinnen
    friend friends m Freund Freunde
    sister sisters f Schwester Schwestern
    brother brothers m Bruder Brüder
    daughter daughters f Tochter Töchter
    son sons m Sohn Söhne
    aunt aunts f Tante Tanten
    uncle uncles m Onkel Onkel
    guest guests m Gast Gäste
    dog dogs m Hund Hunde
    cat cats f Katze Katzen
    horse horses n Pferd Pferde
""")
THINGS = _nouns("""
    book books n Buch Bücher
    letter letters m Brief Briefe
    key keys m Schlüssel Schlüssel
    ring rings m Ring Ringe
    hat hats m Hut Hüte
    coat coats m Mantel Mäntel
    picture pictures n Bild Bilder
    lamp lamps f Lampe Lampen
    cup cups f Tasse Tassen
    table tables m Tisch Tische
    flower flowers f Blume Blumen
    apple apples m Apfel Äpfel
    newspaper newspapers f Zeitung Zeitungen
    knife knives n Messer Messer
    shirt shirts n Hemd Hemden
""")
CLOSED = _nouns("""
    door doors f Tür Türen
    window windows n Fenster Fenster
    box boxes f Kiste Kisten
    bottle bottles f Flasche Flaschen
    suitcase suitcases m Koffer Koffer
    bag bags f Tasche Taschen
""")
PLACES = _nouns("""
    garden gardens m Garten Gärten
    kitchen kitchens f Küche Küchen
    school schools f Schule Schulen
    forest forests m Wald Wälder
    church churches f Kirche Kirchen
    house houses n Haus Häuser
    village villages n Dorf Dörfer
    park parks m Park Parks
""")

OF_PEOPLE = _pairs("""old/alt young/jung small/klein rich/reich poor/arm clever/klug lazy/faul
    friendly/freundlich sick/krank famous/berühmt strange/seltsam""")
OF_THINGS = _pairs("""old/alt new/neu small/klein big/groß red/rot green/grün black/schwarz
    beautiful/schön heavy/schwer cheap/billig strange/seltsam""")
OF_PLACES = _pairs("old/alt new/neu small/klein big/groß beautiful/schön")

TAKING_THINGS = _verbs("""
    buy buys bought | kaufen kauft gekauft
    sell sells sold | verkaufen verkauft verkauft
    find finds found | finden findet gefunden
    lose loses lost | verlieren verliert verloren
    repair repairs repaired | reparieren repariert repariert
    paint paints painted | malen malt gemalt
    carry carries carried | tragen trägt getragen
    look looks looked for | suchen sucht gesucht
    steal steals stole | stehlen stiehlt gestohlen
    hide hides hid | verstecken versteckt versteckt
    forget forgets forgot | vergessen vergisst vergessen
    throw throws threw away | weg+werfen wirft geworfen
    take takes took along | mit+nehmen nimmt genommen
    pick picks picked up | auf+heben hebt gehoben
""")
TAKING_CLOSED = _verbs("""
    open opens opened | auf+machen macht gemacht
    close closes closed | zu+machen macht gemacht
""")
TAKING_PEOPLE = _verbs("""
    see sees saw | sehen sieht gesehen
    visit visits visited | besuchen besucht besucht
    love loves loved | lieben liebt geliebt
    greet greets greeted | begrüßen begrüßt begrüßt
    understand understands understood | verstehen versteht verstanden
    look looks looked for | suchen sucht gesucht
    look looks looked at | an+sehen sieht gesehen
    call calls called | an+rufen ruft gerufen
    invite invites invited | ein+laden lädt geladen
""")
HELPING_PEOPLE = _verbs("""
    help helps helped | helfen hilft geholfen
    thank thanks thanked | danken dankt gedankt
    trust trusts trusted | vertrauen vertraut vertraut
    follow follows followed | folgen folgt sein gefolgt
""")
GIVING = _verbs("""
    give gives gave | geben gibt gegeben
    show shows showed | zeigen zeigt gezeigt
    send sends sent | schicken schickt geschickt
    lend lends lent | leihen leiht geliehen
    bring brings brought | bringen bringt gebracht
""")
STAYING = _verbs("""
    sleep sleeps slept | schlafen schläft geschlafen
    work works worked | arbeiten arbeitet gearbeitet
    wait waits waited | warten wartet gewartet
    sing sings sang | singen singt gesungen
    dance dances danced | tanzen tanzt getanzt
    laugh laughs laughed | lachen lacht gelacht
    play plays played | spielen spielt gespielt
""")
MOVING = _verbs("""
    come comes came | kommen kommt sein gekommen
    come comes came back | zurück+kommen kommt sein gekommen
    arrive arrives arrived | an+kommen kommt sein gekommen
    get gets got up | auf+stehen steht sein gestanden
    wake wakes woke up | auf+wachen wacht sein gewacht
    fall falls fell asleep | ein+schlafen schläft sein geschlafen
    leave leaves left | weg+gehen geht sein gegangen
""")
THINKING = _verbs("""
    think thinks thought that | glauben glaubt geglaubt
    hope hopes hoped that | hoffen hofft gehofft
    say says said that | sagen sagt gesagt
    ask asks asked whether | fragen fragt gefragt
""")
BEING = Verb("be", "is", "was", "", "sein", "ist", "gewesen", "sein")
CONJUNCTIONS = {"that": "dass", "whether": "ob", "because": "weil", "although": "obwohl", "if": "wenn"}
CONJUNCTIONS |= {"when": "wenn", "before": "bevor"}

# By the English subject: English object, person, and German nominative, accusative, dative.
PRONOUNS = {
    "I": ("me", "I", "ich", "mich", "mir"),
    "he": ("him", "it", "er", "ihn", "ihm"),
    "she": ("her", "it", "sie", "sie", "ihr"),
    "we": ("us", "they", "wir", "uns", "uns"),
    "they": ("them", "they", "sie", "sie", "ihnen"),
}

# By tense.
ALWAYS = [("today", "heute"), ("on Monday", "am Montag"), ("in the evening", "am Abend")]
ADVERBS = {
    "present": [*ALWAYS, ("now", "jetzt"), ("in the morning", "am Morgen")],
    "past": [*ALWAYS, ("yesterday", "gestern"), ("last week", "letzte Woche")],
    "modal": [*ALWAYS, ("tomorrow", "morgen"), ("next week", "nächste Woche")],
}
# German by English; negated "must" is "dürfen".
MODALS = {"will": "werden", "can": "können", "must": "müssen", "want": "wollen"}
