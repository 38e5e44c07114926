// The part of Waybill's schema that benchmarks/graphql.py and benchmarks/live.py ask for, answered from memory.
//
// `typeDefs` and `resolvers` are for any server; `readJobs(FILE)` fills the memory.
import { readFileSync } from "node:fs";

import { GraphQLScalarType } from "graphql";

export const typeDefs = `
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
    id: ID! kind: String! title: String status: JobStatus! statusMessage: String! stage: String version: Int!
    isActive: Boolean! progress: Progress! owner: User! uploads(first: Int, after: String): UploadConnection!
    files: [File!]! queuePosition: Int createdAt: DateTime! updatedAt: DateTime! finishedAt: DateTime
  }
  type Batch implements Job {
    id: ID! kind: String! title: String status: JobStatus! statusMessage: String! stage: String version: Int!
    isActive: Boolean! progress: Progress! owner: User! uploads(first: Int, after: String): UploadConnection!
    files: [File!]! queuePosition: Int createdAt: DateTime! updatedAt: DateTime! finishedAt: DateTime
  }
  type BatchEdge { cursor: String! node: Batch! }
  type BatchConnection { edges: [BatchEdge!]! nodes: [Batch!]! pageInfo: PageInfo! totalCount: Int! }
  type ServerInfo { service: String! version: String! }
  type Query {
    batch(id: ID!): Batch
    batches(first: Int, after: String): BatchConnection!
    serverInfo: ServerInfo!
  }
`;

const jobs = [];
const jobsById = new Map();
const moment = (text) => (text === null ? null : new Date(text));

const pageOf = (rows, first) => {
  const nodes = rows.slice(0, first);
  return {
    nodes,
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    pageInfo: {
      hasNextPage: rows.length > first, hasPreviousPage: false,
      startCursor: nodes[0]?.id ?? null, endCursor: nodes.at(-1)?.id ?? null,
    },
    totalCount: rows.length,
  };
};

export const readJobs = (file) => {
  for (const batch of JSON.parse(readFileSync(file, "utf8"))) {
    const uploads = batch.uploads.nodes.map((upload) => ({ ...upload, createdAt: moment(upload.createdAt) }));
    const job = {
      ...batch, uploads, files: [], queuePosition: null, createdAt: moment(batch.createdAt), updatedAt: moment(batch.updatedAt),
      finishedAt: moment(batch.finishedAt),
    };
    jobs.push(job);
    jobsById.set(job.id, job);
  }
};

export const resolvers = {
  DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (value) => value.toISOString() }),
  BigInt: new GraphQLScalarType({ name: "BigInt", serialize: (value) => value }),
  Query: {
    batch: (_, { id }) => jobsById.get(id) ?? null,
    batches: (_, { first }) => pageOf(jobs, first ?? 50),
    serverInfo: () => ({ service: "peer", version: "1.0.0" }),
  },
  Batch: { uploads: (job, { first }) => pageOf(job.uploads, first ?? 50) },
};
