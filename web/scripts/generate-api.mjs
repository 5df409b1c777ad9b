// Writes src/api/schema.d.ts from the server's OpenAPI document.
// usage: npm run api -- PATH-OR-ADDRESS, where the document comes from `papertape openapi` or a server's /api/openapi.json
import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";

const source = process.argv[2];
if (source === undefined) {
  console.error("usage: npm run api -- PATH-OR-ADDRESS of the document that `papertape openapi` prints");
  process.exit(2);
}
const text = /^https?:/.test(source) ? await (await fetch(source)).text() : await readFile(source, "utf8");
const document = JSON.parse(text);

const header =
  "/**\n * Generated from the server's OpenAPI document by `npm run api`; never edited by hand.\n */\n\n";
const types = await openapiTypescript(document, { defaultNonNullable: false });
await writeFile("src/api/schema.d.ts", header + astToString(types));
