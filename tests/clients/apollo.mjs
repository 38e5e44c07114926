// Apollo Client against a server: plain operations, persisted queries, errors, subscriptions. Prints what it saw as JSON.
// The options:
//   url        of the server's GraphQL
//   token      of who asks
//   jobId      of an active job, which is cancelled while it is watched
import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const { url, token, jobId } = JSON.parse(process.argv[2])
const headers = { Authorization: `Bearer ${token}` }
const requests = []

async function watched(address, request) {
  const response = await fetch(address, request)
  const text = request.body ? JSON.parse(request.body).query : new URL(address).searchParams.get('query')
  requests.push({
    method: request.method,
    hasQuery: Boolean(text),
    status: response.status,
    type: response.headers.get('content-type'),
  })
  return response
}

const http = new HttpLink({ uri: url, headers, fetch: watched })
const persisted = new PersistedQueryLink({
  sha256: text => createHash('sha256').update(text).digest('hex'),
  useGETForHashedQueries: true,
})
const socket = createClient({
  url: url.replace('http', 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: headers,
  lazy: false,
})
const clientWith = link => new ApolloClient({ link, cache: new InMemoryCache() })
const fresh = { fetchPolicy: 'no-cache' }

const plain = clientWith(http)
const known = clientWith(ApolloLink.from([persisted, http]))
const live = clientWith(new GraphQLWsLink(socket))

function taken() {
  return requests.splice(0)
}

async function codesOf(work) {
  try {
    await work
    return []
  } catch (error) {
    if (!CombinedGraphQLErrors.is(error)) return [String(error)]
    return error.errors.map(({ extensions }) => extensions.code)
  }
}

const outcome = {}
outcome.viewer = (await plain.query({ query: gql`query Me { viewer { id username } }`, ...fresh })).data.viewer.username
outcome.plain = taken()

const byGet = clientWith(new HttpLink({ uri: url, headers, fetch: watched, useGETForQueries: true }))
outcome.byGet = await codesOf(byGet.query({ query: gql`query ByGet { viewer { username } }`, ...fresh }))
outcome.gets = taken()

const again = gql`query Again { viewer { username } limits { name } }`
for (let turn = 0; turn < 3; turn += 1) await known.query({ query: again, ...fresh })
outcome.persisted = taken()

outcome.mutation = (await known.mutate({
  mutation: gql`mutation Announce($input: CreateUploadInput!) { createUpload(input: $input) { filename } }`,
  variables: { input: { filename: 'a.txt', size: 5 } },
})).data.createUpload.filename
outcome.mutations = taken()

outcome.invalid = await codesOf(plain.query({ query: gql`{ nothing }`, ...fresh }))
outcome.unknown = await codesOf(
  plain.query({ query: gql`{ job(id: "batch-1754556928-12a41dbec0f3") { id } }`, ...fresh }),
)
taken()

const watch = gql`subscription Watch($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) { id status } }`
const cancel = gql`mutation Cancel($id: ID!) { cancelJob(id: $id) { id status } }`
outcome.statuses = await new Promise((resolve, reject) => {
  const seen = []
  live.subscribe({ query: watch, variables: { id: jobId } }).subscribe({
    next: ({ data, error }) => {
      if (error) reject(error)
      if (seen.push(data.jobUpdated.status) === 1) live.mutate({ mutation: cancel, variables: { id: jobId } }).catch(reject)
    },
    error: reject,
    complete: () => resolve(seen),
  })
})
outcome.overSocket = (await live.query({ query: gql`query OverSocket { viewer { username } }`, ...fresh })).data.viewer.username

// graphql-ws by itself: a hash stands for a query that is known; the library insists on some text beside it.
const sha256Hash = createHash('sha256').update('{ __typename }').digest('hex')
const extensions = { persistedQuery: { version: 1, sha256Hash } }
const results = async payload => {
  const found = []
  try {
    for await (const result of socket.iterate(payload)) found.push(result.data)
  } catch (errors) {
    found.push(errors[0]?.message ?? String(errors))
  }
  return found
}
outcome.hashes = [
  await results({ query: '', extensions }),
  await results({ query: '{ __typename }', extensions }),
  await results({ query: '', extensions }),
]
await socket.dispose()
process.stdout.write(JSON.stringify(outcome), () => process.exit())
