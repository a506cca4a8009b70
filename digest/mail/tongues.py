"""Patterns for refusals in languages other than English, sorted by meaning. They match lower-case text.

Servers of QQ, NetEase, Sina, Hinet, T-Online, Orange, Mail.ru and others write in their own language beside a code.
"""

from __future__ import annotations

# Our sender, our relaying, a policy. "The sender does not exist" is about us as well.
OUR_SENDER = (
    r"发件人|发信人|发送者|寄件者|寄件人|寄信人|中继|策略|政策",
    r"送信者|差出人|発信者|送信元|ポリシー",
    r"보낸 ?사람|발신자|정책",
    r"отправител|политик",
    r"\babsender|richtlinie",
    r"\bexp[ée]diteur|\bpolitique\b|\bremitente|\bpol[íi]tica|\bremetente|\bmittente|\bafzender|\bbeleid\b",
    r"\bnadawc|\bg[öo]nderen\b|\bavs[äe]ndar",
)
MAILBOX_STATE = (
    r"(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|帐户|账户|收件人|收件者).{0,12}(?:已?满|已?滿|空间不足|空間不足|容量|停用|禁用|冻结|凍結|锁定|鎖定|注销|关闭)",
    r"(?:空间|空間|容量)(?:不足|已?满|已?滿|超)",
    r"メールボックス.{0,10}(?:満杯|一杯|いっぱい|容量)|사서함.{0,10}(?:가득|초과|용량)",
    r"ящик.{0,20}(?:переполнен|заблокирован|отключ)|переполнен",
    r"(?:postfach|mailbox|konto).{0,30}(?:voll|überfüllt|gesperrt|deaktiviert)",
    r"(?:bo[îi]te|compte).{0,30}(?:pleine|satur|d[ée]sactiv|suspendu)|quota (?:de stockage )?d[ée]pass",
    r"(?:buz[óo]n|cuenta|casilla|caixa|conta|casella).{0,30}(?:lleno|llena|cheia|piena|desactivad|desativad|disattivat)",
)
OUR_DOING = (
    r"垃圾|反垃圾|黑名单|黑名單|频率|頻率|频繁|頻繁|过快|過快|限制|限额|限額|超过.{0,8}(?:数量|次数)|认证|認證|验证|驗證|拦截|攔截",
    r"迷惑メール|スパム|ブラックリスト|制限|認証|스팸|차단|제한|인증",
    r"спам|ч[её]рн\w+ спис|превышен\w* (?:лимит|скорост|частот)|лимит",
    r"unerwünscht|schwarze liste|sperrliste|zu viele|zu h[äa]ufig",
    r"ind[ée]sirable|liste noire|trop de|lista negra|demasiad|no deseado|troppi|troppe|muit[oa]s",
)
NO_SUCH_USER = (
    r"(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|地址|收件人|收件者).{0,12}(?:不存在|未找到|找不到|无效|無效|错误|錯誤)",
    r"(?:没有|沒有|无|無|无此|無此|查無|查无).{0,3}(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|收件人|收件者)|不存在.{0,6}(?:用户|邮箱|收件人)",
    r"宛先不明|宛先.{0,12}(?:存在しません|見つかりません)|ユーザー?.{0,12}(?:存在しません|不明)",
    r"존재하지 않는|없는 (?:사용자|계정)",
    r"(?:пользовател|адресат|получател|ящик)\w*.{0,20}не (?:найден|существу)|нет такого",
    r"неизвестн\w+ (?:пользовател|получател|адрес)",
    r"(?:empfänger|benutzer|adresse|postfach|adressat)\w*.{0,30}(?:unbekannt|existiert nicht|nicht gefunden|ungültig)",
    r"(?:unbekannter?|ungültiger?|kein solcher?) (?:empfänger|benutzer|adressat|adresse|nutzer)",
    r"(?:utilisateur|destinataire|adresse|bo[îi]te)\w*.{0,30}(?:inconnu|inexistant|introuvable|invalide|n.existe pas)",
    r"(?:usuario|destinatario|direcci[óo]n|buz[óo]n|cuenta).{0,30}(?:desconocid|inexistente|no existe|no encontrad)",
    r"(?:usu[áa]rio|destinat[áa]rio|endere[çc]o|conta).{0,30}(?:desconhecid|inexistente|n[ãa]o (?:existe|encontrad))",
    r"(?:direcci[óo]n|endere[çc]o|destinat[áa]rio).{0,30}inv[áa]lid",
    r"(?:utente|destinatario|indirizzo|casella).{0,30}(?:sconosciut|inesistente|non esiste|non trovat|non valid)",
    r"(?:gebruiker|ontvanger|adres).{0,30}(?:onbekend|bestaat niet)|(?:onbekende) (?:gebruiker|ontvanger)",
    r"(?:u[żz]ytkownik|odbiorc|adresat)\w*.{0,20}(?:nie istnieje|nieznany)|nieznany (?:u[żz]ytkownik|odbiorca)",
)
RATE = (
    r"频率|頻率|频繁|頻繁|过快|過快|超[过出過].{0,10}(?:限制|限额|限額|数量|次数)|发送(?:数量|次数).{0,6}(?:限|超)",
    r"頻度|送信数.{0,6}(?:制限|超)|너무 (?:많|빠)|слишком (?:много|часто)|превышен\w* (?:лимит|скорост|частот)",
    r"zu (?:viele|häufig)|trop (?:de|vite)|demasiad[oa]s",
    # NetEase's own codes for what an IP address, a sender or a client sent in a period
    r"\b(?:rp:(?:trl|cel|qrc|drc|sfc)|mi:(?:cel|dmc|stc|rbc|imf|spf))\b",
)
TOO_LARGE = (
    r"(?:邮件|郵件|信件).{0,10}(?:过大|過大|太大)|(?:邮件|郵件|信件)大小.{0,6}(?:超|限)",
    r"zu gro(?:ß|ss)|trop volumineux",
)
