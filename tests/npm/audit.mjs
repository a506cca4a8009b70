// What @emailens/engine says of the HTML files named: one JSON object a line.
import { readFileSync } from "node:fs";
import { auditEmail } from "@emailens/engine";

for (const path of process.argv.slice(2)) {
  const { compatibility, spam, links, accessibility, images, size, templateVariables } = auditEmail(readFileSync(path, "utf8"));
  console.log(JSON.stringify({
    path,
    compatibility: compatibility.warnings.map(({ severity, client, property }) => ({ severity, client, property })),
    scores: Object.fromEntries(Object.entries(compatibility.scores).map(([client, { score }]) => [client, score])),
    spam: spam.issues.map(({ rule }) => rule),
    links: links.issues.map(({ rule }) => rule),
    accessibility: accessibility.issues.map(({ rule }) => rule),
    images: images.issues.map(({ rule }) => rule),
    clipped: size.clipped,
    unresolved: templateVariables.unresolvedCount,
  }));
}
