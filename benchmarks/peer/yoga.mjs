// graphql-yoga on the schema of jobs.mjs.
//
//     node yoga.mjs JOBS.json      prints its port once it listens
import { createServer } from "node:http";

import { createSchema, createYoga } from "graphql-yoga";

import { readJobs, resolvers, typeDefs } from "./jobs.mjs";

readJobs(process.argv[2]);
const schema = createSchema({ typeDefs, resolvers });
const server = createServer(createYoga({ schema, logging: false, graphiql: false, landingPage: false }));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
