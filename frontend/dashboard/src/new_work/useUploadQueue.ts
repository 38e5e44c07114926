/** The one queue of this tab; it goes on when another page is opened or the session ends by itself, and ends when its person signs out. */
import { useSyncExternalStore } from 'react'
import { useApi, type Api } from '../api/api'
import { useServer } from '../api/server'
import { UploadQueue } from './queue'

const DEFAULT_CHUNK_BYTES = 50_000_000

let queue: UploadQueue | null = null

export function useUploadQueue(): UploadQueue {
  const api = useApi()
  const server = useServer()
  return (queue ??= openQueue(api, server?.recommendedChunkSize ?? DEFAULT_CHUNK_BYTES))
}

export function useSendings() {
  const { subscribe, sendings } = useUploadQueue()
  return useSyncExternalStore(subscribe, sendings)
}

function openQueue({ connection, session }: Api, chunkSize: number) {
  const opened = new UploadQueue(chunkSize)
  connection.onReturn(opened.resumeUnreached)
  let owner = session.expectedPerson()
  session.subscribe(() => {
    if (session.expectedPerson() === owner) return
    owner = session.expectedPerson()
    opened.forgetAll()
  })
  return opened
}
