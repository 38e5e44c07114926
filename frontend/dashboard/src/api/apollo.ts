/** Apollo Client over HTTP and the socket; see docs/clients.md. */
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import type { Client as Socket } from 'graphql-ws'
import { from, mergeMap } from 'rxjs'
import { openCache } from './cache'
import type { Connection } from './connection'
import { isTokenEnded, type Session } from './session'

export function openApollo(session: Session, socket: Socket, connection: Connection) {
  const withToken = new SetContextLink(async ({ headers }) => {
    if (session.token() === null) return {} // before sign-in
    const token = await session.freshToken()
    return { token, person: session.person(), headers: { ...headers, Authorization: `Bearer ${token}` } }
  })
  const onceMore = new ErrorLink(({ error, operation, forward }) => {
    const { token, person } = operation.getContext() as { token?: string; person?: string }
    if (!token || person !== session.person() || !CombinedGraphQLErrors.is(error) || !isTokenEnded(error.errors)) return undefined
    return from(session.freshToken(token)).pipe(mergeMap(() => forward(operation)))
  })
  const overHttp = new HttpLink({ uri: session.endpoint, fetch: connection.fetch })
  const http = ApolloLink.from([onceMore, withToken, overHttp])
  const link = ApolloLink.split(({ operationType }) => operationType === 'subscription', new GraphQLWsLink(socket), http)
  return new ApolloClient({
    link,
    cache: openCache(),
    defaultOptions: { watchQuery: { fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' } },
  })
}
