"""The texts and switches a new shop starts with: an e-mail for each status, four SMS, in four languages.

First names stand in English and Romanian only; Polish and Ukrainian would need the vocative. The Romanian, Polish
and Ukrainian texts have not been read by a native speaker yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from notifications.statuses import TEMPLATE_EVENTS, Channel, MessageEvent

E = MessageEvent

# (subject, text) by language and moment
EMAILS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
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
    },
    "ro": {
        E.RECEIVED: (
            "Am primit comanda {{number}}",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Îți mulțumim pentru comandă. Am primit-o și o verificăm chiar acum; îți scriem din nou imediat ce este "
            "confirmată.{% if due %}\n\nLa livrare achiți {{due}}.{% endif %}",
        ),
        E.CONFIRMED: (
            "Comanda {{number}} este confirmată",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Vești bune: comanda ta este confirmată. O pregătim acum și te anunțăm când pleacă spre tine.",
        ),
        E.PROCESSING: (
            "Pregătim comanda {{number}}",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Comanda ta este în lucru: strângem produsele și le împachetăm cu grijă. Îți scriem imediat ce pleacă "
            "coletul.",
        ),
        E.SHIPPED: (
            "Comanda {{number}} a plecat spre tine",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Coletul tău a plecat{% if carrier %} cu {{carrier}}{% endif %}."
            "{% if awbNumber %} Numărul AWB este <b>{{awbNumber}}</b>.{% endif %}"
            '{% if trackingUrl %} Îl poți urmări și pe <a href="{{trackingUrl}}">pagina curierului</a>.{% endif %}'
            "{% if pickup_point %}\n\nTe va aștepta la: {{pickup_point}}.{% endif %}"
            "{% if due %}\n\nLa livrare achiți {{due}}.{% endif %}",
        ),
        E.DELIVERED: (
            "Comanda {{number}} a ajuns",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Comanda ta a fost livrată. Sperăm să te bucuri de ea!\n\n"
            "Dacă ceva nu este în regulă, răspunde la acest e-mail{% if shop_phone %} sau sună-ne la {{shop_phone}}"
            "{% endif %} și rezolvăm împreună.",
        ),
        E.CANCELLED: (
            "Comanda {{number}} a fost anulată",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Comanda ta a fost anulată.{% if reason %} Motivul: {{reason}}.{% endif %}"
            "{% if refund %}\n\nBanii plătiți se întorc la tine în cel mult 14 zile.{% endif %}\n\n"
            "Dacă este o greșeală sau ai întrebări, răspunde la acest e-mail"
            "{% if shop_phone %} sau sună-ne la {{shop_phone}}{% endif %}.",
        ),
        E.RETURNED: (
            "Am înregistrat returul comenzii {{number}}",
            "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
            "Am înregistrat returul comenzii tale."
            "{% if refund %} După ce coletul ajunge la noi și îl verificăm, primești banii înapoi în cel mult 14 zile."
            "{% endif %}\n\nPentru orice întrebare, răspunde la acest e-mail"
            "{% if shop_phone %} sau sună-ne la {{shop_phone}}{% endif %}.",
        ),
    },
    "pl": {
        E.RECEIVED: (
            "Otrzymaliśmy zamówienie {{number}}",
            "Dzień dobry!\n\n"
            "Dziękujemy za zamówienie. Już je mamy i właśnie je sprawdzamy; odezwiemy się, gdy tylko je potwierdzimy."
            "{% if due %}\n\nDo zapłaty przy odbiorze: {{due}}.{% endif %}",
        ),
        E.CONFIRMED: (
            "Zamówienie {{number}} potwierdzone",
            "Dzień dobry!\n\n"
            "Dobra wiadomość: zamówienie jest potwierdzone. Przygotowujemy je i damy znać, gdy wyruszy w drogę.",
        ),
        E.PROCESSING: (
            "Przygotowujemy zamówienie {{number}}",
            "Dzień dobry!\n\n"
            "Kompletujemy zamówienie i starannie je pakujemy. Napiszemy, gdy tylko paczka wyruszy.",
        ),
        E.SHIPPED: (
            "Zamówienie {{number}} jest w drodze",
            "Dzień dobry!\n\n"
            "Paczka już wyruszyła{% if carrier %}, przewoźnik: {{carrier}}{% endif %}."
            "{% if awbNumber %} Numer przesyłki: <b>{{awbNumber}}</b>.{% endif %}"
            '{% if trackingUrl %} Można ją też śledzić na <a href="{{trackingUrl}}">stronie przewoźnika</a>.{% endif %}'
            "{% if pickup_point %}\n\nPunkt odbioru: {{pickup_point}}.{% endif %}"
            "{% if due %}\n\nDo zapłaty przy odbiorze: {{due}}.{% endif %}",
        ),
        E.DELIVERED: (
            "Zamówienie {{number}} doręczone",
            "Dzień dobry!\n\n"
            "Zamówienie zostało doręczone. Mamy nadzieję, że sprawi dużo radości!\n\n"
            "Coś jest nie tak? Wystarczy odpowiedzieć na tę wiadomość"
            "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}, a znajdziemy rozwiązanie.",
        ),
        E.CANCELLED: (
            "Zamówienie {{number}} anulowane",
            "Dzień dobry!\n\n"
            "Zamówienie zostało anulowane.{% if reason %} Powód: {{reason}}.{% endif %}"
            "{% if refund %}\n\nWpłacone pieniądze zwrócimy w ciągu 14 dni.{% endif %}\n\n"
            "Jeśli to pomyłka albo pojawiły się pytania, prosimy odpowiedzieć na tę wiadomość"
            "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}.",
        ),
        E.RETURNED: (
            "Zarejestrowaliśmy zwrot zamówienia {{number}}",
            "Dzień dobry!\n\n"
            "Zarejestrowaliśmy zwrot zamówienia."
            "{% if refund %} Gdy paczka do nas dotrze i ją sprawdzimy, zwrócimy pieniądze w ciągu 14 dni.{% endif %}"
            "\n\nW razie pytań prosimy odpowiedzieć na tę wiadomość"
            "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}.",
        ),
    },
    "uk": {
        E.RECEIVED: (
            "Ми отримали замовлення {{number}}",
            "Вітаємо!\n\n"
            "Дякуємо за замовлення. Ми його отримали й уже перевіряємо; щойно підтвердимо, одразу напишемо."
            "{% if due %}\n\nДо сплати при отриманні: {{due}}.{% endif %}",
        ),
        E.CONFIRMED: (
            "Замовлення {{number}} підтверджено",
            "Вітаємо!\n\n"
            "Гарна новина: ваше замовлення підтверджено. Ми вже готуємо його й напишемо, коли воно вирушить до вас.",
        ),
        E.PROCESSING: (
            "Готуємо замовлення {{number}}",
            "Вітаємо!\n\n"
            "Ваше замовлення вже в роботі: збираємо товари й дбайливо пакуємо. Напишемо, щойно посилка вирушить.",
        ),
        E.SHIPPED: (
            "Замовлення {{number}} вже в дорозі",
            "Вітаємо!\n\n"
            "Посилка вирушила до вас{% if carrier %}, перевізник: {{carrier}}{% endif %}."
            "{% if awbNumber %} Номер накладної (ТТН): <b>{{awbNumber}}</b>.{% endif %}"
            '{% if trackingUrl %} Стежити за нею можна й на <a href="{{trackingUrl}}">сайті перевізника</a>.{% endif %}'
            "{% if pickup_point %}\n\nЧекатиме на вас тут: {{pickup_point}}.{% endif %}"
            "{% if due %}\n\nДо сплати при отриманні: {{due}}.{% endif %}",
        ),
        E.DELIVERED: (
            "Замовлення {{number}} доставлено",
            "Вітаємо!\n\n"
            "Ваше замовлення доставлено. Сподіваємося, воно вас потішить!\n\n"
            "Щось не так? Відповідайте на цей лист{% if shop_phone %} або телефонуйте: {{shop_phone}}{% endif %}, "
            "і ми все владнаємо.",
        ),
        E.CANCELLED: (
            "Замовлення {{number}} скасовано",
            "Вітаємо!\n\n"
            "Ваше замовлення скасовано.{% if reason %} Причина: {{reason}}.{% endif %}"
            "{% if refund %}\n\nСплачені кошти повернемо протягом 14 днів.{% endif %}\n\n"
            "Якщо це помилка або маєте запитання, відповідайте на цей лист"
            "{% if shop_phone %} чи телефонуйте: {{shop_phone}}{% endif %}.",
        ),
        E.RETURNED: (
            "Повернення замовлення {{number}} оформлено",
            "Вітаємо!\n\n"
            "Ми оформили повернення вашого замовлення."
            "{% if refund %} Коли посилка надійде до нас і ми її перевіримо, повернемо кошти протягом 14 днів.{% endif %}"
            "\n\nМаєте запитання? Відповідайте на цей лист"
            "{% if shop_phone %} або телефонуйте: {{shop_phone}}{% endif %}.",
        ),
    },
}

SMS: dict[str, dict[str, str]] = {
    "en": {
        E.CONFIRMED: "{{firstname}}, order {{number}} ({{total}}) is confirmed. We are preparing it and will tell you when it leaves. Questions: {{shop_phone}}. {{domain}}",
        E.SHIPPED: "{{firstname}}, order {{number}} has left with {{carrier}}, AWB {{awbNumber}}. {% if due %}To pay on delivery: {{due}}. {% endif %}{{trackingUrl}}",
        E.DELIVERED: "{{firstname}}, order {{number}} has been delivered. Thank you! If anything is not right, call us: {{shop_phone}}. {{domain}}",
        E.CANCELLED: "{{firstname}}, order {{number}} has been cancelled. {% if refund %}The money you paid comes back within 14 days. {% endif %}Questions: {{shop_phone}}. {{domain}}",
    },
    "ro": {
        E.CONFIRMED: "{{firstname}}, comanda {{number}} ({{total}}) e confirmata. O pregatim acum si te anuntam cand pleaca. Intrebari: {{shop_phone}}. {{domain}}",
        E.SHIPPED: "{{firstname}}, comanda {{number}} a plecat cu {{carrier}}, AWB {{awbNumber}}. {% if due %}La livrare: {{due}}. {% endif %}{{trackingUrl}}",
        E.DELIVERED: "{{firstname}}, comanda {{number}} a fost livrata. Multumim! Daca ceva nu e in regula, suna-ne: {{shop_phone}}. {{domain}}",
        E.CANCELLED: "{{firstname}}, comanda {{number}} a fost anulata. {% if refund %}Banii platiti se intorc in cel mult 14 zile. {% endif %}Intrebari: {{shop_phone}}. {{domain}}",
    },
    "pl": {
        E.CONFIRMED: "Zamowienie {{number}} ({{total}}) potwierdzone. Pakujemy je i damy znac, gdy wyruszy. Pytania: {{shop_phone}}. {{domain}}",
        E.SHIPPED: "Zamowienie {{number}} wyslane: {{carrier}}, nr {{awbNumber}}. {% if due %}Przy odbiorze: {{due}}. {% endif %}{{trackingUrl}}",
        E.DELIVERED: "Zamowienie {{number}} dostarczone. Dziekujemy! Cos jest nie tak? Zadzwon: {{shop_phone}}. {{domain}}",
        E.CANCELLED: "Zamowienie {{number}} anulowane. {% if refund %}Wplacone pieniadze zwrocimy do 14 dni. {% endif %}Pytania: {{shop_phone}}. {{domain}}",
    },
    "uk": {
        E.CONFIRMED: "Замовлення {{number}} підтверджено, вже готуємо. {{domain}}",
        E.SHIPPED: "Замовлення {{number}}: {{carrier}}, ТТН {{awbNumber}}{% if due %}, до сплати {{due}}{% endif %}",
        E.DELIVERED: "Замовлення {{number}} отримано. Дякуємо! Питання: {{shop_phone}}",
        E.CANCELLED: "Замовлення {{number}} скасовано{% if refund %}, гроші повернемо{% endif %}. Питання: {{shop_phone}}",
    },
}  # fmt: skip

SMS_ON = frozenset({E.CONFIRMED, E.SHIPPED, E.CANCELLED})
# Online shops and payment providers write this themselves.
EMAIL_OFF = frozenset({E.PAID})


def default_texts() -> Iterator[tuple[str, str, str, str, str]]:
    """Every default template: event, channel, language, subject, text."""
    for language, emails in EMAILS.items():
        for event, (subject, body) in emails.items():
            yield event, Channel.EMAIL, language, subject, body
    for language, texts in SMS.items():
        for event, text in texts.items():
            yield event, Channel.SMS, language, "", text


def default_switches() -> Iterator[tuple[str, str, bool]]:
    """Every default switch: event, channel, on. E-mails are on but where others write them; SMS where couriers do not write already."""
    for event, _label in TEMPLATE_EVENTS:
        yield event, Channel.EMAIL, event not in EMAIL_OFF
        yield event, Channel.SMS, event in SMS_ON
