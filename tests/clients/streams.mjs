// Watches a job over HTTP, with the code of docs/clients.md, which lies beside this file when it runs: with graphql-sse, or
// with Apollo Client and nothing but HttpLink. Prints as JSON what it was told, and what it asked. The options:
//   waybill              the server's address
//   username, password   of who signs in
//   job                  the id of an active job of that user
//   library              graphql-sse or apollo
//   refusals             how many of the first streams are refused as by a server that stops
//   told                 a file that gets a line with each status that came
import { appendFileSync } from 'node:fs'
import { InMemoryCache, gql } from '@apollo/client'
import { openApolloOverHttp } from './apollo_http.js'
import { watch } from './events.js'
import { openSession } from './session.js'

const { waybill, username, password, job, library, told, refusals = 0 } = JSON.parse(process.argv[2])
let tokens = null
const session = openSession(waybill, { read: () => tokens, write: next => { tokens = next } }, () => {})
await session.signIn(username, password)

const isStream = ({ accept }) => /event-stream|multipart/.test(accept)
const stopping = () => {
  const extensions = { code: 'SERVICE_UNAVAILABLE', retryAfter: 2 }
  const body = JSON.stringify({ errors: [{ message: 'The server is stopping: try again.', extensions }] })
  return new Response(body, { status: 503, headers: { 'Content-Type': 'application/graphql-response+json' } })
}
const requests = []
const plainFetch = globalThis.fetch
globalThis.fetch = async (address, request = {}) => {
  const headers = new Headers(request.headers)
  const made = { accept: headers.get('accept'), token: headers.get('authorization') }
  requests.push(made)
  if (isStream(made) && requests.filter(isStream).length <= refusals) return stopping()
  const response = await plainFetch(address, request)
  made.type = response.headers.get('content-type')
  return response
}

const statuses = []
const problems = []
function tell(status) {
  statuses.push(status)
  appendFileSync(told, `${status}\n`)
}
const query = 'subscription Watch($id: ID!) { jobUpdated(id: $id) { id status } }'
if (library === 'graphql-sse') {
  for await (const { data, errors } of watch(waybill, session, { query, variables: { id: job } })) {
    if (errors) problems.push(...errors.map(({ message }) => message))
    else tell(data.jobUpdated.status)
  }
} else {
  const client = openApolloOverHttp(waybill, session, new InMemoryCache())
  await new Promise((resolve, reject) =>
    client.subscribe({ query: gql(query), variables: { id: job } }).subscribe({
      next: ({ data, error }) => {
        if (error) problems.push(error.message)
        else tell(data.jobUpdated.status)
      },
      error: reject,
      complete: resolve,
    }))
}
const streams = requests.filter(isStream)
const outcome = {
  statuses, problems,
  types: [...new Set(streams.map(({ type }) => type).filter(Boolean))],
  tokens: new Set(streams.map(({ token }) => token)).size,
}
process.stdout.write(JSON.stringify(outcome), () => process.exit())
