"""What the pages about messages show: the list and one message, and where the messages of an order stand."""

from notifications.page_selectors.forecast import Forecast, forecast_of_change
from notifications.page_selectors.messages import (
    ATTENTION,
    EVERY,
    MessageFilter,
    message_for,
    message_page,
    needs_a_person,
    read_filter,
    words_of,
)
from notifications.page_selectors.standing import (
    OrderMessages,
    Promise,
    Standing,
    Step,
    leaves_at,
    no_messages,
    order_messages,
    promise_of,
    promise_of_move,
    steps_of,
)

__all__ = [
    "ATTENTION",
    "EVERY",
    "Forecast",
    "MessageFilter",
    "OrderMessages",
    "Promise",
    "Standing",
    "Step",
    "forecast_of_change",
    "leaves_at",
    "message_for",
    "message_page",
    "needs_a_person",
    "no_messages",
    "order_messages",
    "promise_of",
    "promise_of_move",
    "read_filter",
    "steps_of",
    "words_of",
]
