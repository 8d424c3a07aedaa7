"""Words that say of the digits near them that they are a phone number, or that they are none.

In the form of `context.supports`: a leading blank is the start of a word, a trailing one its end.
"""

TERMS = (
    *("phone", "telefon", "telefoon", "telefax", "teléfon", "téléphon", "telefón", "telepon"),
    *(" mobil", " mobiel", " móvil", " movil", " celular", " cellulare", " telemóvel"),
    *(" cell ", " cel ", " tel ", " tél ", " tlf ", " tfno ", " mob ", " fax ", " sms ", " gsm "),
    *(" handy ", " handynummer", "rufnummer", "whatsapp", "hotline", " msisdn", " dial", " viber "),
    *(" komórk", "puhelin", " cep ", " телефон", " тел ", " моб", "τηλέφων", " τηλ ", " κινητό"),
    *(
        "電話",
        "电话",
        "手机",
        "手機",
        "携帯",
        "전화",
        "휴대폰",
        "핸드폰",
        "โทร",
        "มือถือ",
        "điện thoại",
    ),
    *("هاتف", "جوال", "موبايل", "تلفون", "טלפון", "נייד", "फोन", "फ़ोन", "मोबाइल", "ফোন", "মোবাইল"),
)
"""Enough for any digits that can be a phone number."""

WEAK_TERMS = (
    *(
        " call ",
        " calls ",
        " calling ",
        " called ",
        " caller ",
        " callback ",
        " reach ",
        " ring me ",
    ),
    *(" reached ", "answering", "contact", "landline", " pager ", "text me"),
    *("message me", "my number", "your number", "his number", "her number", "their number"),
    *(" ruf ", " rufen ", " anruf", " erreich", " appele", " appelle", " joindre ", " joignable "),
    *(" portable ", " llám", " llame", " ligue ", " ligar ", " chiama", " bel ", " bellen "),
    *(" zadzwoń ", " dzwoń ", " позвони", " звони", " ringa ", " numara"),
)
"""Enough, near, for what is written like a phone number, or is at least as long as one."""

BEFORE = (" call ", " office ", " cell ", " reach ", " answering ")
"""Right before a number, or one word away."""

AFTER = ("phone", " mobile ", " cell ", " fax ", " office ")
"""Right behind a number."""

MACHINE = (
    *(" id ", " ids ", " uuid ", " hash ", " digest ", " seed ", " timestamp ", " time ", " date "),
    *(" version ", " count ", " total ", " size ", " bytes ", " tokens ", " offset ", " index "),
    *(" sequence ", " duration ", " cost ", " price ", " amount ", " embedding ", " score "),
    *(" port ", " pid ", " isbn ", " nano", " ms ", " tool ", " function "),
)
"""In a key, or between a word such as `call` and bare digits: the digits count or name a thing."""

NUMBERED = (
    *(" id ", " ids ", " uid ", " uuid ", " hash ", " order ", " orders ", " ticket ", " invoice "),
    *(" ref ", " reference ", " account ", " acct ", " tracking ", " shipment ", " pin ", " otp "),
    *(" isbn ", " ean ", " sku ", " serial ", " policy ", " claim ", " transaction ", " txn "),
    *(" bestellung", " rechnung", " kundennummer", " konto", " commande ", " facture ", " pedido "),
    *(" factura ", " fatura ", " ordine ", " fattura ", " commit ", " build ", " seed ", " row "),
)
"""What is numbered with as many digits as phones, where it stands right before them."""
