// mercurius with the subscription of watching.mjs, over its own pubsub.
//
//     node watching-mercurius.mjs JOBS.json REDIS_URL CHANNEL      prints its port once it listens
import Fastify from "fastify";
import mercurius from "mercurius";

import { hear, readJobs, typeDefs } from "./watching.mjs";

const jobs = readJobs(process.argv[2]);
const resolvers = {
  Query: { job: (_, { id }) => jobs.get(id) },
  Subscription: {
    jobUpdated: {
      subscribe: async function* (_, { id }, { pubsub }) {
        const changes = await pubsub.subscribe(id);
        yield { jobUpdated: jobs.get(id) };
        yield* changes;
      },
    },
  },
};
const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1, subscription: true });
await app.listen({ port: 0, host: "127.0.0.1" });
await hear(process.argv[3], process.argv[4], (job) => {
  jobs.set(job.id, job);
  app.graphql.pubsub.publish({ topic: job.id, payload: { jobUpdated: job } });
});
console.log(app.server.address().port);
