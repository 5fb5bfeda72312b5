"""The default texts in English."""

from __future__ import annotations

from notifications.statuses import MessageEvent

E = MessageEvent

EMAILS: dict[str, tuple[str, str]] = {
    E.RECEIVED: (
        "We have received your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "thank you for your order! We have it and are checking it now; we will write again as soon as it is "
        "confirmed.{% if due %}\n\nYou pay {{due}} when the parcel is handed to you.{% endif %}",
    ),
    E.CONFIRMED: (
        "Your order {{number}} is confirmed",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "good news: your order is confirmed. We are getting it ready and will tell you when it leaves.",
    ),
    E.PROCESSING: (
        "We are preparing your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "your order is being picked and packed with care. We will write as soon as the parcel leaves.",
    ),
    E.SHIPPED: (
        "Your order {{number}} is on its way",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "your parcel has left{% if carrier %} with {{carrier}}{% endif %}."
        "{% if awbNumber %} Its tracking number is <b>{{awbNumber}}</b>.{% endif %}"
        '{% if trackingUrl %} You can also follow it on <a href="{{trackingUrl}}">the courier\'s page</a>.{% endif %}'
        "{% if pickup_point %}\n\nIt will wait for you at: {{pickup_point}}.{% endif %}"
        "{% if due %}\n\nYou pay {{due}} when the parcel is handed to you.{% endif %}",
    ),
    E.DELIVERED: (
        "Your order {{number}} has arrived",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "your order has been delivered. We hope you enjoy it!\n\n"
        "Is anything not right? Reply to this e-mail{% if shop_phone %} or call {{shop_phone}}{% endif %}, and "
        "we will sort it out.",
    ),
    E.CANCELLED: (
        "Your order {{number}} has been cancelled",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "your order has been cancelled.{% if reason %} The reason: {{reason}}.{% endif %}"
        "{% if refund %}\n\nThe money you paid comes back to you within 14 days.{% endif %}\n\n"
        "If this is a mistake, or you have a question, reply to this e-mail"
        "{% if shop_phone %} or call {{shop_phone}}{% endif %}.",
    ),
    E.RETURNED: (
        "We have registered the return of your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "we have registered the return of your order."
        "{% if refund %} Once the parcel is with us and checked, you get your money back within 14 days.{% endif %}"
        "\n\nIf you have a question, reply to this e-mail{% if shop_phone %} or call {{shop_phone}}{% endif %}.",
    ),
    E.PAID: (
        "We have received the payment for your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "thank you: your payment has arrived. There is nothing left for you to do.",
    ),
    E.PAYMENT_FAILED: (
        "The payment for your order {{number}} did not go through",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "the payment for your order did not go through. It happens; your order is still with us."
        "{% if payment_url %}\n\nYou can simply try again, with the same card or another one.{% endif %}\n\n"
        "If it does not work, reply to this e-mail{% if shop_phone %} or call {{shop_phone}}{% endif %}, and we "
        "will find another way.",
    ),
    E.REFUNDED: (
        "We have refunded money for your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "we have sent money back to you for your order. Until you see it can take a few working days, depending on "
        "your bank.\n\n"
        "If you have a question, reply to this e-mail{% if shop_phone %} or call {{shop_phone}}{% endif %}.",
    ),
    E.PARCEL_SENT: (
        "Another parcel of your order {{number}} is on its way",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "one more parcel of your order has left{% if carrier %} with {{carrier}}{% endif %}."
        "{% if awbNumber %} Its tracking number is <b>{{awbNumber}}</b>.{% endif %}"
        '{% if trackingUrl %} You can also follow it on <a href="{{trackingUrl}}">the courier\'s page</a>.{% endif %}'
        "{% if pickup_point %}\n\nIt will wait for you at: {{pickup_point}}.{% endif %}",
    ),
    E.AT_PICKUP: (
        "Your order {{number}} is waiting for you",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "your parcel can be collected{% if pickup_point %} at: <b>{{pickup_point}}</b>{% endif %}."
        "{% if awbNumber %} Its tracking number is <b>{{awbNumber}}</b>.{% endif %}"
        "{% if due %}\n\nYou pay {{due}} when you collect it.{% endif %}\n\n"
        "Please fetch it soon: after a few days the courier sends it back to us.",
    ),
    E.RETURN_RECEIVED: (
        "What you returned of your order {{number}} has arrived",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "what you sent back has arrived, thank you."
        "{% if refund %} We are checking it now; you get your money back within 14 days.{% endif %}"
        "\n\nIf you have a question, reply to this e-mail{% if shop_phone %} or call {{shop_phone}}{% endif %}.",
    ),
    E.NO_ANSWER: (
        "We tried to call you about your order {{number}}",
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        "we tried to call you to confirm your order, but could not reach you. We will try again soon."
        "{% if shop_phone %}\n\nIt goes faster if you call us: <b>{{shop_phone}}</b>.{% endif %}\n\n"
        "You can also simply reply to this e-mail.",
    ),
}

SMS: dict[str, str] = {
    E.CONFIRMED: "{{firstname}}, order {{number}} ({{total}}) is confirmed. We are preparing it and will tell you when it leaves. Questions: {{shop_phone}}. {{domain}}",
    E.SHIPPED: "{{firstname}}, order {{number}} has left with {{carrier}}, AWB {{awbNumber}}. {% if due %}To pay on delivery: {{due}}. {% endif %}{{trackingUrl}}",
    E.DELIVERED: "{{firstname}}, order {{number}} has been delivered. Thank you! If anything is not right, call us: {{shop_phone}}. {{domain}}",
    E.CANCELLED: "{{firstname}}, order {{number}} has been cancelled. {% if refund %}The money you paid comes back within 14 days. {% endif %}Questions: {{shop_phone}}. {{domain}}",
    E.AT_PICKUP: "{{firstname}}, your parcel {{awbNumber}} ({{number}}) is waiting{% if pickup_point %}: {{pickup_point}}{% endif %}. {% if due %}To pay: {{due}}. {% endif %}Please collect it soon. {{domain}}",
    E.PAYMENT_FAILED: "{{firstname}}, the payment for order {{number}} ({{total}}) did not go through. {% if payment_url %}Try again: {{payment_url}}{% else %}Questions: {{shop_phone}}. {{domain}}{% endif %}",
    E.NO_ANSWER: "{{firstname}}, we tried to call you about order {{number}} ({{total}}). We will call again. Or call us: {{shop_phone}}. {{domain}}",
}  # fmt: skip
