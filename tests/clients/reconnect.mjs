// Watches a job with graphql-ws until it ends, however often the socket ends before. Prints as JSON what it was told and
// how its sockets were closed. The options:
//   url, token    of the server's GraphQL, and of who asks
//   jobId         of an active job
//   told          a file that gets a line with each status that came
import { appendFileSync } from 'node:fs'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const { url, token, jobId, told } = JSON.parse(process.argv[2])
const closes = []
const statuses = []
const client = createClient({
  url: url.replace('http', 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${token}` },
  shouldRetry: () => true, // also while nobody listens
  retryAttempts: 300, // a minute: a server that starts on a busy machine takes its time
  retryWait: () => new Promise(resolve => setTimeout(resolve, 200)),
  on: { closed: event => closes.push(event.code) },
})
const query = `subscription Watch($id: ID!) { jobUpdated(id: $id) { status } }`
for await (const { data } of client.iterate({ query, variables: { id: jobId } })) {
  statuses.push(data.jobUpdated.status)
  appendFileSync(told, `${data.jobUpdated.status}\n`)
}
process.stdout.write(JSON.stringify({ statuses, closes }), () => process.exit())
