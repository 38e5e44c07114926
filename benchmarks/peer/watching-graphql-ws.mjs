// The server of graphql-ws over ws with the subscription of watching.mjs, as its documentation starts it.
//
//     node watching-graphql-ws.mjs JOBS.json REDIS_URL CHANNEL      prints its port once it listens
import { useServer } from "graphql-ws/use/ws";
import { createPubSub, createSchema } from "graphql-yoga";
import { WebSocketServer } from "ws";

import { hear, readJobs, typeDefs } from "./watching.mjs";

const jobs = readJobs(process.argv[2]);
const pubSub = createPubSub();
const resolvers = {
  Query: { job: (_, { id }) => jobs.get(id) },
  Subscription: {
    jobUpdated: {
      subscribe: async function* (_, { id }) {
        const changes = pubSub.subscribe(id);
        yield { jobUpdated: jobs.get(id) };
        yield* changes;
      },
    },
  },
};
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/graphql" });
useServer({ schema: createSchema({ typeDefs, resolvers }) }, server);
await hear(process.argv[3], process.argv[4], (job) => {
  jobs.set(job.id, job);
  pubSub.publish(job.id, { jobUpdated: job });
});
console.log(server.address().port);
