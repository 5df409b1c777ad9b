// Fails the build when the page grows over its budget or when development code got into it.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const FIRST_ROUTE_JS_MAX = 260 * 1024;
const FIRST_ROUTE_CSS_MAX = 40 * 1024;
const LAZY_CHUNK_MAX = 60 * 1024;

const html = await readFile("dist/index.html", "utf8");
const problems = [];
if (/<script(?![^>]*\ssrc=)[^>]*>/.test(html)) problems.push("index.html holds an inline script");

let firstJs = 0;
let firstCss = 0;
for (const name of await readdir("dist/assets")) {
  const bytes = await readFile(`dist/assets/${name}`);
  if (name.endsWith(".js") && bytes.includes("papertape-development-fake")) {
    problems.push(`${name} holds the development fake`);
  }
  if (!/\.(js|css)$/.test(name)) continue;
  const size = gzipSync(bytes).length;
  const first = html.includes(name);
  if (first && name.endsWith(".js")) firstJs += size;
  if (first && name.endsWith(".css")) firstCss += size;
  if (!first && name.endsWith(".js") && size > LAZY_CHUNK_MAX) {
    problems.push(`${name} is ${size} bytes compressed, over ${LAZY_CHUNK_MAX}`);
  }
}
if (firstJs > FIRST_ROUTE_JS_MAX) problems.push(`first route JavaScript is ${firstJs} bytes compressed`);
if (firstCss > FIRST_ROUTE_CSS_MAX) problems.push(`first route CSS is ${firstCss} bytes compressed`);
console.log(
  `first route: ${(firstJs / 1024).toFixed(1)} kB JavaScript, ${(firstCss / 1024).toFixed(1)} kB CSS (gzip)`,
);
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
