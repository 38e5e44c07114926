// The subscription of benchmarks/live.py: jobs as they are, then as Redis tells of them.
//
// `typeDefs` and `progressOf` are for any server; `readJobs(FILE)` gives the jobs by their ids, `hear(URL, CHANNEL, tell)`
// calls `tell(job)` for each change.
import { readFileSync } from "node:fs";

import { createClient } from "redis";

export const typeDefs = `
  enum JobStatus {
    PENDING UPLOADING UPLOADED PROCESSING AWAITING_INPUT PAUSED CANCELLING COMPLETED FAILED CANCELLED SKIPPED
  }
  type Progress { percentage: Float! totalItems: Int processedItems: Int! }
  type Job { id: ID! status: JobStatus! statusMessage: String! stage: String version: Int! progress: Progress! }
  type Query { job(id: ID!): Job }
  type Subscription { jobUpdated(id: ID!, maxPerSecond: Int): Job! }
`;

const jobOf = (row) => ({
  id: row.id, status: row.status, statusMessage: row.status_message, stage: row.stage, version: row.version,
  progress: {
    percentage: row.percentage, totalItems: row.total_items,
    processedItems: row.completed_items + row.failed_items + row.skipped_items,
  },
});

export const readJobs = (file) => new Map(JSON.parse(readFileSync(file, "utf8")).map((row) => [row.id, jobOf(row)]));

export const hear = async (url, channel, tell) => {
  const client = createClient({ url });
  await client.connect();
  await client.subscribe(channel, (message) => {
    const { kind, row } = JSON.parse(message);
    if (kind === "job") tell(jobOf(row));
  });
};
