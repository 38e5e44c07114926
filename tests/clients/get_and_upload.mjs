// Clients as they are installed, with nothing but a token: urql and graphql-request by GET, apollo-upload-client's form.
// Prints what each got, and which requests it made, as JSON. The options:
//   url, token    of the server's GraphQL, and of who asks
import { ApolloClient, InMemoryCache, gql } from '@apollo/client'
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs'
import { Client, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'

const { url, token } = JSON.parse(process.argv[2])
const Authorization = `Bearer ${token}`
const OWN = ['apollo-require-preflight', 'x-apollo-operation-name', 'graphql-require-preflight']
const QUERY = 'query Me { viewer { username } }'
const UPLOAD = 'mutation Send($file: FileUpload!) { uploadFile(file: $file) { filename size status } }'
let requests = []

async function watched(address, request) {
  const headers = new Headers(request.headers)
  requests.push({
    method: request.method ?? 'GET',
    own: OWN.filter(name => headers.has(name)),
    isForm: request.body instanceof FormData,
  })
  return await fetch(address, request)
}

async function seen(work) {
  requests = []
  const result = await work().catch(error => ({ error: String(error) }))
  return { result, requests }
}

const urql = new Client({ url, exchanges: [fetchExchange], fetch: watched, fetchOptions: { headers: { Authorization } } })
const request = new GraphQLClient(url, { method: 'GET', headers: { Authorization }, fetch: watched })
const apollo = new ApolloClient({
  link: new UploadHttpLink({ uri: url, headers: { Authorization }, fetch: watched }),
  cache: new InMemoryCache(),
})
const file = new File(['Name,Email\n'], 'leads.csv', { type: 'text/csv' })

const outcome = {
  urql: await seen(async () => {
    const { data, error } = await urql.query(QUERY, {}).toPromise()
    return error ? { error: String(error) } : data
  }),
  graphqlRequest: await seen(() => request.request(QUERY)),
  apolloUpload: await seen(async () => (await apollo.mutate({ mutation: gql(UPLOAD), variables: { file } })).data),
}
process.stdout.write(JSON.stringify(outcome), () => process.exit())
