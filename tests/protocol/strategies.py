"""Hypothesis strategies: every message that the wire can carry."""

from hypothesis import strategies as st

from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.fields import (
    LANGUAGE,
    MAX_COUNT,
    MAX_ID_CHARS,
    MAX_SEED,
    MAX_WORD_CHARS,
    VOICE_ID,
    WORD,
)

counts = st.integers(0, MAX_COUNT)
rates = st.integers(1, MAX_COUNT)
streams = st.integers(1, MAX_COUNT)
ids = counts | st.text(max_size=MAX_ID_CHARS)
texts = st.text(max_size=50)
seconds = st.floats(0, MAX_COUNT)
pcm = st.binary(min_size=1, max_size=50)
none = st.none()

client_messages: st.SearchStrategy[m.ClientMessage] = st.one_of(
    st.builds(
        m.Open,
        stream=streams,
        voice=none | st.from_regex(VOICE_ID, fullmatch=True),
        reference=none | st.builds(m.Reference, audio=st.binary(max_size=50), text=texts),
        language=none | st.from_regex(LANGUAGE, fullmatch=True),
        sample_rate=none | rates,
        encoding=st.sampled_from(("pcm16", "mulaw", "alaw")),
        speed=none | st.floats(0.25, 4),
        pitch=none | st.floats(-12, 12),
        volume_db=none | st.floats(-60, 20),
        normalize=none | st.booleans(),
        lexicon=none
        | st.dictionaries(
            st.from_regex(WORD, fullmatch=True).filter(lambda word: len(word) <= MAX_WORD_CHARS),
            st.text(max_size=20),
            max_size=3,
        ),
        seed=none | st.integers(0, MAX_SEED),
        temperature=none | st.floats(0, 2),
        top_p=none | st.floats(0, 1),
        repetition_penalty=none | st.floats(0.5, 2),
        credit=none | counts,
        service_class=st.sampled_from(("call", "note")),
    ),
    st.builds(m.Text, stream=streams, text=texts),
    st.builds(m.Flush, stream=streams, id=none | ids),
    st.builds(m.End, stream=streams),
    st.builds(m.Cancel, stream=streams, played=none | counts),
    st.builds(m.Credit, stream=streams, upto=counts, played=none | counts),
    st.builds(m.Ping, id=none | ids),
    st.builds(m.Bye),
)

limits = st.builds(
    m.Limits,
    max_message_bytes=counts,
    max_streams=counts,
    default_credit_s=seconds,
    stall_s=seconds,
)
server_messages: st.SearchStrategy[m.ServerMessage] = st.one_of(
    st.builds(m.Ready, session=texts, model=texts, sample_rate=rates, limits=limits),
    st.builds(m.Opened, stream=streams, sample_rate=rates),
    st.builds(m.Audio, stream=streams, at=counts, pcm=pcm),
    st.builds(
        m.Mark,
        stream=streams,
        at=counts,
        start=counts,
        end=counts,
        unit=st.sampled_from(("segment", "word")),
    ),
    st.builds(m.Flushed, stream=streams, id=none | ids, at=counts),
    st.builds(m.Blocked, stream=streams, at=counts),
    st.builds(
        m.Done,
        stream=streams,
        samples=counts,
        reason=st.sampled_from(("end", "length", "repetition")),
    ),
    st.builds(m.Cancelled, stream=streams, samples=counts, heard=none | counts),
    st.builds(
        m.Error,
        code=st.sampled_from(ErrorCode),
        message=texts,
        retryable=st.booleans(),
        stream=none | streams,
        retry_after_s=none | seconds,
    ),
    st.builds(m.Pong, id=none | ids),
    st.builds(m.Draining, deadline_s=seconds),
)
