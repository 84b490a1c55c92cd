// Writes crates/identity/data/{communes,countries,transliteration}.tsv, the compact tables that `identity` embeds.
//
//   npm pack @etalab/decoupage-administratif@6.0.0 && tar xzf etalab-decoupage-administratif-6.0.0.tgz
//   node scripts/make-cog-table.mjs package/data SHARED crates/identity/data
//
// SHARED is the folder that holds insee-cog/countries.csv and icao/transliteration.json.
import { readFileSync, writeFileSync } from "node:fs";

const [communesDir, shared, out] = process.argv.slice(2);
if (!out) throw new Error("usage: make-cog-table.mjs PACKAGE_DATA SHARED OUT");
const attribution = (what) => `# ${what}\n`;
const rows = (list) => list.map((row) => row.join("\t")).join("\n") + "\n";

const communes = JSON.parse(readFileSync(`${communesDir}/communes.json`, "utf8"))
  .filter((c) => c.type === "commune-actuelle" || c.type === "arrondissement-municipal")
  .map((c) => [c.code, c.nom, c.departement ?? c.code.slice(0, c.code.startsWith("97") || c.code.startsWith("98") ? 3 : 2)])
  .sort((a, b) => (a[0] < b[0] ? -1 : 1));
writeFileSync(
  `${out}/communes.tsv`,
  attribution("Insee, Code officiel géographique au 1er janvier 2026, Licence Ouverte 2.0; through @etalab/decoupage-administratif 6.0.0 (MIT). code, name, département") + rows(communes),
);

const countries = readFileSync(`${shared}/insee-cog/countries.csv`, "utf8").trim().split("\n").slice(1)
  .map((line) => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((f) => f.replace(/,$/, "").replace(/^"|"$/g, "").replaceAll('""', '"')))
  .map(([cog, iso2, iso3, , name, , actual]) => [cog, name, iso2, iso3, actual]);
writeFileSync(
  `${out}/countries.tsv`,
  attribution("Insee, Code officiel géographique 2025, pays et territoires, Licence Ouverte 2.0. code, name, ISO 3166-1 alpha-2, alpha-3, kind (1 State, 4 territory)") + rows(countries),
);

const table = JSON.parse(readFileSync(`${shared}/icao/transliteration.json`, "utf8"));
const letters = Object.entries(table.latin).map(([letter, { mrz, alternatives = [] }]) => [letter, mrz, ...alternatives]);
const extra = Object.entries(table.latin_not_in_table_suggested ?? {}).map(([letter, value]) => [letter, ...(typeof value === "string" ? [value] : [value.mrz, ...(value.alternatives ?? [])])]);
writeFileSync(
  `${out}/transliteration.tsv`,
  attribution("ICAO Doc 9303-3, 8th edition, section 6, table A (Latin). letter, MRZ, alternatives") + rows([...letters, ...extra]),
);
