// Drives the code of docs/clients.md, which lies beside this file when it runs. Prints what happened as JSON.
// The options:
//   waybill              the server's address
//   username, password   of who signs in
//   jobs                 ids of the batches of that user, three of them, active
import { InMemoryCache, gql } from '@apollo/client'
import { createOperationDescriptor, fetchQuery, getRequest, requestSubscription } from 'relay-runtime'
import WebSocket from 'ws'
import { openApollo } from './apollo.js'
import { openCache, possibleTypesOf } from './cache.js'
import { listBatches, showMore, watchJob } from './page.js'
import { openRelay } from './relay.js'
import jobQuery from './RelayClientQuery.graphql.js'
import jobSubscription from './RelayClientSubscription.graphql.js'
import { scalars } from './scalars.js'
import { openSession } from './session.js'
import { openSocket } from './socket.js'
import { openUrql } from './urql.js'

const { waybill, username, password, jobs } = JSON.parse(process.argv[2])
const [job] = jobs
const DEADLINE_MS = 60_000
globalThis.WebSocket = WebSocket // as browsers have it
const requests = []
const warnings = []
let held = null // answers to an operation of this name wait for a promise
const plainFetch = globalThis.fetch
globalThis.fetch = async (address, request = {}) => {
  const asked = request.body ? JSON.parse(request.body).query : new URL(address).searchParams.get('query')
  requests.push({ method: request.method ?? 'GET', asked })
  const response = await plainFetch(address, request)
  if (held && asked.includes(held.name)) {
    held.isAnswered = true
    await held.until
  }
  return response
}
for (const name of ['warn', 'error']) console[name] = (...words) => warnings.push(words.map(String).join(' '))

