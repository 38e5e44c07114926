// Apollo Server on the schema of jobs.mjs, as its documentation starts it.
//
//     node apollo.mjs JOBS.json      prints its port once it listens
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

import { readJobs, resolvers, typeDefs } from "./jobs.mjs";

readJobs(process.argv[2]);
const server = new ApolloServer({ typeDefs, resolvers: { ...resolvers, Job: { __resolveType: () => "Batch" } } });
const { url } = await startStandaloneServer(server, { listen: { port: 0, host: "127.0.0.1" } });
console.log(new URL(url).port);
