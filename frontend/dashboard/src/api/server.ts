/** What every page may ask of the server: what it can do, and who is signed in. */
import { useQuery } from '@apollo/client/react'
import { ServerDocument, ViewerDocument } from './server.generated'

export const useServerQuery = () => useQuery(ServerDocument, { fetchPolicy: 'cache-first' })

/** Undefined until known. */
export const useServer = () => useServerQuery().data?.serverInfo

/** Null until known. */
export const useViewer = () => useQuery(ViewerDocument, { fetchPolicy: 'cache-first' }).data?.viewer ?? null
