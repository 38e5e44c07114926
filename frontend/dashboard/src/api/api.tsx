/** The server as components see it. */
import { ApolloProvider } from '@apollo/client/react'
import { createContext, useContext, useEffect, useEffectEvent, useSyncExternalStore, type PropsWithChildren } from 'react'
import { openApollo } from './apollo'
import { Connection } from './connection'
import { Session } from './session'
import { openSocket } from './socket'

export type Api = ReturnType<typeof openApi>

/** @param base The address of the page, with a slash at the end: the API is beside it. */
export function openApi(base: string) {
  const connection = new Connection()
  const session = new Session(`${base}graphql`)
  const socket = openSocket(session, connection)
  return { connection, session, socket, apollo: openApollo(session, socket, connection) }
}

const ApiContext = createContext<Api | null>(null)

export function ApiProvider({ api, children }: PropsWithChildren<{ api: Api }>) {
  return (
    <ApiContext value={api}>
      <ApolloProvider client={api.apollo}>{children}</ApolloProvider>
    </ApiContext>
  )
}

export function useApi(): Api {
  const api = useContext(ApiContext)
  if (!api) throw new Error('useApi needs an ApiProvider.')
  return api
}

/** The id of who is signed in. */
export function usePerson(): string | null {
  const { session } = useApi()
  return useSyncExternalStore(session.subscribe, session.person)
}

export function useIsServerAway(): boolean {
  const { connection } = useApi()
  return useSyncExternalStore(connection.onChange, connection.isAway)
}

/** Have `act` called each time the server is back after it was away. */
export function useOnReturn(act: () => void) {
  const { connection } = useApi()
  const onReturn = useEffectEvent(act)
  useEffect(() => connection.onReturn(() => onReturn()), [connection])
}
