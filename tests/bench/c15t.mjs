// Owns the peer: c15t's backend as its own documents set it up (Kysely, PostgreSQL), behind the address that the load posts to.
// Refuses to help or to hinder it: a decision becomes the request that c15t's own widget would send, and nothing else is done.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Its packages are in the folder that the first argument names, the database is the second.
const [folder, url] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(createRequire(`${folder}/package.json`).resolve(name)));
const { c15tInstance } = await load("@c15t/backend");
const { kyselyAdapter } = await load("@c15t/backend/db/adapters/kysely");
const { DB } = await load("@c15t/backend/db/schema");
const { migrator } = await load("@c15t/backend/db/migrator");
const { Kysely, PostgresDialect } = await load("kysely");
const { default: pg } = await load("pg");

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
const adapter = kyselyAdapter({ db, provider: "postgresql" });
const { execute } = await migrator({ db: DB.client(adapter), schema: "latest" });
await execute();
const { handler } = c15tInstance({
  appName: "bench",
  basePath: "/",
  trustedOrigins: ["https://bench.example"],
  adapter,
  logger: { level: "error" },
});

createServer(async (request, answer) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { visitor, choices } = JSON.parse(Buffer.concat(chunks));
  const response = await handler(
    new Request("http://bench.example/subjects", {
      method: "POST",
      headers: { "content-type": "application/json", origin: "https://bench.example" },
      body: JSON.stringify({
        type: "cookie_banner",
        // It takes ids in base58 only: hexadecimal, with another letter for zero.
        subjectId: `sub_${Buffer.from(visitor, "base64url").toString("hex").replaceAll("0", "g")}`,
        domain: "bench.example",
        preferences: { necessary: true, measurement: choices.analytics, marketing: choices.video },
        givenAt: Date.now(),
        metadata: {},
      }),
    }),
  );
  const body = Buffer.from(await response.arrayBuffer());
  // The load takes nothing but 201 for an answer that something was recorded.
  answer.writeHead(response.ok ? 201 : response.status, { "content-type": "application/json", "content-length": body.length });
  answer.end(body);
}).listen(0, "127.0.0.1", function () {
  console.error(`address=127.0.0.1:${this.address().port}`);
});
