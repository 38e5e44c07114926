/** Files on their way to the server, by tus: a few at a time, for as long as the page is open. */
import { DetailedError, Upload } from 'tus-js-client'
import type { Told } from '../api/sentences'

const AT_ONCE = 3
const RETRY_DELAYS_MS = [0, 1_000, 3_000, 5_000, 10_000]
const PAUSE_BETWEEN_NEWS_MS = 100

export type SendingStatus = 'WAITING' | 'SENDING' | 'PAUSED' | 'FAILED' | 'DONE'

export type Sending = {
  /** The upload's. */
  id: string
  name: string
  jobId: string | null
  size: number
  sent: number
  status: SendingStatus
  /** What the server said, where it answered. */
  problem: Told | null
}

/** Where bytes go, as createUpload answers it; the URL carries its own right. */
export type Target = { id: string; url: string }

export class UploadQueue {
  #sendings = new Map<string, Sending>()
  #uploads = new Map<string, Upload>()
  #unreached = new Set<string>() // failed because nobody answered
  #shown: readonly Sending[] = []
  #listeners = new Set<() => void>()
  #isNewsDue = false

  /** @param chunkSize Bytes of one request at most: serverInfo.recommendedChunkSize. */
  constructor(readonly chunkSize: number) {
    window.addEventListener('beforeunload', event => {
      if (this.isSending()) event.preventDefault() // the browser asks whether to leave
    })
  }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** All of them, oldest first; the same array until something changes. */
  sendings = () => this.#shown

  isSending = () => [...this.#sendings.values()].some(({ status }) => status === 'SENDING' || status === 'WAITING')

  add(file: File, { id, url }: Target, jobId: string | null) {
    if (this.#sendings.has(id)) return this.resume(id)
    const upload = new Upload(file, {
      uploadUrl: url,
      chunkSize: this.chunkSize,
      retryDelays: RETRY_DELAYS_MS,
      storeFingerprintForResuming: false, // the server lists what is unfinished
      onProgress: sent => this.#change(id, { sent }),
      onSuccess: () => this.#end(id, { status: 'DONE', sent: file.size }),
      onError: error => this.#fail(id, error),
    })
    this.#uploads.set(id, upload)
    this.#sendings.set(id, { id, name: file.name, jobId, size: file.size, sent: 0, status: 'WAITING', problem: null })
    this.#startNext()
  }

  pause(id: string) {
    const { status } = this.#sendings.get(id) ?? {}
    if (status !== 'SENDING' && status !== 'WAITING') return
    this.#end(id, { status: 'PAUSED' })
    void this.#uploads.get(id)?.abort()
  }

  /** Also what has failed: it goes on from what the server has. */
  resume(id: string) {
    const { status } = this.#sendings.get(id) ?? {}
    if (status !== 'PAUSED' && status !== 'FAILED') return
    this.#unreached.delete(id)
    this.#change(id, { status: 'WAITING', problem: null })
    this.#startNext()
  }

  pauseAll = () => this.#ids('SENDING', 'WAITING').reverse().forEach(id => this.pause(id))

  resumeAll = () => this.#ids('PAUSED', 'FAILED').forEach(id => this.resume(id))

  /** The server is back: what failed for want of it goes on. */
  resumeUnreached = () => [...this.#unreached].forEach(id => this.resume(id))

  forget(id: string) {
    void this.#uploads.get(id)?.abort()
    this.#uploads.delete(id)
    this.#unreached.delete(id)
    this.#sendings.delete(id)
    this.#startNext()
  }

  forgetDone = () => this.#ids('DONE').forEach(id => this.forget(id))

  forgetAll = () => [...this.#sendings.keys()].reverse().forEach(id => this.forget(id))

  #ids = (...statuses: SendingStatus[]) =>
    [...this.#sendings.values()].filter(({ status }) => statuses.includes(status)).map(({ id }) => id)

  #startNext() {
    const free = AT_ONCE - this.#ids('SENDING').length
    for (const id of this.#ids('WAITING').slice(0, Math.max(free, 0))) {
      this.#change(id, { status: 'SENDING' })
      this.#uploads.get(id)?.start()
    }
    this.#tell()
  }

  #fail(id: string, error: Error | DetailedError) {
    const response = error instanceof DetailedError ? error.originalResponse : null
    if (!response || response.getStatus() >= 500) this.#unreached.add(id)
    this.#end(id, { status: 'FAILED', problem: toldIn(response?.getBody()) })
  }

  #end(id: string, changes: Partial<Sending>) {
    this.#change(id, changes)
    this.#startNext()
  }

  #change(id: string, changes: Partial<Sending>) {
    const sending = this.#sendings.get(id)
    if (!sending) return
    this.#sendings.set(id, { ...sending, ...changes })
    this.#tell()
  }

  /** Progress comes faster than anybody reads. */
  #tell() {
    if (this.#isNewsDue) return
    this.#isNewsDue = true
    setTimeout(() => {
      this.#isNewsDue = false
      this.#shown = [...this.#sendings.values()]
      for (const listener of this.#listeners) listener()
    }, PAUSE_BETWEEN_NEWS_MS)
  }
}

function toldIn(body: string | undefined): Told | null {
  try {
    return (JSON.parse(body ?? '') as { error: Told }).error
  } catch {
    return null // answered by something in between
  }
}
