// mercurius on the schema of jobs.mjs.
//
//     node mercurius.mjs JOBS.json [jit]      prints its port once it listens; jit: with graphql-jit, from the first request on
import Fastify from "fastify";
import mercurius from "mercurius";

import { readJobs, resolvers, typeDefs } from "./jobs.mjs";

readJobs(process.argv[2]);
const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers, jit: process.argv[3] === "jit" ? 1 : 0 });
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);
