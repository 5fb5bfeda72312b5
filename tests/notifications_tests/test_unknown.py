"""An SMS that was cut off in sending: a person decides, or the provider is asked; it is never sent again by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from notifications import looking_up
from notifications.looking_up import look_up_unknown
from notifications.models import Message, MessageReport
from notifications.services import decide_unknown
from notifications.statuses import MessageState
from notifications.transports.base import Heard, Outgoing, TemporaryError
from notifications.transports.log import LogTransport
from shops.actors import Actor
from shops.errors import NotPermitted
from tests.factories import make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db


class Knowing(LogTransport):
    """A provider that can be asked."""

    name = "knowing"
    answer: Heard | Exception | None = None
    asked: list[str]

    def look_up(self, message: Outgoing, *, provider_id: str, since: datetime) -> Heard | None:
        self.asked.append(message.key)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Knowing:
    knowing = Knowing()
    knowing.asked = []
    monkeypatch.setattr(looking_up, "transport_for", lambda lane: knowing)
    return knowing


@pytest.fixture
def cut_off(make_message: MakeMessage) -> Message:
    return make_message("sms", state=MessageState.UNKNOWN, attempts=1, via="sms", ended_at=timezone.now())


def test_a_person_says_that_it_arrived(cut_off: Message) -> None:
    person = Actor.person(make_user(cut_off.shop))

    assert decide_unknown(message_id=cut_off.pk, actor=person)
    assert not decide_unknown(message_id=cut_off.pk, actor=person)

    report = MessageReport.objects.get(message=cut_off)
    assert Message.objects.get(pk=cut_off.pk).state == MessageState.SENT
    assert (report.state, report.by) == (MessageState.SENT, person.label)


def test_a_stranger_decides_nothing(cut_off: Message) -> None:
    with pytest.raises(NotPermitted):
        decide_unknown(message_id=cut_off.pk, actor=Actor.person(make_user()))

    assert Message.objects.get(pk=cut_off.pk).state == MessageState.UNKNOWN
    assert not MessageReport.objects.exists()


@pytest.mark.parametrize("state", ["sent", "delivered", "failed"])
def test_the_provider_is_asked_and_believed(cut_off: Message, provider: Knowing, state: str) -> None:
    provider.answer = Heard(state=state, status="DELIVRD", provider_id="p-7")

    assert look_up_unknown() == 1

    known = Message.objects.get(pk=cut_off.pk)
    assert (known.state, known.provider_id) == (state, "p-7")
    assert MessageReport.objects.get(message=cut_off).by == "knowing"


@pytest.mark.parametrize("answer", [None, TemporaryError("later"), ValueError("odd"), Heard("queued", "?")])
def test_a_provider_that_tells_nothing_leaves_it_to_a_person_and_is_asked_again_later(
    cut_off: Message, provider: Knowing, answer: Heard | Exception | None
) -> None:
    provider.answer = answer

    assert (look_up_unknown(), look_up_unknown()) == (0, 0)

    assert Message.objects.get(pk=cut_off.pk).state == MessageState.UNKNOWN
    assert provider.asked == [str(cut_off.pk)]


def test_it_is_asked_at_growing_distances_and_not_for_ever(cut_off: Message, provider: Knowing) -> None:
    long_ago = timezone.now() - timedelta(hours=5)
    Message.objects.update(ended_at=long_ago, created_at=long_ago)
    look_up_unknown()
    assert Message.objects.get(pk=cut_off.pk).due_at > timezone.now() + timedelta(hours=4)

    Message.objects.update(due_at=long_ago, created_at=timezone.now() - timedelta(days=4))
    look_up_unknown()

    assert len(provider.asked) == 1


def test_a_provider_without_answers_is_not_asked(cut_off: Message) -> None:
    assert look_up_unknown() == 0

    assert Message.objects.get(pk=cut_off.pk).state == MessageState.UNKNOWN
