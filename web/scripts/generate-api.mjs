// Writes src/api/schema.d.ts from the server's OpenAPI document.
// usage: npm run api [-- path-or-address]; default ../docs/openapi.json
import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";

const source = process.argv[2] ?? "../docs/openapi.json";
const text = /^https?:/.test(source) ? await (await fetch(source)).text() : await readFile(source, "utf8");
const document = JSON.parse(text);

// Requests are named by their paths here; without ids the types stand where they are used.
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) delete operation.operationId;
}

const header =
  "/**\n * Generated from the server's OpenAPI document by `npm run api`; never edited by hand.\n */\n\n";
const types = await openapiTypescript(document, { defaultNonNullable: false });
await writeFile("src/api/schema.d.ts", header + astToString(types));
