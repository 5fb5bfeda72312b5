"""The default texts in Romanian. SMS are written without diacritics. Not read by a native speaker yet."""

from __future__ import annotations

from notifications.statuses import MessageEvent

E = MessageEvent

EMAILS: dict[str, tuple[str, str]] = {
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
    E.PAID: (
        "Am primit plata pentru comanda {{number}}",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Îți mulțumim: plata ta a ajuns la noi. Nu mai ai nimic de făcut.",
    ),
    E.PAYMENT_FAILED: (
        "Plata pentru comanda {{number}} nu a reușit",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Plata comenzii tale nu a reușit. Se mai întâmplă; comanda ta este în continuare la noi."
        "{% if payment_url %}\n\nPoți încerca din nou, cu același card sau cu altul.{% endif %}\n\n"
        "Dacă tot nu merge, răspunde la acest e-mail{% if shop_phone %} sau sună-ne la {{shop_phone}}{% endif %} și "
        "găsim altă cale.",
    ),
    E.REFUNDED: (
        "Ți-am returnat bani pentru comanda {{number}}",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Ți-am trimis bani înapoi pentru comanda ta. Pot trece câteva zile lucrătoare până îi vezi în cont, în "
        "funcție de bancă.\n\n"
        "Pentru orice întrebare, răspunde la acest e-mail"
        "{% if shop_phone %} sau sună-ne la {{shop_phone}}{% endif %}.",
    ),
    E.PARCEL_SENT: (
        "Încă un colet din comanda {{number}} a plecat spre tine",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Încă un colet din comanda ta a plecat{% if carrier %} cu {{carrier}}{% endif %}."
        "{% if awbNumber %} Numărul AWB este <b>{{awbNumber}}</b>.{% endif %}"
        '{% if trackingUrl %} Îl poți urmări și pe <a href="{{trackingUrl}}">pagina curierului</a>.{% endif %}'
        "{% if pickup_point %}\n\nTe va aștepta la: {{pickup_point}}.{% endif %}",
    ),
    E.AT_PICKUP: (
        "Comanda {{number}} te așteaptă",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Coletul tău poate fi ridicat{% if pickup_point %} de la: <b>{{pickup_point}}</b>{% endif %}."
        "{% if awbNumber %} Numărul AWB este <b>{{awbNumber}}</b>.{% endif %}"
        "{% if due %}\n\nLa ridicare achiți {{due}}.{% endif %}\n\n"
        "Te rugăm să îl ridici curând: după câteva zile, curierul îl trimite înapoi la noi.",
    ),
    E.RETURN_RECEIVED: (
        "A ajuns returul din comanda {{number}}",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Ce ai trimis înapoi a ajuns la noi, îți mulțumim."
        "{% if refund %} Verificăm acum produsele; primești banii înapoi în cel mult 14 zile.{% endif %}"
        "\n\nPentru orice întrebare, răspunde la acest e-mail"
        "{% if shop_phone %} sau sună-ne la {{shop_phone}}{% endif %}.",
    ),
    E.NO_ANSWER: (
        "Te-am sunat pentru comanda {{number}}",
        "Bună{% if firstname %}, {{firstname}}{% endif %}!\n\n"
        "Te-am sunat ca să confirmăm comanda, dar nu am reușit să dăm de tine. Mai încercăm în curând."
        "{% if shop_phone %}\n\nE mai rapid dacă ne suni tu: <b>{{shop_phone}}</b>.{% endif %}\n\n"
        "Poți și să răspunzi la acest e-mail.",
    ),
}

SMS: dict[str, str] = {
    E.CONFIRMED: "{{firstname}}, comanda {{number}} ({{total}}) e confirmata. O pregatim acum si te anuntam cand pleaca. Intrebari: {{shop_phone}}. {{domain}}",
    E.SHIPPED: "{{firstname}}, comanda {{number}} a plecat cu {{carrier}}, AWB {{awbNumber}}. {% if due %}La livrare: {{due}}. {% endif %}{{trackingUrl}}",
    E.DELIVERED: "{{firstname}}, comanda {{number}} a fost livrata. Multumim! Daca ceva nu e in regula, suna-ne: {{shop_phone}}. {{domain}}",
    E.CANCELLED: "{{firstname}}, comanda {{number}} a fost anulata. {% if refund %}Banii platiti se intorc in cel mult 14 zile. {% endif %}Intrebari: {{shop_phone}}. {{domain}}",
    E.AT_PICKUP: "{{firstname}}, coletul {{awbNumber}} ({{number}}) te asteapta{% if pickup_point %}: {{pickup_point}}{% endif %}. {% if due %}De achitat: {{due}}. {% endif %}Ridica-l curand. {{domain}}",
    E.PAYMENT_FAILED: "{{firstname}}, plata comenzii {{number}} ({{total}}) nu a reusit. {% if payment_url %}Incearca din nou: {{payment_url}}{% else %}Intrebari: {{shop_phone}}. {{domain}}{% endif %}",
    E.NO_ANSWER: "{{firstname}}, te-am sunat pentru comanda {{number}} ({{total}}) si nu am dat de tine. Revenim. Ne poti suna: {{shop_phone}}. {{domain}}",
}  # fmt: skip