async function soon(what, isTrue) {
  const end = Date.now() + DEADLINE_MS
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`In vain: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function memory() {
  let tokens = null
  return { read: () => tokens, write: next => { tokens = next } }
}

async function mutate(query, variables) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${session.token()}` }
  const response = await plainFetch(`${waybill}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  const { data, errors } = await response.json()
  if (errors) throw new Error(errors[0].message)
  return data
}
const rename = (id, title) =>
  mutate('mutation ($id: ID!, $title: String!) { updateJob(id: $id, input: {title: $title}) { id } }', { id, title })

const store = memory()
let signedOut = 0
const session = openSession(waybill, store, () => { signedOut += 1 })
const socket = openSocket(waybill, session)
const possibleTypes = await possibleTypesOf(waybill)
const cache = openCache(possibleTypes)
const apollo = openApollo(waybill, session, socket, cache)
const outcome = { possibleTypes, scalars }

// Before sign-in
const SERVER = gql`query Server { serverInfo { service } }`
outcome.before = (await apollo.query({ query: SERVER })).data.serverInfo.service
outcome.tooEarly = await session.freshToken().catch(error => error.message)
outcome.refused = await session.signIn(username, 'not the password').catch(error => error.code)
await session.signIn(username, password)

// A list, its next page
const list = listBatches(apollo)
const rows = []
const listing = list.subscribe(({ data }) => rows.push(data?.batches?.edges?.map(({ node }) => node) ?? []))
await soon('the first page', () => rows.at(-1)?.length === 2)
await showMore(list)
await soon('the second page', () => rows.at(-1)?.length === 3)
outcome.pages = rows.at(-1).map(({ id }) => id)

// Events go into the list, and nothing is asked again
const events = []
const watching = watchJob(apollo, job).subscribe(({ data }) => data && events.push(data.jobUpdated))
await soon('the present state', () => events.length === 1)
requests.length = 0
for (const title of ['one', 'two', 'three', 'four', 'five']) {
  await rename(job, title)
  await soon(`the event ${title}`, () => events.at(-1).title === title)
}
await soon('the last title in the list', () => rows.at(-1).find(({ id }) => id === job).title === 'five')
outcome.merged = { events: events.length, requests: requests.length, eta: 'etaSeconds' in rows.at(-1)[0].progress }

// A slow answer and a faster event
const SLOW = gql`query Slow($id: ID!) { job(id: $id) { id title kind version progress { percentage totalItems } } }`
let letGo
held = { name: 'Slow', until: new Promise(resolve => { letGo = resolve }) }
const slow = apollo.query({ query: SLOW, variables: { id: job }, fetchPolicy: 'network-only' })
await soon('the answer of the slow query', () => held.isAnswered)
await rename(job, 'newer')
const titleInList = () => rows.at(-1).find(({ id }) => id === job).title
await soon('the event in the list', () => events.at(-1).title === 'newer' && titleInList() === 'newer')
letGo()
const late = (await slow).data.job
await new Promise(resolve => setTimeout(resolve, 100)) // an older state would reach the list meanwhile
outcome.slow = {
  answer: late.title, kind: late.kind, hasTotal: 'totalItems' in late.progress,
  list: titleInList(),
}

// What the first of the cache's lines is for
const unmerged = openApollo(waybill, session, socket, new InMemoryCache({ possibleTypes }))
let isShown = false
const shownList = listBatches(unmerged).subscribe(({ data }) => { isShown ||= Boolean(data?.batches?.edges) })
await soon('the list once more', () => isShown)
requests.length = 0
const told = []
const watchingToo = watchJob(unmerged, job).subscribe(({ data }) => data && told.push(data.jobUpdated.title))
await soon('a request after an event', () => told.length > 0 && requests.length > 0)
for (const each of [shownList, watchingToo]) each.unsubscribe()
unmerged.stop()

// Many requests find the token ended at once
requests.length = 0
store.write({ ...store.read(), accessToken: 'ended' })
const ME = gql`query Me { viewer { username } }`
const answers = await Promise.all([1, 2, 3, 4].map(() => apollo.query({ query: ME, fetchPolicy: 'no-cache', context: { queryDeduplication: false } })))
outcome.parallel = {
  names: answers.map(({ data }) => data.viewer.username),
  renewals: requests.filter(({ asked }) => asked.includes('refreshSession')).length,
  questions: requests.filter(({ asked }) => asked.includes('viewer')).length,
}

// A clock that is wrong by days asks for no more tokens than one that is right
requests.length = 0
const now = Date.now
Date.now = () => now() + 3 * 86_400_000
const other = openSession(waybill, memory(), () => {})
await other.signIn(username, password)
for (let turn = 0; turn < 3; turn += 1) await other.freshToken()
Date.now = now
outcome.wrongClock = requests.filter(({ asked }) => asked.includes('refreshSession')).length

// urql
requests.length = 0
const urql = openUrql(waybill, session, socket)
const PAGE = `query Page($after: String) {
  batches(first: 2, after: $after) { edges { cursor node { id title version stages { name } progress { percentage } } } pageInfo { hasNextPage endCursor } } }`
const first = await urql.query(PAGE, {}).toPromise()
const second = await urql.query(PAGE, { after: first.data.batches.pageInfo.endCursor }).toPromise()
store.write({ ...store.read(), accessToken: 'ended' })
const me = await Promise.all([1, 2].map(turn => urql.query(`query Turn${turn} { viewer { id username } }`, {}).toPromise()))
const titles = []
const seenByUrql = []
const live = urql.subscription('subscription ($id: ID!) { jobUpdated(id: $id) { id title version } }', { id: job })
  .subscribe(({ data }) => seenByUrql.push(data.jobUpdated.title))
const shown = urql.query('query Shown($id: ID!) { job(id: $id) { id title version } }', { id: job })
  .subscribe(({ data }) => titles.push(data?.job.title))
await soon('both', () => seenByUrql.length && titles.length)
await rename(job, 'by urql')
await soon('the event at urql', () => seenByUrql.at(-1) === 'by urql' && titles.at(-1) === 'by urql')
live.unsubscribe()
shown.unsubscribe()
outcome.urql = {
  pages: second.data.batches.edges.length,
  error: String(first.error ?? second.error ?? ''),
  names: me.map(({ data }) => data?.viewer.username),
  methods: [...new Set(requests.filter(({ asked }) => !asked.startsWith('mutation')).map(({ method }) => method))],
  renewals: requests.filter(({ asked }) => asked.includes('refreshSession')).length,
}

// Relay
const relay = openRelay(waybill, session, socket)
store.write({ ...store.read(), accessToken: 'ended' })
const { node } = await fetchQuery(relay, jobQuery, { id: job }).toPromise()
const byRelay = []
const subscription = requestSubscription(relay, {
  subscription: jobSubscription, variables: { id: job }, onNext: ({ jobUpdated }) => byRelay.push(jobUpdated.version),
})
await soon('the present state at Relay', () => byRelay.length === 1)
await rename(job, 'by Relay')
await soon('the event at Relay', () => byRelay.length === 2)
subscription.dispose()
const kept = relay.lookup(createOperationDescriptor(getRequest(jobQuery), { id: job }).fragment).data.node
outcome.relay = { status: node.status, grew: byRelay[1] > byRelay[0], kept: kept.version === byRelay[1] }

// Somebody signs this session out while its page watches
const failures = []
const lastly = watchJob(apollo, jobs[1]).subscribe({ next: ({ error }) => error && failures.push(String(error)), error: error => failures.push(String(error)) })
requests.length = 0
await mutate('mutation { logout }')
await soon('signing out', () => signedOut > 0 && failures.length > 0)
await new Promise(resolve => setTimeout(resolve, 300))
outcome.signedOut = {
  calls: signedOut, token: session.token(), failures: failures.length,
  renewals: requests.filter(({ asked }) => asked.includes('refreshSession')).length,
}
await session.signIn(username, password)
const again = []
const anew = watchJob(apollo, job).subscribe(({ data }) => data && again.push(data.jobUpdated.id))
await soon('the job again', () => again.length > 0)
outcome.again = again[0]

outcome.failures = failures
for (const each of [listing, watching, lastly, anew]) each.unsubscribe()
outcome.warnings = warnings
process.stdout.write(JSON.stringify(outcome), () => process.exit())
