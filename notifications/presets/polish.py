"""The default texts in Polish. No first names, which would need the vocative; SMS are written without diacritics. Not read by a native speaker yet."""

from __future__ import annotations

from notifications.statuses import MessageEvent

E = MessageEvent

EMAILS: dict[str, tuple[str, str]] = {
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
    E.PAID: (
        "Otrzymaliśmy płatność za zamówienie {{number}}",
        "Dzień dobry!\n\nDziękujemy: płatność już do nas dotarła. Nic więcej nie trzeba robić.",
    ),
    E.PAYMENT_FAILED: (
        "Płatność za zamówienie {{number}} nie powiodła się",
        "Dzień dobry!\n\n"
        "Płatność za zamówienie nie powiodła się. To się zdarza; zamówienie nadal na nią czeka."
        "{% if payment_url %}\n\nMożna spróbować ponownie, tą samą kartą lub inną.{% endif %}\n\n"
        "Jeśli znowu się nie uda, wystarczy odpowiedzieć na tę wiadomość"
        "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}, a znajdziemy inny sposób.",
    ),
    E.REFUNDED: (
        "Zwróciliśmy pieniądze za zamówienie {{number}}",
        "Dzień dobry!\n\n"
        "Wysłaliśmy zwrot pieniędzy za zamówienie. Zależnie od banku może dotrzeć dopiero po kilku dniach "
        "roboczych.\n\n"
        "W razie pytań prosimy odpowiedzieć na tę wiadomość"
        "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}.",
    ),
    E.PARCEL_SENT: (
        "Kolejna paczka z zamówienia {{number}} jest w drodze",
        "Dzień dobry!\n\n"
        "Wyruszyła kolejna paczka z zamówienia{% if carrier %}, przewoźnik: {{carrier}}{% endif %}."
        "{% if awbNumber %} Numer przesyłki: <b>{{awbNumber}}</b>.{% endif %}"
        '{% if trackingUrl %} Można ją też śledzić na <a href="{{trackingUrl}}">stronie przewoźnika</a>.{% endif %}'
        "{% if pickup_point %}\n\nPunkt odbioru: {{pickup_point}}.{% endif %}",
    ),
    E.AT_PICKUP: (
        "Zamówienie {{number}} czeka na odbiór",
        "Dzień dobry!\n\n"
        "Paczka czeka już na odbiór{% if pickup_point %}: <b>{{pickup_point}}</b>{% endif %}."
        "{% if awbNumber %} Numer przesyłki: <b>{{awbNumber}}</b>.{% endif %}"
        "{% if due %}\n\nDo zapłaty przy odbiorze: {{due}}.{% endif %}\n\n"
        "Najlepiej odebrać ją jak najszybciej: po kilku dniach przewoźnik odeśle ją do nas.",
    ),
    E.RETURN_RECEIVED: (
        "Dotarł do nas zwrot z zamówienia {{number}}",
        "Dzień dobry!\n\n"
        "Odesłane produkty już do nas dotarły, dziękujemy."
        "{% if refund %} Właśnie je sprawdzamy; zwrócimy pieniądze w ciągu 14 dni.{% endif %}"
        "\n\nW razie pytań prosimy odpowiedzieć na tę wiadomość"
        "{% if shop_phone %} lub zadzwonić: {{shop_phone}}{% endif %}.",
    ),
    E.NO_ANSWER: (
        "Dzwoniliśmy w sprawie zamówienia {{number}}",
        "Dzień dobry!\n\n"
        "Dzwoniliśmy, żeby potwierdzić zamówienie, ale nie udało nam się połączyć. Wkrótce spróbujemy ponownie."
        "{% if shop_phone %}\n\nSzybciej będzie, jeśli zadzwonią Państwo do nas: <b>{{shop_phone}}</b>.{% endif %}\n\n"
        "Można też po prostu odpowiedzieć na tę wiadomość.",
    ),
}

SMS: dict[str, str] = {
    E.CONFIRMED: "Zamowienie {{number}} ({{total}}) potwierdzone. Pakujemy je i damy znac, gdy wyruszy. Pytania: {{shop_phone}}. {{domain}}",
    E.SHIPPED: "Zamowienie {{number}} wyslane: {{carrier}}, nr {{awbNumber}}. {% if due %}Przy odbiorze: {{due}}. {% endif %}{{trackingUrl}}",
    E.DELIVERED: "Zamowienie {{number}} dostarczone. Dziekujemy! Cos jest nie tak? Zadzwon: {{shop_phone}}. {{domain}}",
    E.CANCELLED: "Zamowienie {{number}} anulowane. {% if refund %}Wplacone pieniadze zwrocimy do 14 dni. {% endif %}Pytania: {{shop_phone}}. {{domain}}",
    E.AT_PICKUP: "Paczka {{awbNumber}} ({{number}}) czeka na odbior{% if pickup_point %}: {{pickup_point}}{% endif %}. {% if due %}Do zaplaty: {{due}}. {% endif %}{{domain}}",
    E.PAYMENT_FAILED: "Platnosc za zamowienie {{number}} ({{total}}) nie powiodla sie. {% if payment_url %}Ponow: {{payment_url}}{% else %}Pytania: {{shop_phone}}. {{domain}}{% endif %}",
    E.NO_ANSWER: "Dzwonilismy w sprawie zamowienia {{number}} ({{total}}), bez odpowiedzi. Sprobujemy ponownie. Nasz telefon: {{shop_phone}}. {{domain}}",
}  # fmt: skip
