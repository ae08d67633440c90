"""OpenAudio S1-mini in our own PyTorch.

From the outside in:

* `build`, `model`, `convert`, `voices`: a checkpoint folder, and what is in it.
* `cloning`: a recording as a voice.
* `runner`, `job`, `drawing`, `decoding`, `width`: a step.
* `sequence`, `lanes`, `reader`, `guard`: what it is made for.
* `codec`: codes to samples and back.

The language model:

* `generation`, `context`, `draw_state`: sequences in slots; prompts in, columns of codes out.
* `forward`, `capture`, `frame_graphs`, `codec_graphs`: what a GPU does again as it was recorded.
* `language_model`: a checkpoint, put together from `config`, `tokenizer` and `weights`.
* `dual_ar`, `transformer`, `rotary`, `linear`: the model itself. It has no state.
* `blocks`, `paged_cache`, `decode_batch`, `frame_cache`: the keys and values it is handed.
* `frames`, `sampling`, `window`, `noise`, `philox`: from a state to the codes that are drawn.
* `prompt`: the columns that a text and a voice become.
"""
