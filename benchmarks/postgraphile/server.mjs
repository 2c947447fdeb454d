// PostGraphile on the schema `peer`, set up for speed: production mode, no GraphiQL, no watching,
// no logging, no sockets, no mutations, plain lists beside connections. Documents, plans and
// prepared statements are cached by PostGraphile itself; its connections have the settings of
// Terrace's readers, and are as many as it opens unless told otherwise.
//
//     PEER_URL=... [PEER_SCOPED=1] node server.mjs PORT
//
// With PEER_SCOPED a request's header `x-manager` becomes the setting `app.id`, in a transaction
// as PostGraphile makes it, and the policies of the schema hold.
import { createServer } from "node:http";
import { Socket } from "node:net";
import { grafserv } from "grafserv/node";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const scoped = process.env.PEER_SCOPED === "1";

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.PEER_URL,
      schemas: ["peer"],
      poolConfig: { max: 10, options: "-c plan_cache_mode=force_generic_plan -c jit=off" },
    }),
  ],
  schema: { defaultBehavior: "+connection +list -insert -update -delete" },
  grafserv: { graphiql: false, watch: false, websockets: false },
  grafast: {
    explain: false,
    ...(scoped && {
      context: ({ node }) => ({ pgSettings: { "app.id": node.req.headers["x-manager"] } }),
    }),
  },
};

const server = createServer({ keepAliveTimeout: 75_000 });
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");

// The benchmark keeps the other end of this pipe; when it is gone, so is this server.
const lifeline = process.env.TERRACE_LIFELINE;
if (lifeline !== undefined) {
  new Socket({ fd: Number(lifeline), readable: true, writable: false })
    .on("close", () => process.exit(1))
    .resume();
}
process.on("SIGTERM", () => process.exit(0));
