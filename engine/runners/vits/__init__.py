"""VITS and MMS checkpoints, with the modules of `transformers`.

From the outside in:

* `build`, `model`, `config`, `weights`: a checkpoint folder, and what is in it.
* `reader`, `languages`, `voices`: its tokenizer, its language and its speakers.
* `runner`, `sequence`: a step, and what it is made for.
* `prior`, `vocoder`: the two halves of the network, for a batch. `noise` is what a row draws.
"""
