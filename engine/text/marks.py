"""The punctuation of the world's scripts, by how it borders a clause or a sentence."""

# Look-alikes are what this table is about.
# ruff: noqa: RUF001

#: Lines are sentences of their own.
NEWLINES = frozenset("\n\r\v\f\x85\u2028\u2029")
#: Marks that also stand inside words, numbers and addresses: only a space after them confirms.
PLAIN_MARKS = frozenset(".!?…,;:–·\u037e\u0387\u055d‼⁇⁈⁉")
#: Marks of scripts that put no space after them, or never use them inside a word.
WIDE_MARKS = frozenset("。！？｡．，、；：､؟،؛۔।॥։።፣፤፥፦፧፨។៕။၊།༎᠂᠃")
#: Of these, the ones that may stand between digits.
BETWEEN_DIGITS = frozenset("．，：،—―")
#: Between clauses, and around what is put into one.
DASHES = frozenset("—―")
#: Whatever may end a clause or a sentence, or make its end longer.
MARKS = PLAIN_MARKS | WIDE_MARKS | DASHES
#: Straight quotes, and the emphasis of Markdown, close when they touch a mark.
STRAIGHT_CLOSERS = frozenset("\"'*_`")
#: German and some others close with what opens elsewhere: „Ja.“
REVERSED_CLOSERS = frozenset("“‘«‹")
#: French puts one of these between a mark and the closing quote.
NO_BREAK_SPACES = frozenset("\u00a0\u202f")
#: Marks that end a word without a space: what follows is a new one.
WORD_ENDING_MARKS = WIDE_MARKS | DASHES | frozenset("…")
