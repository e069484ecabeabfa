"""What mail programs write around quotes and below mails, in the languages of those who use them."""

import re

_WROTE = (
    r"wrote|writes|said|schrieb|hat .{0,80}geschrieben|a écrit|écrivait|a ecrit|escribió|escribio|ha scritto|scrive"
    r"|schreef"
    r"|heeft .{0,80}geschreven|escreveu|skrev|kirjoitti|napsala?|napsal\(a\)|napisała?|napisał\(a\)|pisze|yazdı|yazmış"
    r"|пише[тш]|написала?|írta|a scris|写道|写了|さん:|님이 작성|έγραψε|skrifaði|wysłał"
)
_OPENER = re.compile(
    r"(?:on|am|le|el|il|op|em|no dia|den|dne|dnia|w dniu|в|на|pe|la data|στις)\s|\w{2,14}[,.]? \d|\d|in article ",
    re.IGNORECASE,
)
_NAMED = re.compile(r".{0,80}?[<@]")
_VERB = re.compile(rf"(?:^|[\s>\"”»)])(?:{_WROTE})(?:\b|\W|$)", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100}")
_DATE = re.compile(r"\d{1,2}[:.h]\d{2}|\d{4}[-/年.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\b(?:19|20)\d{2}\b")
_ENDS = (":", "：")


def introduces(joined: str, sure: int) -> bool:
    """Whether this, right before a quote, says who is quoted.

    sure: 2: it begins as such lines do; 1: it has an address; 0: it says "wrote".
    """
    if not joined.endswith(_ENDS) or len(joined) > 500:
        return False
    known, has_mail = bool(_VERB.search(joined)), bool(_MAIL.search(joined))
    if sure == 2:
        return bool(_OPENER.match(joined)) and (known or has_mail or bool(_DATE.search(joined)))
    return has_mail and bool(_NAMED.match(joined)) if sure == 1 else known


def surely_introduces(joined: str) -> bool:
    """The same where no mark shows what is quoted: it names a date or an address, too."""
    if not joined.endswith((*_ENDS, ": -----", ":-----", ": ----")) or len(joined) > 400:
        return False
    begins = joined.lstrip("- ")
    return bool(
        (_VERB.search(joined) or "wrote" in joined)
        and (_OPENER.match(begins) or _NAMED.match(begins))
        and (_MAIL.search(joined) or (_DATE.search(joined) and re.search(r"\d{1,2}[:.h]\d{2}", joined)))
    )


_ORIGINAL = (
    r"original message|original e-?mail|forwarded message|begin forwarded message|ursprüngliche nachricht"
    r"|original-?nachricht|weitergeleitete nachricht|urspr\. nachricht|message d'origine|message original"
    r"|message transféré"
    r"|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht"
    r"|doorgestuurd bericht|mensagem original|ursprungligt meddelande|opprinnelig melding|oprindelig meddelelse"
    r"|alkuperäinen viesti|oryginalna wiadomość|původní zpráva|исходное сообщение|пересылаемое сообщение|reply message"
)
SEPARATOR = re.compile(rf"[-_=*> ]{{2,}}\s?(?:{_ORIGINAL})\s?[-_=*: ]{{0,40}}|(?:{_ORIGINAL}):?", re.IGNORECASE)

LABEL = re.compile(r"[*_ \t]{0,4}([^\W\d_][\w. ÀàÉé-]{0,14}?)[*_ ]{0,3}[:：][*_ \t]{0,4}\S?")
_LABELS = {
    "from": "from von de van da från fra od от от&кого lähettäjä kimden feladó 发件人 差出人 보낸&사람 de&la",
    "date": "sent gesendet envoyé inviato enviado verzonden skickat sendt date datum fecha data dato päivämäärä "
    "lähetetty wysłano odesláno дата отправлено tarih 发送时间 日期 送信日時 보낸&날짜 enviada enviada&em gesendet&am",
    "to": "to an à a para aan till til pour do komu кому vastaanottaja kime 收件人 宛先 받는&사람 "
    "destinatario empfänger",
    "subject": "subject betreff objet asunto oggetto onderwerp ämne emne aihe temat předmět тема konu 主题 件名 "
    "제목 assunto",
    "cc": "cc kopie copie kopia copia kopi копия",
    "other": "reply-to importance wichtigkeit organization organisation attachments anlagen priority",
}
ROLES = {label.replace("&", " "): role for role, labels in _LABELS.items() for label in labels.split()}

