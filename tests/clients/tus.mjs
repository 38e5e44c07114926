// Uploads one file with tus-js-client, and prints what came of it as JSON. The options are those of tus-js-client and:
//   version               4 or 5
//   path, source          the file, and how it is handed over: as a "buffer", a "file" or a "stream"
//   urlStorage            file of the FileUrlStorage; an upload that it knows is resumed
//   restSeconds           how long to wait before each request
//   pauseAfterChunks, pauseAfterSeconds    abort() once, then start() on the same object; seconds from the first byte
//   terminateAfterChunks  abort(true)
import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

const {
  version, path, source, urlStorage, restSeconds = 0,
  pauseAfterChunks, pauseAfterSeconds, terminateAfterChunks, ...options
} = JSON.parse(process.argv[2])
const tus = await import(`tus-js-client-${version}`)
const { FileUrlStorage } = version === 4 ? tus : await import(`tus-js-client-${version}/node/FileUrlStorage`)

// A stream that ends soon after its last byte was read. Others end when more is asked for, and tus-js-client, which does
// ask for more after a full chunk, then waits for that for ever.
class WholeStream extends Readable {
  constructor(content) {
    super({ read() {} })
    this.push(content)
    this.push(null)
  }

  read(size) {
    const chunk = super.read(size)
    if (this.readableLength === 0) setImmediate(() => super.read(0))
    return chunk
  }
}

const sources = {
  buffer: () => readFileSync(path),
  file: () => createReadStream(path),
  stream: () => new WholeStream(readFileSync(path)),
}
const requests = []
const started = performance.now()
let chunks = 0
let pausing
let hasEnded = false

function end(error) {
  // Version 5 also fails after it succeeded with a new upload in place of one that was gone.
  if (hasEnded) return
  hasEnded = true
  const response = error?.originalResponse
  const outcome = {
    url: upload.url,
    requests: requests.map(({ method, status }) => `${method} ${status}`),
    seconds: (performance.now() - started) / 1000,
    error: error ? { message: error.message, status: response?.getStatus(), body: response?.getBody() } : null,
  }
  process.stdout.write(JSON.stringify(outcome), () => process.exit())
}

async function pause() {
  await upload.abort()
  await sleep(50) // Started before the aborted request has ended, an upload takes that end for a failure.
  upload.start()
}

const upload = new tus.Upload(sources[source](), {
  ...options,
  ...(urlStorage && { urlStorage: new FileUrlStorage(urlStorage) }),
  onBeforeRequest: async (request) => {
    await sleep(1000 * restSeconds)
    requests.push({ request, method: request.getMethod(), status: '-' })
  },
  onAfterResponse: (request, response) => {
    requests.find((made) => made.request === request).status = response.getStatus()
  },
  onProgress: () => {
    if (pauseAfterSeconds) pausing ??= setTimeout(pause, 1000 * pauseAfterSeconds)
  },
  onChunkComplete: () => {
    chunks += 1
    if (chunks === pauseAfterChunks) pause()
    if (chunks === terminateAfterChunks) upload.abort(true).then(() => end(), end)
  },
  onSuccess: () => end(),
  onError: end,
})
if (urlStorage) {
  const [previous] = await upload.findPreviousUploads()
  if (previous) upload.resumeFromPreviousUpload(previous)
}
upload.start()
