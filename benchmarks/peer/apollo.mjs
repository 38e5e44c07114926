// Apollo Server 5 on the part of Waybill's schema that benchmarks/api.py asks for, from memory.
//
//     node apollo.mjs DATA.json      prints its port once it listens
import { readFileSync } from "node:fs";

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import DataLoader from "dataloader";

const typeDefs = `#graphql
  scalar DateTime
  scalar BigInt
  enum JobStatus {
    PENDING UPLOADING UPLOADED PROCESSING AWAITING_INPUT PAUSED CANCELLING COMPLETED FAILED CANCELLED SKIPPED
  }
  type User { id: ID! username: String }
  type Upload { id: ID! filename: String! size: BigInt sha256: String createdAt: DateTime! }
  type UploadConnection { nodes: [Upload!]! pageInfo: PageInfo! }
  type File { id: ID! name: String! }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type Progress { percentage: Float! totalItems: Int processedItems: Int! failedItems: Int! }
  interface Job {
    id: ID! kind: String! title: String status: JobStatus! statusMessage: String! isActive: Boolean! progress: Progress!
    owner: User! uploads(first: Int, after: String): UploadConnection! files: [File!]! queuePosition: Int
    createdAt: DateTime! updatedAt: DateTime! finishedAt: DateTime
  }
  type Batch implements Job {
    id: ID! kind: String! title: String status: JobStatus! statusMessage: String! isActive: Boolean! progress: Progress!
    owner: User! uploads(first: Int, after: String): UploadConnection! files: [File!]! queuePosition: Int
    createdAt: DateTime! updatedAt: DateTime! finishedAt: DateTime
  }
  type BatchEdge { cursor: String! node: Batch! }
  type BatchConnection { edges: [BatchEdge!]! nodes: [Batch!]! pageInfo: PageInfo! totalCount: Int! }
  type Query {
    batch(id: ID!): Batch
    batches(first: Int, after: String): BatchConnection!
  }
`;

const { jobs, uploads, users } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const jobsById = new Map(jobs.map((job) => [job.id, job]));
const uploadsByJob = new Map(jobs.map((job) => [job.id, []]));
for (const upload of uploads) uploadsByJob.get(upload.jobId).push(upload);
const usersById = new Map(users.map((user) => [user.id, user]));

const pageOf = (rows, first) => ({
  nodes: rows.slice(0, first),
  pageInfo: {
    hasNextPage: rows.length > first, hasPreviousPage: false,
    startCursor: rows[0]?.id ?? null, endCursor: rows[Math.min(rows.length, first) - 1]?.id ?? null,
  },
});
const isOver = new Set(["COMPLETED", "FAILED", "CANCELLED", "SKIPPED"]);

const resolvers = {
  Query: {
    batch: (_, { id }) => jobsById.get(id) ?? null,
    batches: (_, { first }) => ({ ...pageOf(jobs, first ?? 50), totalCount: jobs.length }),
  },
  Job: { __resolveType: () => "Batch" },
  Batch: {
    isActive: (job) => !isOver.has(job.status),
    progress: (job) => ({
      percentage: job.percentage, totalItems: job.totalItems, processedItems: job.processedItems,
      failedItems: job.failedItems,
    }),
    owner: (job, _, { loaders }) => loaders.users.load(job.ownerId),
    uploads: async (job, { first }, { loaders }) => pageOf(await loaders.uploads.load(job.id), first ?? 50),
    files: () => [],
    queuePosition: () => null,
  },
};

const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false });
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: "127.0.0.1" },
  context: async () => ({
    loaders: {
      users: new DataLoader(async (ids) => ids.map((id) => usersById.get(id))),
      uploads: new DataLoader(async (ids) => ids.map((id) => uploadsByJob.get(id))),
    },
  }),
});
console.log(new URL(url).port);