# "See my answers below": then an unmarked quote has what was said in it.
ANSWERS_BELOW = re.compile(
    r"\b(?:answers?|answered|comments?|commented|replies|reply|replied|remarks?|notes?|antworten?|kommentare?"
    r"|anmerkungen"
    r"|réponses?|réponds|commentaires?|remarques|respuestas?|comentarios|antwoorden|opmerkingen|risposte|commenti)\b"
    r"[^\n]{0,40}\b(?:in-?line|below|in (?:red|blue|green|bold|the text)|im text|unten|in rot|in blau|rot|blau"
    r"|dazwischen"
    r"|ci-dessous|dans le texte|en (?:rouge|bleu|rojo|azul)|abajo|in het rood|hieronder|tussendoor|sotto|nel testo)\b"
    r"|\binline\b[^\n]{0,20}\b(?:answers?|comments?|replies)\b",
    re.IGNORECASE,
)

_SENT = (
    r"sent from|sent via|sent with|sent using|sent on the go|get outlook for|gesendet (?:von|mit|über|aus)"
    r"|von meinem .{1,40} gesendet"
    r"|diese nachricht wurde von meinem|envoyé (?:de|depuis|avec|à partir)|enviado (?:desde|de|do|con|a partir)"
    r"|inviato (?:da|dal)|verzonden (?:vanaf|met|via)|verstuurd (?:vanaf|met)|outlook (?:für|pour|para|voor|per)"
    r"|obtenir outlook"
    r"|obtener outlook|skickat från|sendt fra|lähetetty|wysłan[eo] z|odesláno z|отправлено (?:с|из)|enviada do"
    r"|holen sie sich outlook|laden sie outlook|download outlook|scarica outlook|yahoo ?mail|blackberry"
)
_SENT_FROM = re.compile(rf"[\s*_-]{{0,4}}(?:{_SENT})\b", re.IGNORECASE)
_LINK = re.compile(r"\s?[<(\[]?https?://\S+[>)\]]?")


def is_sent_from(line: str) -> bool:
    """Whether a program has put this line below a mail: "Sent from my iPhone"."""
    line = _LINK.sub("", line).rstrip(" .*_")
    return (
        len(line) <= 70
        and bool(_SENT_FROM.match(line))
        and not re.search(r"[,;!?]|\b(?:is|ist|est|es|and|but)\b", line)
    )


FAREWELL = re.compile(
    r"(?:(?:with )?(?:kind|kindest|best|warm|warmest|many)? ?regards|best wishes|sincerely|yours (?:sincerely|truly"
    r"|faithfully)"
    r"|sincerely yours|thanks (?:and|&) regards|mit (?:freundlichen|besten|lieben|herzlichen) gr(?:ü|ue)(?:ß|ss)en"
    r"|mit freundlichem gru(?:ß|ss)|mit freundlicher empfehlung|(?:viele|beste|liebe|schöne|herzliche|freundliche)? ?"
    r"gr(?:ü|ue)(?:ß|ss)e|(?:lieben|besten|schönen)? ?gru(?:ß|ss)|mfg|(?:bien )?cordialement|bien à vous|amicalement"
    r"|(?:cordiales |meilleures )?salutations|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|cordialmente"
    r"|(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|(?:cordiali |distinti )?saluti|atenciosamente|pozdrawiam"
    r"|s pozdravem"
    r"|med vänliga? hälsning(?:ar)?|(?:med )?venlig hilsen|mvh"
    r")[,.! ]{0,3}",
    re.IGNORECASE,
)
THANKS = re.compile(
    r"(?:(?:many )?thanks(?: again)?|thank you|cheers|best|yours|all the best|danke|lg|vg|bg|merci|gracias|bedankt"
    r"|groetjes|groet|grazie|un abrazo|abraços|obrigad[oa])[,.! ]{0,3}",
    re.IGNORECASE,
)
NAME = re.compile(r"[A-ZÄÖÜÉ][\w.'’-]{0,20}(?: [A-ZÄÖÜÉ][\w.'’-]{0,20}){0,3}")
DASHED_NAME = re.compile(r"[-–—~] ?[A-ZÄÖÜÉ][\w.'’-]{0,20}(?: [A-ZÄÖÜÉ][\w.'’-]{0,20}){0,3}")
CONTACT = re.compile(r"\+?\d[\d ()/.-]{5,}|@|https?://|www\.|\bGmbH\b|\bInc\b|\bLtd\b|\bs\.r\.l\b|\bB\.V\.")
