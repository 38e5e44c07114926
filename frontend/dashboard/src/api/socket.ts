/** The WebSocket of all subscriptions; see docs/clients.md. */
import { createClient } from 'graphql-ws'
import type { Connection } from './connection'
import { pauseAfter } from './pauses'
import type { Session } from './session'

export function openSocket(session: Session, connection: Connection) {
  let token: string | undefined
  let refused: string | undefined
  return createClient({
    url: session.endpoint.replace(/^http/, 'ws'),
    connectionParams: async () => {
      token = await session.freshToken(refused)
      return { Authorization: `Bearer ${token}` }
    },
    on: {
      connected: () => connection.say(false),
      closed: event => {
        const { code, wasClean } = event as CloseEvent
        if (code === 4403) refused = token
        else if (!wasClean) connection.say(true)
      },
    },
    shouldRetry: () => session.token() !== null,
    retryAttempts: Infinity,
    retryWait: count => pause(pauseAfter(count)),
  })
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
