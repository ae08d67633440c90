"""What a text without a sound is to clients of other servers: a short silence.

A model writes such texts: an emoji, an ellipsis, a mood in brackets. Pipecat takes a reply without
audio for a failure of the service, and uses it no more after three of them.
"""

#: By then every format has a frame, behind the delay of its encoder: mp3 at 8 kHz is the last.
SILENCE_S = 0.25
