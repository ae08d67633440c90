"""What every `VoiceStore` promises. A subclass says how one is opened, and opened again."""

import re
from dataclasses import replace

import anyio
import pytest

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.store import StoredVoice, VoiceDetails, VoiceStore, digest_of

AUDIO = bytes(range(256))
DETAILS = VoiceDetails("Warm, and a bit hoarse. 🙂", ("female", "schön"), "public")
NO_IDS = ("nobody", "", ".", "..", "../anna", "a/b", "/etc", "a\0", "ä", "a" * 129, ".a", "a+b")


def reference(text: str = "Wie schön.") -> Reference:
    return Reference(AUDIO, text)


def voice(voice_id: str, kept: Reference | None = None) -> StoredVoice:
    return StoredVoice(voice_id, f"The voice {voice_id}", digest_of(kept or reference()))


async def refusal(store: VoiceStore, new: StoredVoice, kept: Reference) -> ErrorCode:
    """Return the code of a voice that is refused, before any work as after it."""
    with pytest.raises(RequestError) as refused:
        await store.check(new.id, len(kept.audio))
    with pytest.raises(RequestError, match=re.escape(refused.value.message)):
        await store.add(new, kept)
    return refused.value.code


class VoiceStoreConformance:
    """Tests are run for the store that `reopened` returns: the same one, as another process."""

    MAX_VOICES = 3
    MAX_BYTES = 1_000

    def reopened(self) -> VoiceStore:
        """Open the store of this test, with the bounds above; it is empty at first."""
        raise NotImplementedError

    async def test_it_is_empty_at_first(self) -> None:
        assert await self.reopened().voices() == []

    async def test_what_is_added_is_there_for_everyone(self) -> None:
        await self.reopened().add(voice("anna"), reference())
        for store in (self.reopened(), self.reopened()):
            assert await store.voices() == [voice("anna")]
            assert await store.find("anna") == voice("anna")
            assert await store.reference(voice("anna")) == reference()

    async def test_a_voice_is_kept_with_its_lexicon(self) -> None:
        new = replace(voice("anna"), lexicon={"K8s": "Kubernetes", "Ärzte": ""})
        await self.reopened().add(new, reference())
        assert await self.reopened().find("anna") == new
        assert await self.reopened().voices() == [new]
        assert await self.reopened().reference(new) == reference()

    async def test_voices_come_by_id(self) -> None:
        store = self.reopened()
        for name in ("b", "a.1", "C"):
            await store.add(voice(name), reference())
        assert [each.id for each in await store.voices()] == sorted(["b", "a.1", "C"])

    async def test_an_id_is_taken_until_it_is_removed(self) -> None:
        store, other = self.reopened(), reference("Another text.")
        await store.add(voice("anna"), reference())
        assert await refusal(store, voice("anna", other), other) is ErrorCode.BAD_STATE
        assert await store.reference(voice("anna")) == reference()
        await self.reopened().remove("anna")
        await store.add(voice("anna", other), other)
        assert await store.reference(voice("anna", other)) == other
        # Whoever found the one of before does not get the other one for it.
        with pytest.raises(RequestError):
            await store.reference(voice("anna"))

    async def test_of_many_that_add_an_id_at_once_one_succeeds(self) -> None:
        outcomes: list[ErrorCode | None] = []

        async def add(number: int) -> None:
            kept = reference(f"Text {number}.")
            try:
                await self.reopened().add(voice("anna", kept), kept)
                outcomes.append(None)
            except RequestError as error:
                outcomes.append(error.code)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(add, number)
        assert outcomes.count(None) == 1
        assert outcomes.count(ErrorCode.BAD_STATE) == 7
        found = await self.reopened().find("anna")
        assert digest_of(await self.reopened().reference(found)) == found.digest

    @pytest.mark.parametrize(
        "voice_id",
        [
            "nobody",
            "",
            ".",
            "..",
            "../anna",
            "a/b",
            "/etc/passwd",
            "a\0",
            "ä",
            "a" * 129,
            ".a",
            "a+b",
        ],
    )
    async def test_a_voice_that_is_not_there_is_unknown(self, voice_id: str) -> None:
        store = self.reopened()
        await store.add(voice("anna"), reference())
        for ask in (
            store.find(voice_id),
            store.reference(voice(voice_id)),
            store.update(voice(voice_id)),
            store.remove(voice_id),
        ):
            with pytest.raises(RequestError) as refused:
                await ask
            assert refused.value.code is ErrorCode.UNKNOWN_VOICE
        assert await store.voices() == [voice("anna")]

    async def test_what_is_removed_is_gone_for_everyone(self) -> None:
        store = self.reopened()
        await store.add(voice("anna"), reference())
        await store.remove("anna")
        with pytest.raises(RequestError):
            await self.reopened().find("anna")
        with pytest.raises(RequestError):
            await store.remove("anna")
        assert await store.voices() == []

    async def test_what_people_are_told_of_a_voice_changes_for_everyone_and_nothing_else(
        self,
    ) -> None:
        first = replace(voice("anna"), details=DETAILS, created_s=1.5, updated_s=1.5)
        await self.reopened().add(first, reference())
        await self.reopened().add(voice("berta"), reference())
        assert await self.reopened().find("anna") == first
        for told in (
            replace(first, name="Änne", updated_s=2.25),
            replace(first, details=VoiceDetails(), updated_s=3.0),
        ):
            await self.reopened().update(told)
            for store in (self.reopened(), self.reopened()):
                assert await store.find("anna") == told
                assert await store.voices() == [told, voice("berta")]
                assert await store.reference(told) == reference()

    async def test_a_voice_that_was_replaced_since_it_was_found_is_not_updated(self) -> None:
        store, other = self.reopened(), reference("Another text.")
        await store.add(voice("anna"), reference())
        await self.reopened().remove("anna")
        with pytest.raises(RequestError) as refused:
            await store.update(voice("anna"))
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE
        await self.reopened().add(voice("anna", other), other)
        with pytest.raises(RequestError) as refused:
            await store.update(voice("anna"))
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE
        assert await store.find("anna") == voice("anna", other)

    async def test_a_voice_can_be_updated_where_no_more_can_be_added(self) -> None:
        store = self.reopened()
        for number in range(self.MAX_VOICES):
            await store.add(voice(str(number)), reference())
        await store.update(replace(voice("0"), details=DETAILS))
        assert (await store.find("0")).details == DETAILS

    async def test_it_keeps_so_many_voices_and_no_more(self) -> None:
        store = self.reopened()
        for number in range(self.MAX_VOICES):
            await store.add(voice(str(number)), reference())
        assert await refusal(store, voice("anna"), reference()) is ErrorCode.QUOTA
        await store.remove("0")
        await store.add(voice("anna"), reference())

    async def test_it_keeps_so_many_bytes_and_no_more(self) -> None:
        store = self.reopened()
        most = Reference(bytes(self.MAX_BYTES - len(AUDIO)), "Long.")
        await store.add(voice("anna"), reference())
        more = Reference(most.audio + b"\0", most.text)
        assert await refusal(store, voice("b", more), more) is ErrorCode.QUOTA
        await store.check("b", len(most.audio))
        await store.add(voice("b", most), most)

    @pytest.mark.parametrize("voice_id", ["a b", "a.b", "A_b-c", "0", "a" * 128])
    async def test_every_id_of_the_wire_can_be_kept(self, voice_id: str) -> None:
        await self.reopened().add(voice(voice_id), reference())
        assert await self.reopened().find(voice_id) == voice(voice_id)
