// Drives downloads.js of docs/clients.md, which lies beside this file when it runs. Prints what happened as JSON.
// The options:
//   waybill              the server's address
//   username, password   of who signs in
//   urls                 what is to be fetched
//   options              of all of them
import WebSocket from 'ws'
import { openApollo } from './apollo.js'
import { openCache, possibleTypesOf } from './cache.js'
import { downloadedFiles, startDownloads, watchDownload } from './downloads.js'
import { openSession } from './session.js'
import { openSocket } from './socket.js'

const { waybill, username, password, urls, options } = JSON.parse(process.argv[2])
const warnings = []
for (const name of ['warn', 'error']) console[name] = (...words) => warnings.push(words.map(String).join(' '))
globalThis.WebSocket = WebSocket // as browsers have it

let tokens = null
const session = openSession(waybill, { read: () => tokens, write: next => { tokens = next } }, () => {})
await session.signIn(username, password)
const socket = openSocket(waybill, session)
const client = openApollo(waybill, session, socket, openCache(await possibleTypesOf(waybill)))

const started = await startDownloads(client, urls, options)
const downloads = await Promise.all(started.filter(({ download }) => download).map(async ({ url, download }) => {
  const states = []
  const last = await watchDownload(client, download.id, state => states.push(state))
  return { url, last, states, files: await downloadedFiles(client, download.id) }
}))
const errors = started.filter(({ error }) => error).map(({ url, error }) => [url, error.code])
process.stdout.write(JSON.stringify({ downloads, errors, warnings }), () => process.exit())
