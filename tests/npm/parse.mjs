// What mailparser reads in the messages named: one JSON object a line.
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

for (const path of process.argv.slice(2)) {
  const mail = await simpleParser(readFileSync(path), { skipImageLinks: true, skipTextToHtml: true });
  const headers = Object.fromEntries(mail.headerLines.map(({ key, line }) => [key, line]));
  console.log(JSON.stringify({
    path,
    subject: mail.subject,
    from: mail.from.value[0].address,
    to: mail.to.value[0].address,
    date: mail.date.toISOString(),
    id: mail.messageId,
    list: mail.headers.get("list") ?? {},
    lines: Object.keys(headers),
    text: mail.text,
    html: mail.html || "",
    pictures: mail.attachments.map(({ cid, contentType, size }) => [cid, contentType, size]),
  }));
}
